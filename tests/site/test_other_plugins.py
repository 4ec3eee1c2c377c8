"""Plugins of others make the same pages with kbtools as without it, before it and behind it.

One small project each, built in this process. What is compared is what the plugin made: parts of the pages as a
browser's parser reads them, and files it writes.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from selectolax.lexbor import LexborHTMLParser

CODE = '''
"""A module."""
class Shelf:
    """Holds [books][lib.Book]."""
    def get(self, book: "Book") -> "Book":
        """Give <b>one</b> back.

        Args:
            book: Which one.
        """
        return book
class Book:
    """Something to read."""
'''


@dataclass
class Case:
    """A project with one plugin, and where on its pages that plugin is seen."""

    plugin: str
    """YAML: the plugin and its options."""
    pages: dict[str, str]
    seen: dict[str, str]
    """For pages of the site the CSS selector of what the plugin made."""
    least: int = 1
    """Elements that are found at least."""
    files: tuple[str, ...] = ()
    """Files that the plugin writes."""
    extensions: str = "[admonition, attr_list, tables, pymdownx.highlight, pymdownx.superfences]"
    more: str = ""
    """Other lines of mkdocs.yml."""
    prepare: Callable[[Path], object] = field(default=lambda _: None)


DAY = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}


def git(root: Path) -> None:
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True, env={**os.environ, **DAY})


def hook(root: Path) -> None:
    (root / "hook.py").write_text(
        textwrap.dedent("""
        def on_page_markdown(markdown, **_):
            return markdown.replace("<!-- badge -->", '<iframe src="https://badge.example/" class="made"></iframe>')
        def on_page_content(html, **_):
            return html + '<button class="made" onclick="go()">made</button>'
        def on_post_page(output, **_):
            return output.replace("</body>", '<script class="made">hooked()</script></body>')
        """)
    )


def notebook() -> str:
    cell = {"cell_type": "code",
        "id": "one", "execution_count": 1, "metadata": {}, "source": ["print(1)"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]}  # fmt: skip
    kernel = {"name": "python3", "display_name": "P", "language": "python"}
    return json.dumps({"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


MACROS = """
def define_env(env):
    @env.macro
    def player(name):
        return f'<iframe class="made" src="https://player.example/{name}" allowfullscreen></iframe>'
    @env.macro
    def note(text):
        return f'<span class="made" style="position: relative">{text}</span>'
"""
POST = (
    "---\ndate: 2026-01-{:02}\ncategories: [News]\n---\n# Post {}\n\nFirst **words**.\n\n<!-- more -->\n\nThe rest.\n"
)

CASES = {
    "mkdocstrings": Case(
        "mkdocstrings: {handlers: {python: {paths: [.], options: {show_source: true}}}}",
        {
            "index.md": "# A\n\nSee [the shelf][lib.Shelf] and [`get`][lib.Shelf.get].\n\n::: lib\n",
            "b.md": "# B\n\n[Book][lib.Book]\n",
        },
        {"index.html": ".doc, .autorefs, .doc *, p > a", "b/index.html": "article p a"},
        files=("objects.inv",),
        prepare=lambda root: (root / "lib.py").write_text(CODE),
    ),
    "blog": Case(
        "blog",
        {
            "index.md": "# A\n",
            "blog/index.md": "# Blog\n",
            **{f"blog/posts/p{n}.md": POST.format(n, n) for n in (1, 2, 3)},
        },
        {
            "blog/index.html": "article.md-post, .md-post *",
            "blog/2026/01/02/post-2/index.html": ".md-sidebar *, article > *",
        },
        least=10,
        files=("blog/category/news/index.html", "blog/archive/2026/index.html"),
    ),
    "tags": Case(
        "tags",
        {
            "index.md": "---\ntags: [one, Two]\n---\n# A\n",
            "b.md": "---\ntags: [one]\n---\n# B\n",
            "t.md": "# T\n\n<!-- material/tags -->\n",
        },
        {"index.html": ".md-tags *", "t/index.html": "article h2, article ul, article ul *"},
        least=2,
    ),
    "static-i18n": Case(
        "i18n: {docs_structure: suffix, languages: [{locale: en, default: true, name: English, build: true},"
        " {locale: ko, name: 한국어, build: true}]}",
        {"index.md": "# A\n\n[b](b.md)\n", "index.ko.md": "# 가\n\n[b](b.md)\n", "b.md": "# B\n", "b.ko.md": "# 나\n"},
        {
            "index.html": "article p, article p *, .md-select *",
            "ko/index.html": "article h1, article p a, .md-select *",
        },
        least=3,
        files=("ko/b/index.html",),
        # Where the owner has not chosen, kb gives headings beyond ASCII their words as ids (decision 0041).
        extensions="[toc: {slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}}]",
    ),
    "awesome-nav": Case(
        "awesome-nav",
        {
            "index.md": "# A\n",
            "z.md": "# Z\n",
            "b/c.md": "# C\n",
            ".nav.yml": "nav:\n  - Last: z.md\n  - b\n  - index.md\n",
        },
        {"index.html": ".md-nav--primary *"},
        least=5,
    ),
    "literate-nav": Case(
        "literate-nav: {nav_file: SUMMARY.md}",
        {"index.md": "# A\n", "z.md": "# Z\n", "SUMMARY.md": "* [Last](z.md)\n* [First](index.md)\n"},
        {"index.html": ".md-nav--primary *"},
        least=5,
    ),
    "macros": Case(
        "macros: {module_name: main}",
        {
            "index.md": "# A\n\n{{ 1 + 2 }} {{ note('text') }}\n\n{{ player('x') }}\n\n"
            "{% for i in range(2) %}\n- item {{ i }}\n{% endfor %}\n"
        },
        {"index.html": "article p, .made, article li"},
        least=5,
        prepare=lambda root: (root / "main.py").write_text(MACROS),
    ),
    "include-markdown": Case(
        "include-markdown",
        {"index.md": '# A\n\n{% include-markdown "../part.md" %}\n'},
        {"index.html": "article h2, article p *, article table *"},
        least=4,
        prepare=lambda root: (root / "part.md").write_text(
            '## Part\n\n<p align="center"><b>x</b></p>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'
        ),
    ),
    "git-revision-date": Case(
        "git-revision-date-localized: {enable_creation_date: true}",
        {"index.md": "# A\n\n{{ git_revision_date_localized }}\n"},
        {"index.html": "article p, .md-source-file *, .git-revision-date-localized-plugin"},
        least=2,
        prepare=git,
    ),
    "redirects": Case(
        "redirects: {redirect_maps: {old.md: b.md}}",
        {"index.md": "# A\n", "b.md": "# B\n"},
        {"old/index.html": "head *"},
        files=("old/index.html",),
    ),
    "minify": Case(
        "minify: {minify_html: true}",
        {"index.md": "# A\n\n\n<div   class='x'>  text   </div>\n"},
        {"index.html": "article .x"},
    ),
    "jupyter": Case(
        "mkdocs-jupyter: {execute: false}",
        {"index.md": "# A\n", "n.ipynb": notebook()},
        {"n/index.html": ".jp-Cell, .jp-Cell *, article script, article style"},
        least=5,
    ),
    "table-reader": Case(
        "table-reader",
        {"index.md": "# A\n\n{{ read_csv('docs/t.csv') }}\n", "t.csv": "a,b\n1,<b>2</b>\n"},
        {"index.html": "article table *"},
        least=4,
    ),
    "glightbox": Case(
        "glightbox",
        {"index.md": "# A\n\n![a picture](a.png){ width=20 }\n", "a.png": "png"},
        {"index.html": ".glightbox, .glightbox *, script[id*=glightbox], link[href*=glightbox]"},
        least=3,
    ),
    "mike": Case(
        "mike: {alias_type: redirect, version_selector: true}",
        {"index.md": "# A\n"},
        {"index.html": "link[rel=canonical], script#__config"},
        least=2,
        more="extra: {version: {provider: mike}}\n",
    ),
    "hooks": Case(
        "search",
        {"index.md": "# A\n\n<!-- badge -->\n\n<p align=center>x</p>\n"},
        {"index.html": ".made"},
        least=3,
        more="hooks: [hook.py]\n",
        prepare=hook,
    ),
}


def made(case: Case, root: Path, plugins: list[str]) -> dict[str, Any]:
    """What stands on the pages of a site built with these plugins, in their order."""
    for name, text in case.pages.items():
        file = root / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    listed = "\n".join(f"  - {plugin}" for plugin in plugins)
    (root / "mkdocs.yml").write_text(
        f"site_name: x\nsite_url: https://x.example/\ntheme: {{name: material, font: false}}\n{case.more}"
        f"plugins:\n{listed}\nmarkdown_extensions: {case.extensions}\n",
        encoding="utf-8",
    )
    case.prepare(root)
    config = load_config(str(root / "mkdocs.yml"))
    config.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(config)
    config.plugins.on_shutdown()
    site = root / "site"
    found: dict[str, Any] = {name: (site / name).is_file() for name in case.files}
    for page, selector in case.seen.items():
        tree = LexborHTMLParser((site / page).read_text(encoding="utf-8"))
        for ours in tree.css(
            '[class*="kb-"], [href*="assets/kb-"], [src*="assets/kb-"], meta[http-equiv*="Security"], a[href*="__kb"]'
        ):
            ours.decompose()
        elements = [
            (e.tag, sorted((k, v or "") for k, v in e.attributes.items()), " ".join(e.text().split()))
            for e in tree.css(selector)
        ]
        found[page] = elements
    return found


@pytest.fixture(autouse=True)
def in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    monkeypatch.chdir(tmp_path)
    logging.getLogger("mkdocs").setLevel(logging.WARNING)


@pytest.mark.parametrize("name", CASES)
def test_it_makes_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case = CASES[name]
    orders = {"alone": [case.plugin], "before": [case.plugin, "kbtools"], "behind": ["kbtools", case.plugin]}
    found = {}
    for order, plugins in orders.items():
        root = tmp_path / order
        root.mkdir()
        monkeypatch.chdir(root)
        caplog.clear()
        found[order] = made(case, root, plugins)
        warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING and "kbtools" in r.name]
        assert warnings == []
    alone = found["alone"]
    assert all(value is True or len(value) >= case.least for value in alone.values()), alone
    assert found["before"] == alone
    assert found["behind"] == alone


PARTS = """
from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from xml.etree import ElementTree
class Part(BlockProcessor):
    def test(self, parent, block):
        return block.startswith(":: ")
    def run(self, parent, blocks):
        own = Markdown(extensions=self.parser.md.registeredExtensions)
        parent.append(ElementTree.fromstring(f"<div>{own.convert(blocks.pop(0)[3:])}</div>"))
class Parts(Extension):
    def extendMarkdown(self, md):
        md.registerExtension(self)
        md.parser.blockprocessors.register(Part(md.parser), "part", 110)
def makeExtension(**options):
    return Parts(**options)
"""
"""Renders a part of the page by a Markdown of its own with the page's extensions, as mkautodoc does."""


def test_a_page_is_whole_whose_parts_another_markdown_renders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "parts_of_a_page.py").write_text(PARTS)
    monkeypatch.syspath_prepend(tmp_path)
    case = Case("search", {
            "index.md": "# A\n\n[[b]]\n",
            "b.md": "# B\n\n:: Of **its** own: <form>\n\nSee [[index]].\n\n```python\nx = 1\n```\n",
        }, {"b/index.html": "div strong"}, extensions="[parts_of_a_page, pymdownx.superfences, toc]")  # fmt: skip
    (tmp_path / "kb.toml").write_text('[snippets]\n"**" = "show"\n')
    made(case, tmp_path, ["search", "kbtools"])
    page = LexborHTMLParser((tmp_path / "site/b/index.html").read_text(encoding="utf-8"))
    assert [a.attributes["href"] for a in page.css("article p > a")] == ["../"]
    assert len(page.css("article .kb-backlinks")) == 1
    told = [r.getMessage() for r in caplog.records if "not published" in r.getMessage()]
    assert told == ["b.md:3: not published: <form>"]


def test_versions_are_deployed_with_mike(tmp_path: Path) -> None:
    trees = {}
    for name, plugins in {"alone": "[search, mike]", "with kb": "[search, mike, kbtools]"}.items():
        root = tmp_path / name
        (root / "docs").mkdir(parents=True)
        (root / "docs" / "index.md").write_text("# A\n\n```python\nx = 1\n```\n", encoding="utf-8")
        (root / "kb.toml").write_text('[snippets]\n"**" = "show"\n', encoding="utf-8")
        (root / "mkdocs.yml").write_text(
            "site_name: x\nsite_url: https://x.example/\ntheme: {name: material, font: false}\n"
            f"extra: {{version: {{provider: mike}}}}\nplugins: {plugins}\n",
            encoding="utf-8",
        )
        git(root)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        who = {"PATH": path, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
        subprocess.run(
            ["mike", "deploy", "--update-aliases", "1.0", "latest"],
            cwd=root,
            check=True,
            capture_output=True,
            env={**os.environ, **DAY, **who},
        )
        versions, tree = (
            subprocess.run(["git", *command], cwd=root, check=True, capture_output=True, text=True).stdout
            for command in (["show", "gh-pages:versions.json"], ["ls-tree", "-r", "--name-only", "gh-pages"])
        )
        trees[name] = (json.loads(versions), set(tree.split("\n")))
    (versions, alone), (with_kb_versions, with_kb) = trees["alone"], trees["with kb"]
    assert with_kb_versions == versions == [{"version": "1.0", "title": "1.0", "aliases": ["latest"]}]
    assert alone <= with_kb
    assert {"1.0/assets/kb.css", "1.0/all/index.html"} <= with_kb
