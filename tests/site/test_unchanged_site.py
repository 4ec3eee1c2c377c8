"""A build where nothing has changed since the last one: it says so, and does not import MkDocs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_site import CONFIG, make, store, topic

from kbtools.cli import main
from kbtools.config.project import Project, find_project

UNCHANGED = "nothing changed, "
PAGES = {
    "index.md": "# Home\n\nBegin with [[Tensor]].\n",
    "topics/Tensor.md": topic("Tensor", "A grid of numbers.\n\n![](plan.txt)\n\n```python\nprint(1)\n```\n"),
    "topics/plan.txt": "first\n",
}
MKDOCS = CONFIG.replace(
    "site_name: 작은 위키\n", "INHERIT: base.yml\nsite_description: !ENV [KB_TOLD, none]\n"
).replace("  name: material\n", "  name: material\n  custom_dir: overrides\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides/main.html").write_text('{% extends "base.html" %}', encoding="utf-8")
    (tmp_path / "base.yml").write_text("site_name: 작은 위키\n", encoding="utf-8")
    make(tmp_path, PAGES, MKDOCS)
    (tmp_path / "kb.toml").write_text('docs = "docs"\n', encoding="utf-8")
    made = find_project(tmp_path)
    store(made)
    return made


def build(project: Project, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["build", "--no-run", "--root", str(project.root), *options]) == 0
    return capsys.readouterr().err


def add(project: Project, path: str, text: str) -> None:
    with (project.root / path).open("a", encoding="utf-8") as file:
        file.write(text)


Edit = Callable[[Project], object]
EDITS: dict[str, Edit] = {
    "a page": lambda p: add(p, "docs/topics/Tensor.md", "\nMore.\n"),
    "a new page": lambda p: add(p, "docs/topics/New.md", topic("New", "[[Tensor]]")),
    "an attachment": lambda p: add(p, "docs/topics/plan.txt", "second\n"),
    "a result": lambda p: store(p, tensor={"stdout": "2\n"}),
    "the configuration of kb": lambda p: add(p, "kb.toml", "stale_after = 100\n"),
    "mkdocs.yml": lambda p: add(p, "mkdocs.yml", "copyright: nobody\n"),
    "what it inherits from": lambda p: add(p, "base.yml", "site_author: somebody\n"),
    "a template": lambda p: add(p, "overrides/main.html", "{% block announce %}<hr>{% endblock %}"),
    "a file of the site": lambda p: add(p, "site/index.html", "<hr>"),
    "a file of the site that is gone": lambda p: (p.root / "site/index.html").unlink(),
    "a file in the site that is not of it": lambda p: add(p, "site/new.html", "<hr>"),
}


def test_only_a_build_where_nothing_has_changed_is_spared(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert UNCHANGED not in build(project, capsys)
    assert UNCHANGED in build(project, capsys)
    for what, edit in EDITS.items():
        edit(project)
        assert UNCHANGED not in build(project, capsys), what
    assert UNCHANGED in build(project, capsys)
    monkeypatch.setenv("KB_TOLD", "an environment variable that mkdocs.yml names")
    assert UNCHANGED not in build(project, capsys)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert UNCHANGED not in build(project, capsys)
    assert UNCHANGED not in build(project, capsys, "--paranoid")
    assert UNCHANGED in build(project, capsys)


def test_it_imports_no_builder(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    build(project, capsys)
    script = f"""
import sys
from kbtools.cli import main
code = main(["build", "--no-run", "--root", {str(project.root)!r}])
print(code, *sorted({{"mkdocs", "markdown", "jinja2", "kbtools.site.build"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "0\n", done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("mkdocs.yml", "  - kbtools\nmarkdown_extensions", "  - kbtools\n  - tags\nmarkdown_extensions"),
        ("docs/topics/Tensor.md", "A grid", '--8<-- "snippet.txt"\n\nA grid'),
    ],
    ids=["a plugin that may need every page", "a page that includes a file"],
)
def test_sites_that_may_hang_on_other_things_are_always_built(
    project: Project, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str
) -> None:
    place = project.root / file
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new), encoding="utf-8")
    store(project)
    build(project, capsys)
    assert UNCHANGED not in build(project, capsys)


def test_what_a_build_warned_of_is_said_again(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    add(project, "docs/topics/Tensor.md", "\n[gone](#nowhere)\n")
    warnings = [line for line in build(project, capsys).splitlines() if line.startswith("warning: ")]
    again = build(project, capsys)
    assert warnings
    assert UNCHANGED in again
    assert [line for line in again.splitlines() if line.startswith("warning: ")] == warnings
