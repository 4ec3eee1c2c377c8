"""Builds of a preview: an edited page is rendered before all others, as the whole site then has it; and the site is the
one that a new preview builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_site import make, store
from test_kept_pages import OWN_CONFIG, PAGES, change, write

from kbtools.config.project import Project
from kbtools.run.results.outcomes import Status
from kbtools.site.preview.builds import Preview
from kbtools.site.preview.server import Server, Superseded
from kbtools.site.reuse.report import Step
from kbtools.vault.file_events import FileEvents

FIRST = [
    ("a sentence", "topics/Tensor.md", "A grid", "Some grid"),
    (
        "an embed, a link and a diagram",
        "topics/Tensor.md",
        "Some grid",
        "[[Alone]]\n\n![[Matrix]]\n\n```mermaid\na\n```\n",
    ),
    ("a link that is gone", "topics/Gradient.md", "Much of [[Matrix]].", "Much of it."),
    ("a link that leads nowhere", "topics/Alone.md", "Nobody", "[[Nothing]]: nobody"),
    ("code", "topics/Tensor.md", "print(1)", "print(2)\nprint(3)"),
    ("fields that no other page names", "topics/Matrix.md", "status: verified", "status: draft\ntags: [a, b]"),
    ("line ends", "index.md", "\n", "\r\n"),
    ("a comment, which is not shown", "topics/Alone.md", "nobody", "<!-- hidden --> nobody"),
    ("a title that others link to", "topics/Tensor.md", "title: Tensor", "title: Tensors"),
    ("a heading", "topics/Alone.md", "# Alone", "# All alone"),
    ("no title any more", "topics/Whole.md", "title: Whole\n", ""),
    ("a text before the heading, which is the title no longer", "topics/Whole.md", "# Whole", "Text\n\n# Whole"),
]
WITH_OTHERS: list[tuple[str, Callable[[Project], object]]] = [
    ("a page in the place of another", lambda p: write(p, "docs/topics/Alone/index.md", "# There\n\n[[Alone]]\n")),
    ("that page is gone", lambda p: (p.vault / "topics/Alone/index.md").unlink()),
    ("a file that is not a page", lambda p: write(p, "docs/topics/data.txt", "1\n")),
    ("a page that is gone", lambda p: (p.vault / "topics/Linked.md").unlink()),
    (
        "a page that is not published any more",
        lambda p: change(p, "docs/topics/Whole.md", "---\nt", "---\ndraft: true\nt"),
    ),
    ("the configuration", lambda p: change(p, "mkdocs.yml", "language: ko", "language: en")),
]


def preview_of(project: Project, folder: Path) -> Preview:
    preview = Preview(project, folder, lambda _: None)
    preview.origin = "http://127.0.0.1:1"
    preview.refresh(None)
    preview.build()
    assert not preview.failure
    return preview


def files(site: Path) -> dict[str, bytes]:
    return {file.relative_to(site).as_posix(): file.read_bytes() for file in site.rglob("*") if file.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make(tmp_path / "wiki", PAGES, OWN_CONFIG)
    store(project)
    return project


def test_an_edited_page_is_rendered_first_as_the_whole_site_has_it(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")
    for what, path, old, new in FIRST:
        change(project, f"docs/{path}", old, new)
        assert preview.refresh(frozenset([project.vault / path])) is not None
        ((file,), _) = preview.render_first() or ([], [])
        assert file == f"{path.removesuffix('.md')}/index.html".replace("index/index", "index"), what
        early = (tmp_path / "site" / file).read_bytes()
        assert file not in preview.build(), what
        assert (tmp_path / "site" / file).read_bytes() == early, what
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


NEW = [
    ("a new page", "topics/New.md", "# New\n\n[[Alone]] and [[Tensor]]\n\n```python\nprint(1)\n```\n"),
    ("one in a new folder, that embeds it", "more/Further.md", "---\ntitle: Further on\n---\n# F\n\n![[New]]\n"),
    ("one that others wait for", "topics/Nothing.md", "# Nothing\n\n[[Further on]]\n"),
]


def test_a_new_page_is_rendered_first(project: Project, tmp_path: Path) -> None:
    change(project, "docs/topics/Alone.md", "Nobody", "[[Nothing]]: nobody")
    preview = preview_of(project, tmp_path / "site")
    for what, path, text in NEW:
        write(project, f"docs/{path}", text)
        preview.refresh(frozenset([project.vault / path, project.vault / "topics/gone~"]))
        ((file,), changed) = preview.render_first() or ([], [])
        assert file == f"{path.removesuffix('.md')}/index.html", what
        assert changed == [file], what
        early = (tmp_path / "site" / file).read_bytes()
        preview.build()
        assert (tmp_path / "site" / file).read_bytes() == early, what
    write(project, "docs/topics/Asked for.md", "# Asked for\n")
    preview.refresh(frozenset([project.vault / "topics/Asked for.md"]))
    preview.render_first()
    assert preview.is_asked_for("topics/Asked for/index.html"), "before the rest of the site is built"
    preview.build()
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_new_results_are_shown_first(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")
    page = tmp_path / "site/topics/Tensor/index.html"
    change(project, "docs/topics/Tensor.md", "print(1)", "print(2)")
    preview.refresh(frozenset([project.vault / "topics/Tensor.md"]))
    preview.render_first()
    preview.build()
    assert "kb-is-passed" not in page.read_text("utf-8")
    assert preview.pages_to_run() == {"topics/Tensor.md"}
    store(project)
    preview.have_run(["topics/Tensor.md"])
    preview.refresh(frozenset())
    assert preview.render_first() is not None
    assert "kb-is-passed" in page.read_text("utf-8")
    preview.build()
    assert preview.pages_to_run() == frozenset()
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_results_that_arrive_during_a_build_ask_for_another(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")
    page = tmp_path / "site/topics/Tensor/index.html"
    change(project, "docs/topics/Tensor.md", "print(1)", "print(2)")
    preview.refresh(frozenset([project.vault / "topics/Tensor.md"]))

    def run_meanwhile(*_: object) -> None:
        store(project)
        preview.have_run(["topics/Tensor.md"])

    preview.build(run_meanwhile)
    assert preview.is_behind
    preview.refresh(frozenset())
    preview.build()
    assert not preview.is_behind
    assert "kb-is-passed" in page.read_text("utf-8")


def test_files_that_come_and_go_change_the_whole_site(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")
    for what, edit in WITH_OTHERS:
        before = {file: file.stat() for file in project.root.rglob("*") if file.is_file()}
        edit(project)
        now = {file: file.stat() for file in project.root.rglob("*") if file.is_file()}
        preview.refresh(frozenset(f for f in before.keys() | now.keys() if before.get(f) != now.get(f)))
        assert preview.render_first() is None, what
        assert preview.build(), what
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_a_save_during_a_build_ends_it_and_nothing_is_lost(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")

    def save_again(*_: object) -> None:
        raise Superseded

    write(project, "docs/topics/New.md", "# New\n\nIt is [[Alone]].\n")
    preview.refresh(frozenset([project.vault / "topics/New.md"]))
    with pytest.raises(Superseded):
        preview.build(save_again)
    change(project, "docs/topics/Alone.md", "Nobody", "Who")
    preview.refresh(frozenset([project.vault / "topics/Alone.md"]))
    change(project, "docs/topics/Alone.md", "Who", "Who like [[New]]")
    preview.refresh(frozenset([project.vault / "topics/Alone.md"]))
    assert preview.render_first() is not None
    assert 'href="../New/"' in (tmp_path / "site/topics/Alone/index.html").read_text("utf-8"), "it has its place"
    assert "topics/New/index.html" in preview.build()
    change(project, "docs/topics/Alone.md", "Who like", "Whoever likes")
    preview.refresh(frozenset([project.vault / "topics/Alone.md"]))
    assert preview.is_asked_for("topics/Matrix/index.html")
    assert not preview.is_asked_for("sitemap.xml")
    assert preview.render_first() == (
        ["topics/Alone/index.html", "topics/Matrix/index.html"],
        ["topics/Alone/index.html"],
    )
    preview.build()
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


BROKEN: list[tuple[str, str, str | None]] = [
    ("a configuration of MkDocs that is no YAML", "mkdocs.yml", "site_name: ["),
    ("a plugin that is not there", "mkdocs.yml", "site_name: s\nplugins: [kbtools, no-such-plugin]\n"),
    ("no configuration of MkDocs", "mkdocs.yml", None),
    ("a configuration of kb that is no TOML", "kb.toml", "docs = "),
    ("a template that is none", "overrides/main.html", "{% extends 'base.html' %}{% block announce %}"),
]


def test_what_is_broken_in_mid_edit_leaves_the_site_and_is_told(project: Project, tmp_path: Path) -> None:
    write(project, "overrides/main.html", '{% extends "base.html" %}')
    change(project, "mkdocs.yml", "  name: material\n", "  name: material\n  custom_dir: overrides\n")
    preview = preview_of(project, tmp_path / "site")
    for what, path, text in BROKEN:
        before, whole = files(tmp_path / "site"), (project.root / path).read_text("utf-8")
        if text is None:
            (project.root / path).unlink()
        else:
            write(project, path, text)
        preview.refresh(frozenset([project.root / path]))
        preview.render_first()
        preview.build()
        assert preview.failure, what
        assert files(tmp_path / "site") == before, what
        change(project, "docs/topics/Alone.md", "Nobody", "Nobody at all")  # meanwhile
        preview.refresh(frozenset([project.vault / "topics/Alone.md"]))
        preview.render_first()
        preview.build()
        assert preview.failure, what
        write(project, path, whole)
        preview.refresh(frozenset([project.root / path]))
        preview.render_first()
        preview.build()
        assert not preview.failure, what
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_what_breaks_right_after_a_build_does_not_end_the_preview(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = preview_of(project, tmp_path / "site")
    server = Server(preview, FileEvents(), "127.0.0.1", 0)
    config = (project.root / "mkdocs.yml").read_text("utf-8")
    build = preview.build

    def build_and_break(step: Step) -> list[str]:
        found = build(step)
        write(project, "mkdocs.yml", "site_name: [")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(preview, "build", build_and_break)
        change(project, "docs/topics/Alone.md", "Nobody", "Somebody")
        server.events.put(frozenset([project.vault / "topics/Alone.md"]))
        server._update()
    assert "not YAML" in preview.failure
    write(project, "mkdocs.yml", config)
    server.events.put(frozenset([project.root / "mkdocs.yml"]))
    server._update()
    assert not preview.failure


def test_a_save_also_ends_the_drawing_of_the_graph(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")
    before = files(tmp_path / "site")
    change(project, "docs/topics/Alone.md", "Nobody", "[[Tensor]]: nobody")
    preview.refresh(frozenset([project.vault / "topics/Alone.md"]))

    def save_meanwhile(stage: str, *_: object) -> None:
        if stage == "the graph drawn":
            raise Superseded

    with pytest.raises(Superseded):
        preview.build(save_meanwhile)
    assert files(tmp_path / "site") == before
    preview.build()
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_a_broken_baseline_does_not_end_the_preview_and_the_page_runs_later(project: Project, tmp_path: Path) -> None:
    store(project, tensor={"outcome": Status.FAILED, "reason": "AssertionError"})
    write(project, "kb-baseline.json", '{"version": 1, "findings": []}')
    preview = preview_of(project, tmp_path / "site")
    server = Server(preview, FileEvents(), "127.0.0.1", 0)
    asked: list[frozenset[str]] = []
    server.edited = asked.append
    write(project, "kb-baseline.json", "{")
    change(project, "docs/topics/Tensor.md", "A grid", "Some grid")
    server.events.put(frozenset([project.vault / "topics/Tensor.md"]))
    server._update()
    assert preview.failure
    assert not asked
    write(project, "kb-baseline.json", '{"version": 1, "findings": []}')
    server.events.put(frozenset([project.root / "kb-baseline.json"]))
    server._update()
    assert not preview.failure
    assert asked == [{"topics/Tensor.md"}]


def test_a_hook_that_needs_every_page_is_named(project: Project, tmp_path: Path) -> None:
    hook = "from markdown import Extension\nclass Added(Extension):\n    def extendMarkdown(self, md): pass\n"
    hook += "def on_config(config): config.markdown_extensions.append(Added())\ndef on_post_build(config): pass\n"
    write(project, "hook.py", hook)
    change(project, "mkdocs.yml", "plugins:", "hooks: [hook.py]\nplugins:")
    said: list[str] = []
    preview = Preview(project, tmp_path / "site", said.append)
    preview.origin = "http://127.0.0.1:1"
    preview.refresh(None)
    preview.build()
    told = next((line for line in said if "all rendered: " in line), "")
    assert "the hook hook.py" in told
    assert "the Markdown extension hook.py.Added may" in told  # a name that per_page can hold, without an address


def test_a_page_that_cannot_be_read_is_shown_as_far_as_it_can(project: Project, tmp_path: Path) -> None:
    preview = preview_of(project, tmp_path / "site")
    page = project.vault / "topics/Alone.md"
    whole = page.read_bytes()
    for text in (b"\xff\xfe\x00", b"---\ntitle: [\n---\n", b"", whole):
        page.write_bytes(text)
        preview.refresh(frozenset([page]))
        preview.render_first()
        preview.build()
        assert not preview.failure
    preview_of(project, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")
