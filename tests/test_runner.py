"""Running sessions: side by side, selected, interrupted, with results kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of
from kbtools.run.job import RunOptions
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome
from kbtools.run.runner import Runner
from tests.terminal import run_kb
from tests.waiting import LIMIT, alive, until

PAGE = """```python {#start}
x = [1]
print("hello")  # hello
```

```python {#append}
x.append(2)
```

```python {#show}
print(x)  # [1, 2]
```

```python {#bad}
1 / 0
```

```python {#gpu device="cuda"}
g = 1
```

```python {#after-gpu}
print(g)
```

```python {#apart .alone}
print(1)
```
"""
STATES = ["passed", "passed", "passed", "failed", "skipped", "blocked", "passed"]


def told(outcomes: tuple[Outcome, ...]) -> list[tuple[object, ...]]:
    return [(o.id, o.outcome, o.message, o.reason, o.stdout, o.traceback_line) for o in outcomes]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_side_by_side_gives_the_same_in_the_same_order(start: str, launcher: Launcher) -> None:
    jobs = [job for name in ("B.md", "A.md") for job in jobs_of(PAGE, path=name)]
    alone = Runner(launcher=launcher).run(jobs)
    assert [o.path for o in alone] == ["A.md"] * 7 + ["B.md"] * 7
    assert [o.outcome.value for o in alone] == STATES * 2
    seen: list[str] = []
    with closing(Runner(options=RunOptions(workers=3, start=start))) as runner:  # type: ignore[arg-type]
        spread = runner.run(jobs, on_outcome=lambda o: seen.append(o.id))
    assert told(alone) == told(spread)
    assert sorted(seen) == sorted(o.id for o in alone)


def test_steps_run_as_they_are_asked_for_and_no_further(launcher: Launcher, tmp_path: Path) -> None:
    (job,) = jobs_of("".join(f"```python {{#s{n}}}\nprint({n})\n```\n\n" for n in range(4)))
    runner = Runner(tmp_path, launcher=launcher)
    assert runner.store is not None
    with closing(runner.outcomes(job, {"Page.md::s1[cpu]", "Page.md::s2[cpu]"})) as outcomes:  # type: ignore[type-var]
        assert next(outcomes).stdout == "1\n"
    assert list(runner.store.read("Page.md")) == ["Page.md::s0[cpu]", "Page.md::s1[cpu]"]
    assert [o.stdout for o in runner.outcomes(job, {"Page.md::s2[cpu]"})] == ["2\n"]
    assert len(runner.store.read("Page.md")) == 3
    assert list(runner.outcomes(job, ())) == []


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "docs"\n')
    (tmp_path / "docs/topics").mkdir(parents=True)
    (tmp_path / "docs/topics/Page.md").write_text(PAGE)
    (tmp_path / "docs/Other.md").write_text("```python {#one}\nprint(1)\n```\n")
    return tmp_path


def ids(wiki: Path, *words: str) -> list[str]:
    done = run_kb(["run", "--device", "cpu", "--format", "json", *words], cwd=wiki)
    return [o["id"] for o in json.loads(done.stdout)["outcomes"]]


def test_pages_folders_and_ids_can_be_selected(wiki: Path) -> None:
    assert ids(wiki, "docs/Other.md") == ["Other.md::one[cpu]"]
    assert len(ids(wiki, "topics")) == 7
    assert ids(wiki, "topics/Page.md::show") == ["topics/Page.md::show[cpu]"]
    assert ids(wiki, "topics/Page.md::show[cpu]", "Other.md") == ["Other.md::one[cpu]", "topics/Page.md::show[cpu]"]
    done = run_kb(["run", "topics/Page.md::sho"], cwd=wiki)
    assert (done.returncode, 'no snippet "sho"' in done.stderr) == (2, True)


def test_a_required_device_that_is_missing_is_an_error(wiki: Path) -> None:
    done = run_kb(["run", "--require-device", "mps", "--format", "json"], cwd=wiki)
    missing = [o for o in json.loads(done.stdout)["outcomes"] if o["device"] == "mps"]
    if sys.platform != "darwin":
        assert {(o["outcome"], o["reason"]) for o in missing} == {("error", "no MPS device here")}
        assert done.returncode == 1
    wrong = run_kb(["run", "--device", "gpu"], cwd=wiki)
    assert (wrong.returncode, 'no device is called "gpu"' in wrong.stderr) == (2, True)


def test_interrupted_it_ends_at_once_and_leaves_no_process_and_no_result(wiki: Path) -> None:
    marker = f"7{os.getpid()}.5"
    slow = f"import subprocess\nsubprocess.run(['sleep', '{marker}'])"
    pages = [f"Slow{n}.md" for n in range(3)]
    for name in pages:
        (wiki / "docs" / name).write_text(f"```python {{#quick}}\nx = 1\n```\n\n```python {{#slow}}\n{slow}\n```\n")
    running = subprocess.Popen(
        # Started in the background, a process may ignore SIGINT.
        [sys.executable, "-c", KB, "run", "-n", "2", "--device", "cpu", *pages],
        cwd=wiki,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(alive(marker)) == 2)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=LIMIT)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    until(lambda: not alive(marker))
    kept = {id for file in (wiki / ".kb/results").glob("*.json") for id in json.loads(file.read_bytes())["results"]}
    assert kept == {"Slow0.md::quick[cpu]", "Slow1.md::quick[cpu]"}


KB = (
    "import signal, sys, kbtools.cli as c; signal.signal(2, signal.default_int_handler); sys.exit(c.main(sys.argv[1:]))"
)


def test_results_that_cannot_be_kept_are_told_of_once(wiki: Path) -> None:
    (wiki / ".kb").write_text("in the way")
    done = run_kb(["run", "--device", "cpu", "--format", "json"], cwd=wiki)
    assert done.stderr.count("results are not kept") == 1, done.stderr
    assert len(json.loads(done.stdout)["outcomes"]) == 8
