"""``pytest docs/`` and what ``kb run`` does with pytest: the same snippets, ids and outcomes, however asked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import kbtools.page
from kbtools.config import find_project, foreign_vault
from kbtools.errors import KbError
from kbtools.execution.job import DeviceRequest
from kbtools.execution.outcomes import Outcome, Status
from kbtools.execution.plan import plan
from kbtools.execution.pytest_run import RunOptions, run_with_pytest

PAGE = """# Autograd

```python {#start}
x = [1]
print("hello")  # hello
```

!!! note

    ```python {#append}
    x.append(2)
    ```

```python {#show}
print(x)  # [1, 2]
```

```python {#bad}
def f():
    raise ValueError("no")
f()
```

```python {#needs-f}
f()
```

```python {#gpu device="cuda"}
g = 1
```

```python {#after-gpu}
print(g)
```
"""
OTHER = "# Other\n\n```python {#count}\nopen('left', 'w').close()\nprint(len('ab') > 0)  # True\n```\n"
RAISES = PAGE.split("\n").index('    raise ValueError("no")') + 1
IDS = {
    "docs/Other.md::count[cpu]": "PASSED",
    "docs/topics/Autograd.md::start[cpu]": "PASSED",
    "docs/topics/Autograd.md::append[cpu]": "PASSED",
    "docs/topics/Autograd.md::show[cpu]": "PASSED",
    "docs/topics/Autograd.md::bad[cpu]": "FAILED",
    "docs/topics/Autograd.md::needs-f[cpu]": "SKIPPED",
    "docs/topics/Autograd.md::gpu[cuda]": "SKIPPED",
    "docs/topics/Autograd.md::after-gpu[cpu]": "SKIPPED",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs/topics").mkdir(parents=True)
    (tmp_path / "kb.toml").write_text('docs = "docs"\n')
    (tmp_path / "docs/topics/Autograd.md").write_text(PAGE)
    (tmp_path / "docs/Other.md").write_text(OTHER)
    return tmp_path


def pytest_in(folder: Path, *words: str) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def verdicts(text: str) -> dict[str, str]:
    """Outcome by id, from the lines of ``-v``, with xdist or without."""
    plain = re.findall(r"^(docs/\S+\.md::\S+) (PASSED|FAILED|SKIPPED)", text, re.MULTILINE)
    spread = re.findall(r"^\[gw\d\] \[ *\d+%\] (PASSED|FAILED|SKIPPED) (docs/\S+\.md::\S+)", text, re.MULTILINE)
    return {**dict(plain), **{id: verdict for verdict, id in spread}}


def by_id(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.id: outcome.outcome.value for outcome in outcomes}


def test_every_snippet_is_an_item_with_its_id(project: Path) -> None:
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu")
    assert verdicts(text) == IDS
    assert code == 1
    assert f"docs/topics/Autograd.md:{RAISES}: ValueError: no" in text
    assert 'raise ValueError("no")' in text
    assert "FAILED docs/topics/Autograd.md::bad[cpu] - ValueError: no" in text
    assert "INTERNALERROR" not in text
    assert not list(project.rglob("left"))


def test_xdist_gives_the_same(project: Path) -> None:
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", "-n", "2")
    assert verdicts(text) == IDS
    assert code == 1
    assert f"docs/topics/Autograd.md:{RAISES}: ValueError: no" in text


@pytest.mark.parametrize("order", ["reversed(items)", "sorted(items, key=lambda i: hash(i.name + 'salt'))"])
def test_any_order_gives_the_same(project: Path, order: str) -> None:
    hook = f"def pytest_collection_modifyitems(items):\n    items[:] = list({order})\n"
    (project / "conftest.py").write_text(hook)
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu")
    assert verdicts(text) == IDS
    assert code == 1


def test_a_later_snippet_alone_has_what_the_earlier_ones_made(project: Path) -> None:
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", "-k", "show")
    assert verdicts(text) == {"docs/topics/Autograd.md::show[cpu]": "PASSED"}
    assert code == 0
    code, text = pytest_in(project, "docs/topics/Autograd.md::show", "-v", "--kb-device=cpu")
    assert verdicts(text) == {"docs/topics/Autograd.md::show[cpu]": "PASSED"}


def test_last_failed_and_stop_at_first(project: Path) -> None:
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", "-x")
    assert list(verdicts(text).values()) == ["PASSED"] * 4 + ["FAILED"]
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", "--lf")
    assert verdicts(text) == {"docs/topics/Autograd.md::bad[cpu]": "FAILED"}
    assert code == 1


def test_junit_file_names_pages_and_reasons(project: Path) -> None:
    pytest_in(project, "docs", "--kb-device=cpu", "--junitxml=out.xml")
    cases = {case.get("name"): case for case in ET.parse(project / "out.xml").iter("testcase")}
    assert set(cases) == {id.partition("::")[2] for id in IDS}
    assert cases["bad[cpu]"].find("failure") is not None
    skipped = cases["needs-f[cpu]"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "blocked: needs f from #bad, which failed"


def test_python_tests_are_untouched_where_there_is_no_wiki(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("```python\nraise SystemExit\n```\n")
    (tmp_path / "test_a.py").write_text(
        "import sys\ndef test_a():\n"
        "    heavy = {'torch', 'yaml', 'mkdocs', 'kbtools.page', 'kbtools.execution.session', 'kbtools.snippets'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    code, text = pytest_in(tmp_path, "-v", "-n", "0")
    assert (code, "1 passed" in text) == (0, True), text


def test_pages_of_a_bare_mkdocs_project_are_tests_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    (tmp_path / "docs/Other.md").write_text(OTHER)
    assert pytest_in(tmp_path, "--collect-only", "-q")[0] == 5
    assert "docs/Other.md::count[cpu]" in pytest_in(tmp_path, "docs", "--collect-only", "-q")[1]


def test_a_configuration_that_cannot_be_read_ends_pytest_with_the_reason(project: Path) -> None:
    (project / "kb.toml").write_text("docz = 1\n")
    code, text = pytest_in(project, "docs")
    assert code == 4
    assert "docz" in text
    (project / "kb.toml").write_text('docs = "docs"\n')
    code, text = pytest_in(project, "docs", "--kb-device=gpu")
    assert (code, 'no device is called "gpu"' in text) == (4, True)
    code, text = pytest_in(project, "docs", "--kb-sandbox=tight")
    assert (code, "one of default, require, strict, off" in text) == (4, True)


def test_run_with_pytest_is_the_same_with_and_without_xdist(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = find_project(project)
    seen: list[str] = []
    alone = run_with_pytest(found, RunOptions(device="cpu"), on_outcome=lambda o: seen.append(o.id))
    spread = run_with_pytest(found, RunOptions(device="cpu", workers=2))
    blocked = ("docs/topics/Autograd.md::needs-f[cpu]", "docs/topics/Autograd.md::after-gpu[cpu]")
    expected = {id: "blocked" if id in blocked else verdict.lower() for id, verdict in IDS.items()}
    assert {f"docs/{id}": status for id, status in by_id(alone).items()} == expected
    assert by_id(alone) == by_id(spread)
    assert [o.id for o in alone] == [o.id for o in spread], "in the same order"
    assert sorted(seen) == sorted(o.id for o in alone)
    assert [(o.message, o.reason, o.stdout, o.traceback_line) for o in alone] == [
        (o.message, o.reason, o.stdout, o.traceback_line) for o in spread
    ]
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux")
def test_sessions_run_ahead_are_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_project(project)
    alone = run_with_pytest(found, RunOptions(device="cpu"))
    monkeypatch.setitem(sys.modules, "xdist.plugin", None)  # importing it fails
    seen: list[str] = []
    ahead = RunOptions(device="cpu", workers=2, preload=())
    spread = run_with_pytest(found, ahead, on_outcome=lambda o: seen.append(o.id))
    told = [(o.id, o.outcome, o.message, o.reason, o.stdout, o.traceback_line) for o in alone]
    assert told == [(o.id, o.outcome, o.message, o.reason, o.stdout, o.traceback_line) for o in spread]
    assert sorted(seen) == sorted(o.id for o in alone)


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux")
def test_sessions_run_ahead_run_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "wiki").mkdir()
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    # Each waits until the other has been: one after the other they would wait for ever.
    for me, other in (("a", "b"), ("b", "a")):
        code = (
            "import time\nfrom pathlib import Path\n\n"
            f'Path("/dev/shm/kb-{tmp_path.name}-{me}").touch()\n'
            f'while not Path("/dev/shm/kb-{tmp_path.name}-{other}").exists():\n    time.sleep(0.01)\n'
        )
        (tmp_path / "wiki" / f"{me}.md").write_text(f'# {me}\n\n```python {{ timeout="20" }}\n{code}```\n')
    try:
        told = by_id(run_with_pytest(find_project(tmp_path), RunOptions(device="cpu", workers=2, preload=())))
        assert set(told.values()) == {"passed"}
        assert len(told) == 2
    finally:
        for me in "ab":
            Path(f"/dev/shm/kb-{tmp_path.name}-{me}").unlink(missing_ok=True)


def test_run_with_pytest_takes_nothing_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = "raise SystemExit('ran')\n"
    for name in ("conftest.py", "test_x.py", "build/conftest.py", "sitecustomize.py", "pytest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(bomb)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    for name in ("build/A[1] b.md", ".hidden/B.md", "가.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("```python {#a}\nprint(1)  # 1\n```\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "node_modules/cache"))
    monkeypatch.chdir(tmp_path)
    before = {f for f in tmp_path.rglob("*") if "node_modules" not in f.parts}
    vault = foreign_vault(tmp_path)
    for workers in (1, 2):
        outcomes = by_id(run_with_pytest(vault, RunOptions(device="cpu", workers=workers)))
        assert outcomes == dict.fromkeys((".hidden/B.md::a[cpu]", "build/A[1] b.md::a[cpu]", "가.md::a[cpu]"), "passed")
    assert {f for f in tmp_path.rglob("*") if "node_modules" not in f.parts} == before
    one = run_with_pytest(vault, RunOptions(("build/A[1] b.md::a[cpu]",), device="cpu"))
    assert list(by_id(one)) == ["build/A[1] b.md::a[cpu]"]
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option"


def test_selection_by_page_folder_and_id(project: Path) -> None:
    found = find_project(project)

    def ids(*selection: str) -> list[str]:
        return [o.id for o in run_with_pytest(found, RunOptions(selection, device="cpu"))]

    assert ids("Other.md") == ["Other.md::count[cpu]"]
    assert len(ids("topics")) == 7
    assert ids("topics/Autograd.md::show") == ["topics/Autograd.md::show[cpu]"]
    assert ids("topics/Autograd.md::show[cpu]", "Other.md") == ["Other.md::count[cpu]", "topics/Autograd.md::show[cpu]"]
    assert ids("topics/Autograd.md::sho") == []


def test_what_passed_is_taken_over_until_text_or_failure_speaks_against_it(project: Path) -> None:
    found = find_project(project)
    options = RunOptions(device="cpu", cached=True)

    def cached() -> dict[str, bool]:
        return {o.id: o.cached for o in run_with_pytest(found, options)}

    assert not any(cached().values())
    again = cached()
    assert again.pop("Other.md::count[cpu]")
    assert not any(again.values()), "a session with a failure runs again as a whole"
    file = project / "docs/Other.md"
    file.write_text(file.read_text().replace("> 0)", "> -1)"))
    assert cached()["Other.md::count[cpu]"] is False
    assert cached()["Other.md::count[cpu]"] is True


def test_a_required_device_that_is_missing_is_an_error(project: Path) -> None:
    outcomes = run_with_pytest(find_project(project), RunOptions(required=("mps",), workers=1))
    missing = [o for o in outcomes if o.device == "mps"]
    assert {o.outcome for o in missing} <= {Status.ERROR, Status.PASSED, Status.FAILED, Status.BLOCKED}
    if sys.platform != "darwin":
        assert {(o.outcome, o.reason) for o in missing} == {(Status.ERROR, "no MPS device here")}
    with pytest.raises(KbError, match='no device is called "gpu"'):
        run_with_pytest(find_project(project), RunOptions(device="gpu"))


def test_a_failure_shows_the_pages_own_lines_and_how_the_output_differs(project: Path) -> None:
    (project / "docs/Diff.md").write_text(
        "# Diff\n\n> ```python {#wrong}\n> a = 1\n> print(a)\n> ```\n>\n> ```output\n> 2\n> ```\n"
    )
    code, text = pytest_in(project, "docs/Diff.md", "docs/topics", "--kb-device=cpu")
    assert code == 1
    page = PAGE.split("\n")
    for number in (RAISES - 1, RAISES, RAISES + 1):
        mark = ">" if number == RAISES else " "
        assert f"{mark} {number:>5} | {page[number - 1]}" in text
    assert "expected: 2" in text.replace("  ", " ")
    assert "Diff.md:" in text


def test_items_know_their_page_and_line(project: Path) -> None:
    pytest_in(project, "docs", "--kb-device=cpu", "--junitxml=out.xml", "-o", "junit_family=xunit1")
    cases = {case.get("name"): case for case in ET.parse(project / "out.xml").iter("testcase")}
    assert cases["bad[cpu]"].get("file") == "docs/topics/Autograd.md"
    assert int(cases["bad[cpu]"].get("line") or 0) + 1 == PAGE.split("\n").index("```python {#bad}") + 1


def test_a_session_stays_on_one_worker(project: Path) -> None:
    for n in range(6):
        (project / f"docs/P{n}.md").write_text(
            "".join(f"```python {{#s{k}}}\nx{k} = {'x' + str(k - 1) if k else 0}\n```\n\n" for k in range(4))
        )
    _, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", "-n", "2")
    workers: dict[str, set[str]] = {}
    for worker, page in re.findall(r"^\[(gw\d)\] .* (docs/P\d\.md)::", text, re.MULTILINE):
        workers.setdefault(page, set()).add(worker)
    assert len(workers) == 6
    assert all(len(names) == 1 for names in workers.values()), workers
    assert len(set().union(*workers.values())) == 2, "and pages are spread"


def test_nothing_of_kb_is_imported_where_there_is_no_wiki(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    (tmp_path / "README.md").write_text("```python\n1 / 0\n```\n")
    (tmp_path / "test_a.py").write_text("def test_a():\n    pass\n")
    code = (
        "import sys, pytest\n"
        "code = pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]])\n"
        "print(int(code), sorted(m for m in sys.modules if m.startswith('kbtools')))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    for words in ([], ["-n", "1"], ["README.md", "test_a.py"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        last = done.stdout.strip().split("\n")[-1]
        assert last.endswith("['kbtools', 'kbtools.pytest_plugin']"), (words, done.stdout[-2000:])


def test_a_plan_that_is_given_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    text = "# P\n\n```python { #given }\nprint('as planned')\n```\n\n```python { #other }\nx = 1\n```\n"
    (tmp_path / "wiki" / "P.md").write_text(text)
    found = find_project(tmp_path)
    snippets = kbtools.page.decode("P.md", text.encode()).snippets
    jobs = {"P.md": plan("P.md", snippets, DeviceRequest(("cpu",)), {"cpu": 1})}
    made: list[str] = []
    monkeypatch.setattr(kbtools.page, "decode", lambda path, data: made.append(path))
    options = RunOptions(("P.md::given",), device="cpu", preload=(), jobs=jobs)
    (outcome,) = run_with_pytest(found, options)
    assert (outcome.id, outcome.outcome.value, outcome.stdout) == ("P.md::given[cpu]", "passed", "as planned\n")
    assert made == []
