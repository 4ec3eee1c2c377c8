"""kb for programs: the example of the guide, and what its functions return."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import kbtools
import kbtools.output
from kbtools.text.diagnostics import Severity

GUIDE = Path(__file__).parent.parent / "docs" / "guide" / "library.md"
HOME = "# Home\n\nSee [[Away]] and [[Nowhere]].\n\n```python {#sum}\nprint(1 + 1)  # 2\n```\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "Home.md").write_text(HOME)
    (tmp_path / "docs" / "Away.md").write_text("# Away\n\nBack to [[Home]].\n")
    (tmp_path / "kb.toml").write_text('docs = "docs"\n')
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: W\nplugins: [kbtools]\nmarkdown_extensions: [pymdownx.superfences]\n"
    )
    return tmp_path


def test_the_example_of_the_guide(project: Path) -> None:
    (code,) = re.findall(r"^```python .*?\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        'Home.md:3:20: error[broken-link] no page is called "Nowhere"',
        "Home.md::sum[cpu] passed",
        "2 pages; Home",
        "nothing was built: errors in the pages (1), the first in Home.md",
    ]


def test_a_site_is_built_once_all_is_proven(project: Path) -> None:
    (project / "docs" / "Home.md").write_text(HOME.replace("[[Nowhere]]", "nowhere"))
    folder = kbtools.build(project)
    assert folder == project / "site"
    assert "passed" in (folder / "Home" / "index.html").read_text(encoding="utf-8")


def test_a_check_with_run_has_what_failed_and_its_outcomes(project: Path) -> None:
    (project / "docs" / "Home.md").write_text(HOME.replace("# 2", "# 3"))
    found = kbtools.check(project, run=True)
    assert [(d.rule, tuple(found.position(d))) for d in found.diagnostics] == [
        ("broken-link", (3, 20)),
        ("failing-snippet", (6, 1)),
    ]
    assert found.snippets == {"cpu": {"failed": 1}}
    assert found.count(Severity.ERROR) == 2
    assert kbtools.check(project).outcomes == ()
    assert "failing-snippet" in "\n".join(kbtools.output.render("sarif", found))


def test_a_folder_without_a_project_is_shown_and_run_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "A.md").write_text("# A\n\n```python\nprint(undefined)\n```\n")
    assert [d.rule for d in kbtools.check(folder).diagnostics] == ["orphan-page"]
    assert kbtools.run(folder) == ()
    assert [o.outcome.value for o in kbtools.run(folder, pages=["A.md"])] == ["failed"]
    assert [*kbtools.Vault.load(folder).pages] == ["A.md"]


def test_what_cannot_be_done_is_an_error_with_a_way_out(project: Path) -> None:
    with pytest.raises(kbtools.KbError, match=r'no page "Nowhere\.md"'):
        kbtools.run(project, pages=["Nowhere.md"])
    (project / "kb.toml").write_text("dcos = 1\n")
    for function in (kbtools.check, kbtools.run, kbtools.Vault.load, kbtools.build):
        with pytest.raises(kbtools.KbError, match="dcos") as raised:
            function(project)
        assert raised.value.hint


def test_the_functions_keep_their_names_beside_the_packages() -> None:
    code = "import kbtools.run.job, kbtools.check.checker as c; print(kbtools.run.job.__name__, kbtools.run, c.check)"
    code += "; print(callable(kbtools.run), callable(kbtools.check))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("kbtools.run.job ")
    assert done.stdout.endswith("True True\n")


def test_orphans_are_counted_where_most_pages_are_orphans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    vault = tmp_path / "vault"
    vault.mkdir()
    for number in range(21):
        (vault / f"{number}.md").write_text("text\n", encoding="utf-8")
    assert kbtools.check(vault).diagnostics == ()
    (vault / "index.md").write_text("".join(f"[[{number}]]\n" for number in range(20)), encoding="utf-8")
    assert [(d.rule, d.path) for d in kbtools.check(vault).diagnostics] == [("orphan-page", "20.md")]
