"""A run of what is known already: no pytest, no process, no torch, and the same outcomes as from a real run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kbtools import cli

PAGE = """# Page

```python {#start}
x = [1]
```

```python {#show}
print(x)  # [1]
```

```python {#idle .skip reason="later"}
x = 0
```

```python {#gpu device="cuda"}
x = 1
```
"""

# Whatever starts a process or imports what is slow is told of.
_PROBE = """
import json, os, subprocess, sys
started = []
sys.addaudithook(lambda event, args: started.append(event) if event in ("subprocess.Popen", "os.fork", "os.posix_spawn",
    "os.exec") else None)
from kbtools import cli
code = cli.main(sys.argv[1:])
slow = [m for m in ("torch", "pytest", "_pytest", "xdist", "mkdocs", "multiprocessing") if m in sys.modules]
print(json.dumps({"code": code, "started": started, "slow": slow}), file=sys.stderr)
"""


@pytest.fixture
def wiki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki" / "sub").mkdir(parents=True)
    (tmp_path / "wiki" / "Page.md").write_text(PAGE)
    (tmp_path / "wiki" / "sub" / "Other.md").write_text("# Other\n\n```python {#one}\nprint(1)\n```\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    cli.main(["run", "--format", "json", "-n", "1", *words])
    outcomes: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["outcomes"]
    return outcomes


def states(outcomes: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    return [(o["id"], o["outcome"], o["cached"]) for o in outcomes]


def test_a_run_of_what_has_passed_starts_no_process_and_imports_nothing_slow(wiki: Path) -> None:
    words = ["run", "--format", "json"]
    first = subprocess.run([sys.executable, "-c", _PROBE, *words, "--device", "cpu"], capture_output=True, check=False)
    told = json.loads(first.stderr.decode().strip().split("\n")[-1])
    assert told["code"] == 0, first.stderr
    assert told["started"], "the probe sees processes"
    assert "pytest" in told["slow"], "the probe sees imports"
    again = subprocess.run([sys.executable, "-c", _PROBE, *words, "--device", "cpu"], capture_output=True, check=False)
    assert json.loads(again.stderr.decode().strip().split("\n")[-1]) == {"code": 0, "started": [], "slow": []}
    before, after = (json.loads(done.stdout)["outcomes"] for done in (first, again))
    ran = [o for o in after if o["outcome"] == "passed"]
    assert len(ran) == 3
    assert all(o["cached"] for o in ran)
    assert [{**o, "cached": False} for o in after] == before


def test_prose_runs_nothing_and_a_changed_page_alone_is_run(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    page = wiki / "wiki" / "sub" / "Other.md"
    page.write_text(page.read_text().replace("print(1)", "print(2)"))
    found = run(capsys)
    assert [(o["id"].partition("::")[2], o["outcome"], o["cached"]) for o in found] == [
        ("start[cpu]", "passed", True),
        ("show[cpu]", "passed", True),
        ("idle[cpu]", "skipped", False),
        ("gpu[cuda]", "skipped", False),
        ("one[cpu]", "passed", False),
    ]
    assert found[-1]["stdout"] == "2\n"


def test_a_failure_is_run_again_and_the_rest_of_its_session_with_it(
    wiki: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = wiki / "wiki" / "Page.md"
    page.write_text(PAGE.replace("print(x)  # [1]", "print(x)  # [2]"))
    run(capsys)
    assert [o["outcome"] for o in run(capsys, "Page.md")] == ["passed", "failed", "skipped", "skipped"]
    assert not any(o["cached"] for o in run(capsys, "Page.md"))


@pytest.mark.parametrize(
    "selection",
    [["Page.md"], ["sub"], ["Page.md::show"], ["Page.md::show[cpu]", "sub/Other.md"], ["."], ["wiki"], ["wiki", "sub"]],
)
def test_a_selection_is_the_same_from_the_store(
    wiki: Path, capsys: pytest.CaptureFixture[str], selection: list[str]
) -> None:
    if "." in selection:
        import os

        os.chdir(wiki / "wiki")
    ran = run(capsys, *selection)
    again = run(capsys, *selection)
    assert [(i, s) for i, s, _ in states(again)] == [(i, s) for i, s, _ in states(ran)]
    assert all(cached for _, state, cached in states(again) if state == "passed")
    assert any(state == "passed" for _, state, _ in states(again))


def test_without_the_cache_everything_runs(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    assert not any(o["cached"] for o in run(capsys, "--no-cache"))


def test_what_was_only_skipped_is_stored_for_the_site(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (wiki / "wiki" / "Gpu.md").write_text('# Gpu\n\n```python {#only device="cuda"}\nx = 1\n```\n')
    assert [o["outcome"] for o in run(capsys, "Gpu.md")] == ["skipped"]
    from kbtools.config import find_project
    from kbtools.execution.store import Store

    assert list(Store(find_project(wiki).state).read("Gpu.md")) == ["Gpu.md::only[cuda]"]


@pytest.mark.parametrize("left", ["", "# Other\n", None])
def test_a_page_that_is_cut_or_deleted_while_its_snippets_run_is_told_of(
    wiki: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, left: str | None
) -> None:
    from kbtools.commands.running import here

    (wiki / "wiki" / "Page.md").unlink()
    page = wiki / "wiki" / "sub" / "Other.md"
    page.write_text("# Other\n\n```python {#one}\nassert 1 == 2\n```\n")
    run_snippets = here.run_snippets

    def meanwhile(*words: Any) -> here.Ran:
        ran = run_snippets(*words)
        page.unlink() if left is None else page.write_text(left)
        return ran

    monkeypatch.setattr(here, "run_snippets", meanwhile)
    assert cli.main(["check", "--select", "failing-snippet", "--format", "concise", "-n", "1"]) == 1
    out, err = capsys.readouterr()
    assert "failing-snippet" in out
    assert "one[cpu]: AssertionError" in out
    assert "1 snippet: 1 failed" in err
