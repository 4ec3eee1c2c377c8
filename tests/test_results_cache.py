"""What is answered from the store, and what runs: a result holds while nothing has changed that decides it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools import cli
from kbtools.adapters.testing import jobs_of
from kbtools.run.devices import probe as devices
from kbtools.run.job import ANY, DeviceRequest, Job, Limits, RunOptions
from kbtools.run.plan import plan
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results import environment, packages
from kbtools.run.results.keys import imported, sources
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.results.store import Store
from kbtools.run.runner import Runner
from kbtools.text.source import Source
from kbtools.vault.page import Page

PAGE = """# Page

Some prose.

```python {#data}
data = [3, 1, 2]
```

```python {#sorted}
print(sorted(data))  # [1, 2, 3]
```

## Use

```python {#grow}
data.append(4)
```

```python {#apart .alone}
print(5)
```
"""


class Cached:
    """Runs texts of one page after one another over the same store."""

    def __init__(self, state: Path, launcher: Launcher) -> None:
        self.state, self.launcher = state, launcher

    def __call__(self, text: str, only: str | None = None, **options: Any) -> dict[str, Outcome]:
        return self.run(jobs_of(text), only, **options)

    def run(self, jobs: tuple[Job, ...], only: str | None = None, **options: Any) -> dict[str, Outcome]:
        runner = Runner(self.state, RunOptions(cached=True, **options), launcher=self.launcher)
        found = runner.run(jobs, None if only is None else lambda _, id: f"::{only}[" in id)
        return {outcome.id.partition("::")[2].rpartition("[")[0]: outcome for outcome in found}


@pytest.fixture
def again(tmp_path: Path, launcher: Launcher) -> Cached:
    return Cached(tmp_path, launcher)


def fresh(outcomes: dict[str, Outcome]) -> list[str]:
    return [name for name, outcome in outcomes.items() if not outcome.cached]


def test_a_session_is_answered_while_it_stands_and_run_as_a_whole_once_it_does_not(again: Cached) -> None:
    assert fresh(again(PAGE)) == ["data", "sorted", "grow", "apart"]
    assert fresh(again(PAGE)) == []
    edited = again(PAGE.replace("data.append(4)", "data.append(5)"))
    assert fresh(edited) == ["data", "sorted", "grow"]
    assert edited["apart"].stdout == "5\n"


def test_prose_ids_and_places_run_nothing(again: Cached) -> None:
    again(PAGE)
    moved = again(PAGE.replace("Some prose.", "Some prose.\n\nAnd more.\n\n```bash\nls\n```"))
    assert fresh(moved) == []
    assert moved["grow"].line == PAGE.split("\n").index("```python {#grow}") + 7
    assert fresh(again(PAGE.replace("{#grow}", "{#called}"))) == []
    assert fresh(again(PAGE.replace("{#grow}", "{#grow .hidden}"))) == []


def test_one_snippet_alone_runs_what_stands_before_it_and_nothing_behind(again: Cached) -> None:
    assert list(again(PAGE, only="sorted")) == ["sorted"]
    assert fresh(again(PAGE, only="sorted")) == []
    assert fresh(again(PAGE, only="data")) == [], "it has run too, and is kept"
    assert fresh(again(PAGE, only="grow")) == ["grow"]


def test_what_tells_its_line_is_run_again_when_it_moves(again: Cached) -> None:
    page = "```python {#here}\nimport inspect\nprint(inspect.currentframe().f_lineno)\n```\n"
    assert again(page)["here"].stdout == "3\n"
    assert again("Prose.\n\n" + page)["here"].stdout == "5\n"
    told = '```python {#warned}\nprint(compile("1", "Page.md", "eval").co_filename)\n```\n'
    again(told)
    assert fresh(again("\n" + told)) == ["warned"], "what it printed names the page"
    called = (
        "```python {#def}\nimport sys\ndef here():\n    return sys._getframe(1).f_lineno\n```\n\n"
        "{}```python {#call}\nprint(here())\n```\n"
    )
    assert again(called.replace("{}", ""))["call"].stdout == "8\n"
    assert again(called.replace("{}", "Prose.\n\n"))["call"].stdout == "10\n"


def test_failures_and_what_stands_behind_them_are_never_answered(again: Cached) -> None:
    bad = PAGE.replace("# [1, 2, 3]", "# [1, 2]")
    assert again(bad)["sorted"].outcome is Status.FAILED
    assert fresh(again(bad)) == ["data", "sorted", "grow"]
    assert fresh(again(bad, only="grow")) == ["grow"]
    assert fresh(again(bad, only="data")) == []


def test_skips_and_what_waits_for_them_need_no_process(again: Cached) -> None:
    page = (
        '```python {#a}\nx = 1\n```\n\n```python {#b requires="no-such-package"}\ny = 2\n```\n\n'
        "```python {#c}\nprint(y)\n```\n\n```python {#d}\nprint(x)  # 1\n```\n"
    )
    snippets = Page.parse(Source("Page.md", page)).snippets
    lack = "no-such-package is not installed"
    jobs = plan("Page.md", snippets, DeviceRequest(), {"cpu": True}, Limits(), unmet=lambda _: lack)
    first, second = again.run(jobs), again.run(jobs)
    assert [o.outcome.value for o in second.values()] == ["passed", "skipped", "blocked", "passed"]
    assert [(o.id, o.outcome, o.reason) for o in second.values()] == [
        (o.id, o.outcome, o.reason) for o in first.values()
    ]
    assert [o.cached for o in second.values()] == [True, False, False, True]


def test_the_network_is_asked_every_time_and_so_is_its_session(again: Cached) -> None:
    page = '```python {#a network="yes"}\nx = 1\n```\n\n```python {#b}\nprint(x)\n```\n'
    again(page)
    assert fresh(again(page)) == ["a", "b"]


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a package": lambda patch: patch.setattr(packages, "versions", lambda imports: {"pluggy": "0"}),
    "torch": lambda patch: patch.setattr(devices, "torch_version", lambda: "0.0.1"),
    "Python": lambda patch: patch.setattr(packages.platform, "python_version", lambda: "2.7"),
    "the system": lambda patch: patch.setattr(devices, "platform_name", lambda: "Plan 9"),
    "kb": lambda patch: patch.setattr("kbtools.__version__", "0.0"),
    "an environment variable": lambda patch: patch.setenv("TORCH_LOGS", "+dynamo"),
    "the locale": lambda patch: patch.setenv("LC_ALL", "ko_KR.UTF-8"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_machine_or_environment_runs_it_again(
    again: Cached, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    page = "```python {#a}\nimport pluggy\n```\n\n```python {#b}\nprint(1)\n```\n"
    again(page)
    assert fresh(again(page)) == []
    CHANGES[change](monkeypatch)
    assert fresh(again(page)) == ["a", "b"]


def test_another_confinement_runs_it_again(again: Cached) -> None:
    again(PAGE)
    assert len(fresh(again(PAGE, sandbox="require"))) == 4
    assert fresh(again(PAGE, sandbox="require")) == []


@pytest.mark.parametrize(
    ("code", "language", "found"),
    [
        ("import os.path, numpy as np", "python", {"os", "numpy"}),
        ("from torch.nn import Linear\nfrom . import own", "python", {"torch"}),
        ("def f():\n    import yaml", "python", {"yaml"}),
        (">>> import yaml\n>>> 1\n1", "pycon", {"yaml"}),
        ("import importlib\nimportlib.import_module('yaml')", "python", {"importlib", ANY}),
        ("exec('import yaml')", "python", {ANY}),
        ("run = eval\nbuiltins.exec('import yaml')", "python", {ANY}),
        ("getattr(__builtins__, 'eval')('yaml')", "python", {ANY}),
        ("frame.eval('a + b')", "python", {ANY}),
        ("import torch\nmodel.eval()\nprint('train', 'eval')", "python", {"torch"}),
        ("import subprocess", "python", {"subprocess", ANY}),
        ("python -c 'import yaml'", "bash", {ANY}),
        ("import (", "python", {ANY}),
        ("x = 1", "python", set()),
    ],
)
def test_what_code_imports(code: str, language: str, found: set[str]) -> None:
    assert imported(code, language) == found


def test_all_that_is_installed_counts_for_code_that_may_import_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    packages._installed.cache_clear()
    before = packages.versions([ANY])
    (tmp_path / "new-1.0.dist-info").mkdir()
    packages._installed.cache_clear()
    after = packages.versions([ANY])
    assert after != before
    (tmp_path / "new-1.0.dist-info").rename(tmp_path / "new-1.1.dist-info")
    packages._installed.cache_clear()
    assert packages.versions([ANY]) not in (before, after)
    packages._installed.cache_clear()


def test_code_that_is_worked_on_in_place_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kb_own_code").mkdir()
    file = tmp_path / "kb_own_code/__init__.py"
    file.write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    packages._sources.cache_clear()
    packages._of_module.cache_clear()
    before = packages.versions(["kb_own_code"])
    file.write_text("x = 22\n")
    packages._sources.cache_clear()
    packages._of_module.cache_clear()
    assert packages.versions(["kb_own_code"]) != before


def test_optimisation_is_off_in_every_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    assert "PYTHONOPTIMIZE" not in environment.worker_environment(1)


# -- keys ------------------------------------------------------------------------------------------------------

FENCES = ("x = 1", "x += 1", "print(x)", "import numpy", "y = [x]")
OPTIONS = ("", 'timeout="7"', 'memory="1GiB"', 'raises="ValueError"', '.skip reason="r"', 'file="m.py"', ".repl")
EDITS = ("code", "option", "remove", "swap", "insert", "expectation")


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[tuple[str, str]], int]:
    """Fences of a session with their options, the same after one edit, and the first position that has changed."""
    fence = st.tuples(st.sampled_from(FENCES), st.sampled_from(OPTIONS))
    before = draw(st.lists(fence, min_size=1, max_size=6))
    at = draw(st.integers(0, len(before) - 1))
    code, option = before[at]
    after = list(before)
    match draw(st.sampled_from(EDITS)):
        case "code":
            after[at] = (draw(st.sampled_from([c for c in FENCES if c != code])), option)
        case "option":
            after[at] = (code, draw(st.sampled_from([o for o in OPTIONS if o != option])))
        case "remove":
            del after[at]
        case "insert":
            after.insert(at, draw(fence))
        case "swap":
            other = draw(st.integers(0, len(before) - 1))
            after[at], after[other] = after[other], after[at]
        case "expectation":
            after[at] = (f"{code}\nprint(x)  #> {draw(st.integers(0, 9))}", option)
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    return before, after, same


def hashes(fences: list[tuple[str, str]], prose: str = "") -> tuple[list[str], list[str]]:
    text = prose + "\n\n".join(f"```python {{#n{n} {option}}}\n{code}\n```" for n, (code, option) in enumerate(fences))
    page = Page.parse(Source("Page.md", text))
    jobs = plan("Page.md", page.snippets, DeviceRequest(("cpu",)), {"cpu": 1})
    return list(sources(page.snippets, {}).values()), [step.key for job in jobs for step in job.steps]


@settings(max_examples=examples(150))
@given(edited())
def test_a_key_covers_all_before_it_in_its_session_and_nothing_else(
    case: tuple[list[tuple[str, str]], list[tuple[str, str]], int],
) -> None:
    before, after, same = case
    for one, other in zip(hashes(before), hashes(after, "# Prose\n\n"), strict=True):
        assert one[:same] == other[:same]
        assert not set(one[same:]) & set(other[same:])


# -- the command -----------------------------------------------------------------------------------------------

WIKI = """# Page

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
    (tmp_path / "wiki" / "Page.md").write_text(WIKI)
    (tmp_path / "wiki" / "sub" / "Other.md").write_text("# Other\n\n```python {#one}\nprint(1)\n```\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    cli.main(["run", "--format", "json", "-n", "1", *words])
    outcomes: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["outcomes"]
    return outcomes


def states(outcomes: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    return [(o["id"], o["outcome"], o["cached"]) for o in outcomes]


def test_a_run_never_imports_pytest_and_one_of_what_has_passed_starts_no_process(wiki: Path) -> None:
    words = ["run", "--format", "json"]
    first = subprocess.run([sys.executable, "-c", _PROBE, *words, "--device", "cpu"], capture_output=True, check=False)
    told = json.loads(first.stderr.decode().strip().split("\n")[-1])
    assert (told["code"], told["slow"]) == (0, []), first.stderr
    assert told["started"], "the probe sees processes"
    again = subprocess.run([sys.executable, "-c", _PROBE, *words, "--device", "cpu"], capture_output=True, check=False)
    assert json.loads(again.stderr.decode().strip().split("\n")[-1]) == {"code": 0, "started": [], "slow": []}
    before, after = (json.loads(done.stdout)["outcomes"] for done in (first, again))
    ran = [o for o in after if o["outcome"] == "passed"]
    assert len(ran) == 3
    assert all(o["cached"] for o in ran)
    assert [{**o, "cached": False} for o in after] == before


def _timeout(wiki: Path, patch: pytest.MonkeyPatch) -> None:
    (wiki / "kb.toml").write_text('docs = "wiki"\nrun.timeout = 7\n')


def _gpu(wiki: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(devices, "available_for", lambda request, python="": {"cpu": 1, "cuda": 1})


@pytest.mark.parametrize("change", [_timeout, _gpu, lambda wiki, patch: patch.setenv("TZ", "Asia/Seoul")])
def test_only_pages_that_changed_are_parsed_and_all_when_something_else_decides(
    wiki: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    import kbtools.vault.page

    parsed: list[str] = []
    decode = kbtools.vault.page.decode
    monkeypatch.setattr(
        kbtools.vault.page, "decode", lambda path, data, policy: (parsed.append(path), decode(path, data))[1]
    )
    first = run(capsys)
    assert parsed == ["Page.md", "sub/Other.md"]
    parsed.clear()
    again = run(capsys)
    assert parsed == []
    assert [{**o, "cached": False} for o in again] == first
    page = wiki / "wiki" / "sub" / "Other.md"
    page.write_text("Prose.\n\n" + page.read_text())
    assert all(o["cached"] for o in run(capsys) if o["outcome"] == "passed")
    assert parsed == ["sub/Other.md"]
    parsed.clear()
    run(capsys)
    assert parsed == [], "what was answered by its key is known for the next time"
    change(wiki, monkeypatch)
    found = run(capsys)
    assert change is _gpu or not any(o["cached"] for o in found)
    assert parsed == ["Page.md", "sub/Other.md"]


def test_a_changed_page_alone_is_run(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


@pytest.mark.parametrize(
    "selection",
    [["Page.md"], ["sub"], ["Page.md::show"], ["Page.md::show[cpu]", "sub/Other.md"], ["."], ["wiki"], ["wiki", "sub"]],
)
def test_a_selection_is_the_same_from_the_store(
    wiki: Path, capsys: pytest.CaptureFixture[str], selection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "." in selection:
        monkeypatch.chdir(wiki / "wiki")
    ran = run(capsys, *selection)
    again = run(capsys, *selection)
    assert [(i, s) for i, s, _ in states(again)] == [(i, s) for i, s, _ in states(ran)]
    assert all(cached for _, state, cached in states(again) if state == "passed")
    assert any(state == "passed" for _, state, _ in states(again))


def test_without_the_cache_everything_runs(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    assert not any(o["cached"] for o in run(capsys, "--no-cache"))


def test_what_was_only_skipped_is_stored_for_the_site_and_written_once(
    wiki: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (wiki / "wiki" / "Gpu.md").write_text('# Gpu\n\n```python {#only device="cuda"}\nx = 1\n```\n')
    assert [o["outcome"] for o in run(capsys, "Gpu.md")] == ["skipped"]
    store = Store(wiki / ".kb")
    assert list(store.read("Gpu.md")) == ["Gpu.md::only[cuda]"]
    written = store.file("Gpu.md").stat().st_mtime_ns
    run(capsys, "Gpu.md")
    assert store.file("Gpu.md").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"version": 99}', b"\xff\xfe", b'{"version":1,"path":"Page.md"}', b"[" * 100_000]
)
def test_a_damaged_store_is_an_empty_one(again: Cached, damage: bytes) -> None:
    store = Store(again.state)
    store.folder.mkdir(parents=True)
    store.file("Page.md").write_bytes(damage)
    assert len(fresh(again(PAGE))) == 4
    assert fresh(again(PAGE)) == []


@pytest.mark.parametrize("left", ["", "# Other\n", None])
def test_a_page_that_is_cut_or_deleted_while_its_snippets_run_is_told_of(
    wiki: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, left: str | None
) -> None:
    from kbtools.cli.running import local

    (wiki / "wiki" / "Page.md").unlink()
    page = wiki / "wiki" / "sub" / "Other.md"
    page.write_text("# Other\n\n```python {#one}\nassert 1 == 2\n```\n")
    run_snippets = local.run_snippets

    def meanwhile(*words: Any) -> local.LocalRun:
        ran = run_snippets(*words)
        page.unlink() if left is None else page.write_text(left)
        return ran

    monkeypatch.setattr(local, "run_snippets", meanwhile)
    assert cli.main(["check", "--select", "failing-snippet", "--format", "concise", "-n", "1"]) == 1
    out, err = capsys.readouterr()
    assert "failing-snippet" in out
    assert "one[cpu]: AssertionError" in out
    assert "1 snippet: 1 failed" in err


def test_jobs_pickle() -> None:
    import pickle

    jobs = jobs_of(PAGE)
    assert pickle.loads(pickle.dumps(jobs)) == jobs
