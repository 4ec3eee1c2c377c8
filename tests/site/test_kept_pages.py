"""Builds that keep pages: the site is the one that a build from scratch makes, and no more pages are rendered than say
something else."""

from __future__ import annotations

import io
import marshal
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2.bccache import bc_magic
from small_site import CONFIG, make, store, topic

from kbtools.config.project import Project, find_project
from kbtools.site.build import build
from kbtools.site.reuse import workers
from kbtools.site.reuse.report import BuildReport
from kbtools.state.memo import FILE, Memo, StoredValue

PAGES = {
    "index.md": "# Home\n\nBegin with [[Tensor]], or the [[Grid]].\n",
    "topics/Tensor.md": topic("Tensor", "A grid of numbers. See [[Gradient]].\n\n```python\nprint(1)\n```\n"),
    "topics/Gradient.md": topic("Gradient", "It points uphill. ^uphill\n\nMuch of [[Matrix]].", aliases="[Slope]"),
    "topics/Matrix.md": topic("Matrix", "Rows and columns.\n\n![[Gradient#^uphill]]"),
    "topics/Whole.md": topic("Whole", "![[Matrix]]"),
    "topics/Alone.md": topic("Alone", "Nobody leads here. It speaks of a Matrix and nothing else."),
    "topics/Linked.md": topic("Linked", "By its path: [one](Alone.md#alone), and [none](Missing.md)."),
}
WAY = topic("Way", "1. [[Alone]]\n2. [[Whole]]", learning_path="true")
LONG = "Nobody reads this. " * 200
OWN_CONFIG = CONFIG.replace("  - search\n", "") + "  - abbr\n"


def write(project: Project, path: str, text: str) -> None:
    (project.root / path).parent.mkdir(parents=True, exist_ok=True)
    (project.root / path).write_text(text, encoding="utf-8")


def change(project: Project, path: str, old: str, new: str) -> None:
    file = project.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def rename(project: Project) -> None:
    (project.root / "docs/topics/Other.md").rename(project.root / "docs/topics/Another.md")


def change_snippet(project: Project) -> None:
    change(project, "docs/topics/Tensor.md", "print(1)", "print(2)")
    store(project)


def override(project: Project, text: str) -> None:
    if "custom_dir" not in (project.root / "mkdocs.yml").read_text("utf-8"):
        change(project, "mkdocs.yml", "  name: material\n", "  name: material\n  custom_dir: overrides\n")
    write(project, "overrides/main.html", '{% extends "base.html" %}{% block announce %}' + text + "{% endblock %}")


Edit = Callable[[Project], None]
EDITS: list[tuple[str, Edit, set[str] | None]] = [
    ("nothing", lambda p: None, set()),
    (
        "a sentence that others show: the page, what embeds it, and whom it links to",
        lambda p: change(p, "docs/topics/Gradient.md", "uphill. ^", "steeply uphill. ^"),
        {"topics/Gradient.md", "topics/Matrix.md", "topics/Whole.md"},
    ),
    (
        "a sentence that nobody shows",
        lambda p: change(p, "docs/topics/Alone.md", "Nobody leads here", "Nobody comes here"),
        {"topics/Alone.md"},
    ),
    (
        "the sentence of a backlink",
        lambda p: change(p, "docs/topics/Tensor.md", "A grid of numbers. See", "A grid. Do see"),
        {"topics/Tensor.md", "topics/Gradient.md"},
    ),
    (
        "a title: the pages that name it",
        lambda p: change(p, "docs/topics/Tensor.md", "title: Tensor", "title: Tensors"),
        {"topics/Tensor.md", "topics/Gradient.md"},
    ),
    (
        "an alias that a link uses",
        lambda p: change(p, "docs/topics/Tensor.md", "title: Tensors", "title: Tensors\naliases: [Grid]"),
        {"topics/Tensor.md", "index.md"},
    ),
    (
        "a new page that a link was waiting for",
        lambda p: write(p, "docs/topics/Missing.md", topic("Missing", "Here it is.")),
        {"topics/Missing.md", "topics/Linked.md"},
    ),
    (
        "a new page that nobody asks for",
        lambda p: write(p, "docs/topics/Other.md", topic("Other", "Quite another.")),
        {"topics/Other.md"},
    ),
    ("a renamed file", rename, {"topics/Another.md"}),
    (
        "a removed page",
        lambda p: (p.root / "docs/topics/Missing.md").unlink(),
        {"topics/Linked.md"},
    ),
    (
        "a page that names another to stand for it",
        lambda p: change(p, "docs/topics/Another.md", "status: verified", "status: merged\nredirect_to: Alone"),
        {"topics/Another.md", "topics/Alone.md"},
    ),
    ("a snippet and its result", change_snippet, {"topics/Tensor.md"}),
    ("a new result", lambda p: store(p, tensor={"stdout": "2\n"}), {"topics/Tensor.md"}),
    (
        "lines above a snippet, which the page of results names by its line",
        lambda p: change(p, "docs/topics/Tensor.md", "A grid. ", "Above all,\n\na grid. "),
        {"topics/Tensor.md"},
    ),
    (
        "a path through the wiki",
        lambda p: write(p, "docs/topics/Way.md", WAY),
        {path.removeprefix("docs/") for path in ("index.md", *PAGES)} | {"topics/Way.md", "topics/Another.md"},
    ),
    (
        "a lesson that takes longer to read: the path says so",
        lambda p: change(p, "docs/topics/Alone.md", "Nobody comes here.", f"Nobody comes here.\n\n{LONG}"),
        {"topics/Alone.md", "topics/Way.md"},
    ),
    (
        "a sentence of a lesson",
        lambda p: change(p, "docs/topics/Alone.md", "Nobody comes here.", "Nobody goes here."),
        {"topics/Alone.md"},
    ),
    (
        "the text behind an embed of an embed",
        lambda p: change(p, "docs/topics/Matrix.md", "Rows and columns.", "Columns and rows."),
        {"topics/Matrix.md", "topics/Whole.md"},
    ),
    ("the configuration", lambda p: change(p, "mkdocs.yml", "작은 위키", "큰 위키"), None),
    ("an override of the theme", lambda p: override(p, "<hr>"), None),
    ("another one", lambda p: override(p, "<br>"), None),
    ("a schema", lambda p: change(p, "kb.toml", '"topics/**" = "topic"', '"topics/**" = "none"'), None),
    (
        "an abbreviation",
        lambda p: change(p, "docs/topics/Alone.md", "Nobody goes", "*[LLM]: words\n\nLLM. Nobody goes"),
        {"topics/Alone.md"},
    ),
]


@pytest.mark.parametrize("mentions", ["true", "false"])
def test_a_series_of_edits(tmp_path: Path, mentions: str) -> None:
    """Each builds on the one before; every site is compared with one from scratch, file by file. Without mentions, no
    other page hangs on the prose of a page."""
    config = OWN_CONFIG.replace("  - kbtools\n", f"  - kbtools: {{mentions: {mentions}}}\n", 1)
    first = make(tmp_path, PAGES, config)
    store(first)
    build(first)
    for what, edit, expected in EDITS:
        edit(first)
        project = find_project(tmp_path)
        report = BuildReport()
        build(project, paranoid=True, report=report)
        assert report.every == [], what
        pages = {path.relative_to(project.vault).as_posix() for path in project.vault.rglob("*.md")}
        done = {*report.rendered, *report.templated} & pages
        assert done == (pages if expected is None else expected), what


def test_the_site_does_not_hang_on_the_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do the warnings, nor their order."""
    sites, messages = [], []
    monkeypatch.setattr(workers, "FEW", 1)
    for jobs in ("1", "3"):
        monkeypatch.setenv("KB_JOBS", jobs)
        project = make(tmp_path / jobs, PAGES, OWN_CONFIG)
        store(project)
        said: list[str] = []
        folder = build(project, keep=False, say=said.append)
        files = (file for file in folder.rglob("*") if file.is_file())
        sites.append({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})
        messages.append(said)
    assert sites[0] == sites[1]
    assert messages[0] == messages[1] != []


SEES_PAGES = "\ndef on_page_markdown(markdown, **_):\n    return markdown\n"


@pytest.mark.parametrize("more", ["", SEES_PAGES], ids=["some are kept", "all are rendered"])
def test_what_a_plugin_has_put_into_the_site_keeps_nothing_from_being_written(tmp_path: Path, more: str) -> None:
    """MkDocs goes by times when it leaves out files; kb does not, whether pages are kept or all of them rendered."""
    project = make(tmp_path, PAGES, OWN_CONFIG + "hooks: [hook.py]\n")
    write(
        project,
        "hook.py",
        "import pathlib\n\n\ndef on_nav(nav, *, config, files):\n    for file in files:\n"
        "        place = pathlib.Path(file.abs_dest_path)\n        place.parent.mkdir(parents=True, exist_ok=True)\n"
        "        place.write_text('early')\n" + more,
    )
    store(project)
    for _ in range(2):
        report = BuildReport()
        folder = build(project, report=report)
        assert bool(report.every) == bool(more)
        early = [file for file in folder.rglob("*") if file.is_file() and file.read_bytes() == b"early"]
        assert early == []
    change(project, "hook.py", "import pathlib", "import pathlib  # another")
    build(project, report=(report := BuildReport()))
    assert more or set(report.rendered.values()) == {"settings"}


def test_compiled_templates_that_another_has_written_are_not_run(tmp_path: Path) -> None:
    """Who can only write to the wiki's folder cannot have code run by what is kept there."""
    project = make(tmp_path, PAGES, OWN_CONFIG)
    store(project)
    build(project)
    memo = Memo(project.state / FILE)
    kept = memo.all("template")
    assert kept
    with memo.transaction():
        memo.put(
            "template", ((name, StoredValue(value.key, _with_other_code(value.data))) for name, value in kept.items())
        )
    memo.close()
    change(project, "docs/topics/Alone.md", "Nobody leads here", "Nobody comes here")
    report = BuildReport()
    build(project, paranoid=True, report=report)
    assert [*report.rendered] == ["topics/Alone.md"]


def _with_other_code(compiled: bytes) -> bytes:
    """As Jinja stores a compiled template: a mark, the template's checksum, and code."""
    data = io.BytesIO(compiled)
    data.seek(len(bc_magic))
    pickle.load(data)
    return compiled[: data.tell()] + marshal.dumps(compile("raise SystemExit('run')", "other", "exec"))
