"""``pytest docs/``: the same snippets, ids and outcomes as ``kb run``, however they are asked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from tests.terminal import PYTEST_ALONE, run_kb

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


def pytest_in(folder: Path, *words: str, plugins: Mapping[str, str] = PYTEST_ALONE) -> tuple[int, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    environment = {**clean, **plugins}
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def verdicts(text: str) -> dict[str, str]:
    """Outcome by id, from the lines of ``-v``, with xdist or without."""
    plain = re.findall(r"^(docs/\S+\.md::\S+) (PASSED|FAILED|SKIPPED)", text, re.MULTILINE)
    spread = re.findall(r"^\[gw\d\] \[ *\d+%\] (PASSED|FAILED|SKIPPED) (docs/\S+\.md::\S+)", text, re.MULTILINE)
    return {**dict(plain), **{id: verdict for verdict, id in spread}}


def test_every_snippet_is_an_item_with_its_id(project: Path) -> None:
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", plugins={})  # found by its entry point
    assert verdicts(text) == IDS
    assert code == 1
    assert f"docs/topics/Autograd.md:{RAISES}: ValueError: no" in text
    assert 'raise ValueError("no")' in text
    assert "FAILED docs/topics/Autograd.md::bad[cpu] - ValueError: no" in text
    assert "INTERNALERROR" not in text
    assert not list(project.rglob("left"))
    told = json.loads(run_kb(["run", "--device", "cpu", "--format", "json"], cwd=project).stdout)["outcomes"]
    as_pytest = {"blocked": "SKIPPED"}
    assert {f"docs/{o['id']}": as_pytest.get(o["outcome"], o["outcome"].upper()) for o in told} == IDS


def test_xdist_gives_the_same(project: Path) -> None:
    code, text = pytest_in(project, "docs", "-v", "--kb-device=cpu", "-n", "2")
    assert verdicts(text) == IDS
    assert code == 1
    assert f"docs/topics/Autograd.md:{RAISES}: ValueError: no" in text


def test_the_results_of_the_last_session_are_stored_too(project: Path) -> None:
    code, text = pytest_in(project, "docs/Other.md", "--kb-device=cpu", "--kb-store", "-n", "1")
    assert code == 0, text
    told = json.loads(run_kb(["run", "Other.md", "--device", "cpu", "--format", "json"], cwd=project).stdout)[
        "outcomes"
    ]
    assert [outcome["cached"] for outcome in told] == [True]


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
        "    heavy = {'torch', 'yaml', 'mkdocs', 'kbtools.vault.page', 'kbtools.run.session', 'kbtools.snippets'}\n"
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
    for worker, page in re.findall(r"^\[(gw\d)\] .* (docs/\S+\.md)::", text, re.MULTILINE):
        workers.setdefault(page, set()).add(worker)
    assert len(workers) == 8
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
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    environment = {**clean, **PYTEST_ALONE}
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
        assert last.endswith("['kbtools', 'kbtools.adapters', 'kbtools.adapters.pytest_plugin', 'kbtools.errors']"), (
            words,
            done.stdout[-2000:],
        )


def test_pytest_rewrites_no_assertions_of_kb() -> None:
    """Those of all its modules, since one of them is a plugin: hundreds, again in each process."""
    import kbtools.run.session
    import kbtools.vault.page

    for module in (kbtools.run.session, kbtools.vault.page):
        assert type(module.__loader__) is SourceFileLoader


def test_what_is_accepted_fails_neither_here_nor_with_kb_run(project: Path) -> None:
    """By the baseline, or by a comment on the page; and it is never told as passed."""
    assert run_kb(["run", "--device", "cpu"], project).returncode == 1
    assert run_kb(["baseline", "--device", "cpu"], project).returncode == 0
    page = project / "docs" / "Ignored.md"
    page.write_text(
        '<!-- kb: ignore[failing-snippet] -->\n```python {#odd}\nraise ValueError("odd")\n```\n', encoding="utf-8"
    )
    assert run_kb(["run", "--device", "cpu"], project).returncode == 0
    code, said = pytest_in(project, "docs", "-rx", "--xfail-tb", "--kb-device", "cpu")
    assert code == 0, said
    assert f"docs/topics/Autograd.md:{RAISES}: ValueError: no" in said
    assert "pytest_plugin.py" not in said, "the failure of the page, not the way that it is told"
    assert re.search(r"XFAIL docs/topics/Autograd\.md::bad\[cpu\] - fails, known since \d{4}-\d\d-\d\d", said)
    assert "XFAIL docs/Ignored.md::odd[cpu] - failing-snippet is not reported here" in said
    (project / "kb-baseline.json").unlink()
    assert run_kb(["run", "--device", "cpu"], project).returncode == 1
    assert pytest_in(project, "docs", "--kb-device", "cpu")[0] == 1
