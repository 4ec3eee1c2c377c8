# ruff: noqa: E501
"""Sections and blocks a link can name are places the site really has: ids of headings and blocks, as rendered."""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import markdown
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from pymdownx.slugs import slugify
from renderer import EXTENSIONS, Rendered

from kbtools.config.project import Config, Project
from kbtools.site.data.model import SiteModel
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.links.sections import Sections
from kbtools.vault.page import Page

CONFIGS = {
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.tabbed": {"alternate_style": True},
    "toc": {"slugify": slugify(case="lower")},
}


class Places(HTMLParser):
    """The ids of a page, where its links go, and the links that say they are lost."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.lost = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if held.get("id"):
            self.ids.append(str(held["id"]))
        if tag == "a" and "kb-link" in (held.get("class") or ""):
            self.hrefs.append(unquote(str(held["href"])))
        self.lost += "kb-lost-anchor" in (held.get("class") or "")


def shown(text: str, toc: Mapping[str, object] = CONFIGS["toc"]) -> Places:
    """The page as the site renders it."""
    here = Path(__file__).parent
    wiki = SiteModel(Project(here, here, here, Config()), Index({"Page.md": Page.parse(Source("Page.md", text))}))
    md = markdown.Markdown(
        extensions=[*EXTENSIONS, "kbtools"],
        extension_configs={**CONFIGS, "toc": dict(toc), "kbtools": {"wiki": wiki, "path": "Page.md"}},
    )
    return Places(md.convert(text))


HEADINGS = (
    "## 관련 문서", "## 관련 문서", "## 관련 문서_1", "# Same", "## Same", "### same", "## Same_1", "## Same_1", "## Mixed 한글 Case",
    "## C++ and C#", "## `torch.compile`", "## **bold** and *it*", "## a & b", "## a < b", "## 1. First", "## Q: what?", "## a | b",
    "## Own {#own}", "## Own too {: #own .c }", "## Class {.c}", "## Same {#same}", "## [text](u.md)", "## ~~gone~~", "## $x^2$ math",
    "## !!!", "## ???", "## —", "## Emoji 😀 here", "## under_score_d", "## dash-ed - name", "## e.g. v1.2.3", "## a \\* b",
    "## Straße", "## İstanbul", "## ﬁgure", "## ①", "Setext\n======", "둘째\n----", "##  Spaces   inside  ", "## Closed ##",
    "## " + unicodedata.normalize("NFD", "텐서 연산"), "## 텐서 연산", "## x_1", "## x", "## x", "## x_2", "## &amp; entity", "## <b>tag</b>",
)  # fmt: skip

headings = st.lists(st.sampled_from(HEADINGS), min_size=1, max_size=8)


def agree(text: str) -> None:
    """Ids are those of the renderer, and a link to each section by its text or id arrives at one of them."""
    page = Page.parse(Source("Page.md", text))
    index = Index({"Page.md": page})
    found = [(h.level, h.text, h.id) for h in page.structure.headings]
    assert found == Rendered(text).headings
    anchors = [h.text for h in page.structure.headings if h.text.strip() and not set("[]|#^\\`*_~$<>&=") & set(h.text)]
    ids = [h.id for h in page.structure.headings if h.id.strip("_0123456789") and "|" not in h.id]
    places = shown(text + "\n\n" + "\n".join(f"- [[#{a}]]" for a in (*anchors, *ids)) + "\n")
    assert places.lost == 0
    assert len(places.hrefs) >= len(anchors) + len(ids)
    assert all(href.removeprefix("#") in places.ids for href in places.hrefs if href.startswith("#"))
    for name in ids:
        heading = index.heading("Page.md", name)
        assert heading is not None


@pytest.mark.parametrize("heading", HEADINGS)
def test_alone(heading: str) -> None:
    agree(f"{heading}\n\ntext\n")


def test_where_the_owner_has_not_said_how_ids_are_made() -> None:
    """The ids that kb checks are there, and those that Python-Markdown makes: addresses of the site as it was."""
    text = "\n\n".join(HEADINGS) + "\n"
    former = {html.unescape(name) for name in rendered_without_kb(text)}
    assert set(shown(text, toc={}).ids) == {*shown(text).ids, *former}


def rendered_without_kb(text: str) -> list[str]:
    """The ids of headings where the owner has not said how they are made, and kb takes no part."""
    md = markdown.Markdown(extensions=EXTENSIONS, extension_configs={**CONFIGS, "toc": {}})
    shown = md.convert(text)
    return [m[1] for m in re.finditer(r'<h[1-6][^>]* id="([^"]*)"', shown)]


@given(headings)
@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
def test_ids_on_a_site_without_kb(chosen: list[str]) -> None:
    page = Page.parse(Source("Page.md", text := "\n\n".join(chosen) + "\n"))
    sections = Sections(page.headings, page.ids)
    made = [sections.address(at, "ascii") for at in range(len(page.headings))]
    assert made == [html.unescape(name) for name in rendered_without_kb(text)]
    assert all(sections.has_address(name, "ascii") for name in made)
    assert not sections.has_address("관련-문서", "ascii")


def test_all_of_them_on_one_page() -> None:
    agree("\n\n".join(HEADINGS) + "\n")


@given(headings)
@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
def test_any_of_them_together(chosen: list[str]) -> None:
    agree("\n\n".join(chosen) + "\n")


BLOCKS = {
    "at the end of a paragraph": ("Some text. ^quote-1\n", ["quote-1"]),
    "of a paragraph of two lines": ("One\ntwo ^two\n", ["two"]),
    "of list items": ("- a ^a\n- b\n- c ^c\n", ["a", "c"]),
    "of a nested item": ("- a\n    - b ^b\n", ["b"]),
    "behind a list, on its own line": ("- a\n- b\n\n^list\n\ntext\n", ["list"]),
    "behind a table": ("| a | b |\n|---|---|\n| c | d |\n\n^table\n\ntext\n", ["table"]),
    "behind a quotation": ("> quoted\n\n^q\n\ntext\n", ["q"]),
    "in a quotation": ("> quoted ^q\n", ["q"]),
    "of a heading": ("## Heading ^h\n\ntext\n", ["h"]),
    "letters, digits, hyphens": ("a ^A1-b2\n\nb ^37066d\n", ["A1-b2", "37066d"]),
    "no underscore": ("a ^a_b\n", []),
    "no Hangul": ("a ^블록\n", []),
    "not within a line": ("a ^x b\n", []),
    "not without a blank": ("2^x\n", []),
    "not in code": ("`a ^x`\n\n```\na ^y\n```\n\n    a ^z\n", []),
    "not in a comment": ("<!-- a ^x -->\n", []),
    "not inside a paragraph": ("One ^one\ntwo\n", []),
    "only the last of a paragraph": ("One ^one\ntwo ^two\n", ["two"]),
    "in an admonition": ("!!! note\n    text ^n\n\n    more ^m\n", ["n", "m"]),
    "above items without a blank line": ("a ^a\n- **b**, *c* ^b\n- d ^d\n  more\n1) e `f` ^e\n", ["a", "b", "e"]),
    "above an item, in a quotation": ("> a ^a\n> - b ^b\n> - c ^c\n", ["a", "b", "c"]),
    "behind a table that ends a quotation": (">text\n>\n> | a | b |\n> | - | - |\n> | c | d |\n> \n\nx ^x\n", ["x"]),
    "above what is no item": ("a ^a\n-b ^b\n*c* ^c\n", ["c"]),
    "in code above an item": ("a `b\nc ^c\n- d` ^d\n", ["d"]),
    "of a lazy item": ("- one ^one\ntwo ^two\n", ["two"]),
    "with trailing blanks": ("a ^x  \n\nb\n", ["x"]),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_blocks(case: str) -> None:
    blocks_agree(*BLOCKS[case])


def blocks_agree(text: str, names: list[str]) -> None:
    """The block ids found are the given ones, and the ids the site gives to blocks."""
    page = Page.parse(Source("Page.md", text))
    assert [b.name for b in page.structure.block_ids] == names
    asked = sorted({*names, *re.findall(r"\^([\w-]+)", text)})
    places = shown(text + "\n" + "\n\n".join(f"see [[#^{name}]] here" for name in asked) + "\n")
    there = [i.removeprefix("block-") for i in places.ids if i.startswith("block-")]
    assert sorted(there) == sorted(name.lower() for name in names)
    assert all(href.removeprefix("#") in places.ids for href in places.hrefs if href.startswith("#"))
    assert places.lost == len(asked) - len(names)
