"""``kb cache``, ``kb run --paranoid``, and a store that many write to at once and that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kbtools import cli
from kbtools.config.project import find_project
from kbtools.run.results.store import Store
from tests.waiting import LIMIT

PAGE = "# Page\n\n```python {#one}\nx = [1]\nprint(x)\n```\n\n```python {#two}\nx.append(2)\nprint(x)\n```\n"


@pytest.fixture
def wiki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki/Page.md").write_text(PAGE)
    (tmp_path / "wiki/Other.md").write_text(PAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kb(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(list(words))
    told = capsys.readouterr()
    return code, told.out, told.err


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]], str]:
    code, out, err = kb(capsys, "run", "--device", "cpu", "-n", "1", "--format", "json", *words)
    return code, json.loads(out)["outcomes"], err


def held(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    code, out, _ = kb(capsys, "cache", *words, "--format", "json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_cache_is_counted_and_what_nobody_needs_goes(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    found = held(capsys)
    assert (found["pages"], found["results"]) == (2, 4)
    assert found["result_bytes"] > 500
    assert "4 results of 2 pages" in kb(capsys, "cache")[1]
    (wiki / "wiki/Other.md").unlink()
    unfinished = wiki / ".kb/results/.new-left"
    unfinished.write_text("{")
    os.utime(unfinished, (time.time() - 7200,) * 2)
    assert held(capsys, "prune")["results"] == 2
    assert not unfinished.exists()
    assert held(capsys)["results"] == 2
    assert all(o["cached"] for o in run(capsys)[1])


def test_what_is_older_goes_too(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    file = Store(find_project(wiki).state).file("Page.md")
    data = json.loads(file.read_bytes())
    data["results"]["Page.md::two[cpu]"]["date"] = "2020-01-01T00:00:00+00:00"
    file.write_text(json.dumps(data))
    compiled = wiki / ".kb/cache/inductor/a/b.py"
    compiled.parent.mkdir(parents=True, exist_ok=True)
    compiled.write_text("old")
    os.utime(compiled, (1, 1))
    assert held(capsys, "prune")["results"] == 0
    gone = held(capsys, "prune", "--older-than", "30d")
    assert (gone["results"], gone["compiled_files"]) == (1, 1)
    assert not compiled.parent.exists()
    assert [(o["id"], o["cached"]) for o in run(capsys, "Page.md")[1]] == [
        ("Page.md::one[cpu]", False),
        ("Page.md::two[cpu]", False),
    ]


@pytest.mark.parametrize("words", [["prune", "--older-than", "soon"], ["--older-than", "3d"], ["clean"]])
def test_what_cannot_be_meant_is_refused(wiki: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert kb(capsys, "cache", *words)[0] == 2


def test_a_paranoid_run_finds_a_stored_result_that_is_not_true(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    code, outcomes, err = run(capsys, "--paranoid=100%")
    assert code == 0
    assert "4 stored results of 2 pages run again, all as stored" in err
    assert not any(o["cached"] for o in outcomes)
    file = Store(find_project(wiki).state).file("Page.md")
    file.write_bytes(file.read_bytes().replace(b"[1, 2]", b"[1, 3]"))
    assert run(capsys)[1][-1]["stdout"] == "[1, 3]\n", "believed, unless it is doubted"
    code, outcomes, err = run(capsys, "--paranoid=100%")
    assert code == 1
    (wrong,) = [o for o in outcomes if o["outcome"] == "error"]
    assert wrong["id"] == "Page.md::two[cpu]"
    assert "[1, 3]" in wrong["message"]
    assert "[1, 2]" in wrong["message"]
    assert "1 wrong" in err
    assert run(capsys, "--paranoid=100%")[0] == 0, "the fresh result has taken its place"


def test_a_paranoid_run_knows_what_changes_by_itself(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (wiki / "wiki/Time.md").write_text("```python {#now}\nimport time\nprint(time.time_ns())\n```\n")
    run(capsys, "Time.md")
    code, _, err = run(capsys, "Time.md", "--paranoid=100%")
    assert code == 0
    assert "Time.md::now[cpu] prints something else at every run" in err


def test_a_paranoid_run_takes_a_sample(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    _, outcomes, err = run(capsys, "--paranoid")
    assert sum(o["cached"] for o in outcomes) == 2
    assert "2 stored results of 1 page run again" in err
    assert "nothing was taken from the store" in run(capsys, "--paranoid", "--no-cache")[2]
    assert kb(capsys, "run", "--paranoid=0%")[0] == 2
    assert kb(capsys, "run", "--paranoid=x")[0] == 2


_WRITER = """
import sys
from pathlib import Path
from dataclasses import replace
from kbtools.run.results.store import Store
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.adapters.testing import jobs_of
store, name, count = Store(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
page = "".join(f"```python {{#{name}{n} session=\\"{name}\\"}}\\nx = {n}\\n```\\n\\n" for n in range(40))
(job,) = jobs_of(page)
print("ready", flush=True)
for n in range(count):
    store.save(job, [Outcome(s.id, "Page.md", s.line, "cpu", Status.PASSED, stdout="x" * 2000) for s in job.steps])
    store.answer(job, [s.id for s in job.steps])
"""


def writer(state: Path, name: str, count: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", _WRITER, str(state), name, str(count)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_writers_side_by_side_lose_nothing_and_a_killed_one_harms_nothing(tmp_path: Path) -> None:
    running = [writer(tmp_path, name, 15) for name in ("a", "b")]
    killed = [writer(tmp_path, name, 10_000) for name in ("c", "d")]
    for at, process in enumerate(killed):
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 + 0.11 * at)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for process in running:
        assert process.wait(LIMIT) == 0
    store = Store(tmp_path)
    json.loads(store.file("Page.md").read_bytes())
    jobs = {result.job for result in store.read("Page.md").values()}
    assert {"Page.md::a[cpu]", "Page.md::b[cpu]"} <= jobs
    assert sum(result.job == "Page.md::a[cpu]" for result in store.read("Page.md").values()) == 40
    late = writer(tmp_path, "e", 1)
    assert late.wait(LIMIT) == 0, "no lock is left behind"
    for process in (*running, *killed, late):
        assert process.stdout is not None
        process.stdout.close()
