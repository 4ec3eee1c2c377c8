# ruff: noqa: E501
"""The Markdown links the scanner finds are those the renderer makes: addresses of links and pictures, in order."""

from __future__ import annotations

import re
import sys
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import markdown
import pytest
from examples import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

import pages as written
from pymdownx.slugs import slugify
from renderer import EXTENSIONS

from kbtools.config.project import Config, Project
from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.site.data.model import SiteModel
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.page import Page

CONFIGS = {
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.tabbed": {"alternate_style": True},
    "toc": {"slugify": slugify(case="lower")},
}
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()>#+\-.!|$^ =~])")


class Addresses(HTMLParser):
    """Where the links and pictures of a page lead, but for wikilinks and what the renderer adds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(re.sub("<!--.*?-->", "", html, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        kinds = (held.get("class") or "").split()
        if tag == "a" and not {"kb-link", "footnote-ref", "footnote-backref"} & {*kinds} and "href" in held:
            self.found.append(("a", held["href"] or ""))
        if tag == "img" and "kb-link" not in kinds and "src" in held:
            self.found.append(("img", held["src"] or ""))


def rendered(text: str) -> list[tuple[str, str]]:
    page = Page.parse(Source("Page.md", text))
    here = Path(__file__).parent
    wiki = SiteModel(Project(here, here, here, Config()), Index({"Page.md": page}))
    ours = {"wiki": wiki, "path": "Page.md", "sanitize": False, "remote_images": True}
    md = markdown.Markdown(extensions=[*EXTENSIONS, "kbtools"], extension_configs={**CONFIGS, "kbtools": ours})
    span = frontmatter_span(text)
    return Addresses(md.convert(text[span.end :] if span else text)).found


def found(text: str) -> list[tuple[str, str, bool]]:
    """Tag, address, and whether it stands in a definition."""
    out = []
    for link in Page.parse(Source("Page.md", text)).structure.links:
        if link.is_used and link.kind != "html":
            address = unescape(_ESCAPED.sub(r"\1", text[link.address : link.address_end]))
            out.append(("img" if link.kind == "image" else "a", address, link.kind == "definition"))
    return out


def agree(text: str) -> None:
    page = Page.parse(Source("Page.md", text))
    shown = [(tag, address) for tag, address in rendered(text) if "klzzwxh" not in address and "\x02" not in address]
    ours = [(tag, address) for tag, address, _ in found(text)]
    if any(p.rule == "irregular-fence" for p in page.structure.problems) or "[^" in text or "*[" in text:
        return
    if any(defined for _, _, defined in found(text)):
        assert {a for _, a in shown} == {a for _, a in ours}
    else:
        drops = re.search(r"(?m)^[ \t>|]*---", text) is not None  # cells that a table has no column for
        assert not Counter(shown) - Counter(ours)
        assert drops or shown == ours


LINKS = (
    "[a](b.md)", "![a](b.png)", "[a](<b c.md>)", "![a](<b c.png>)", "[a](b c.md)", "[a](b.md 'title')", '[a](b.md "t (x)")', "[a](b(c).md)",
    "[a](b.md#c)", "[a](#c)", "[a]()", "[a](b.md) [c](d.md)", "[![p](q.png)](r.md)", "[![p](q.png)][r]", "[a][r]", "[r][]", "[r]", "![a][r]", "![r]",
    "[a] [r]", "[A][R]", "[a][nope]", "[nope]", "[nope](x.md)", "[a](b.md", "[a]b.md)", "a](b.md)", "[a [b] c](d.md)", "[a [b](c.md) d](e.md)",
    "\\[a](b.md)", "[a\\](b.md)", "[a]\\(b.md)", "!\\[a](b.md)", "\\![a](b.md)", "`[a](b.md)`", "[`a`](b.md)", "[a](b\\_c.md)", "[a](b_c_d.md)",
    "[a](b&amp;c.md)", "<!-- [a](b.md) -->", "%%[a](b.md)%%", "$[a](b.md)$", "[$x$](b.md)", "[[x]](b.md)", "[[x]] [a](b.md)", "[[x]][a](b.md)",
    "[x [[y]] z](b.md)", "**[a](b.md)**", "[**a**](b.md)", "[a](b.md)은", "[a](b.md){#i}", "[a](b.md){ .c }", "<b>[a](b.md)</b>",
    "[a](http://x/y)", "[a](//x/y)", "[a](mailto:a@b)", "[a\nb](c.md)", "[a](b\n.md)", "[a](\nb.md)", "[a](b.md\n'x')", "[a][r\n]", "(([a](b.md)))", "[a](b.md))",
    "[a](((b)))", "[a](b'c.md)", "[a](b\"c.md)", "[a](b'c'.md)", "[a](<b.md> 'x')", "[a](<b.md>x)", "[a]( b.md )", "[^1]", "- [ ] [a](b.md)", "| [a](b.md) |",
)  # fmt: skip
DEFINITIONS = (
    "[r]: ref.md",
    '[r]: <ref.md> "title"',
    "[R]:\n  ref.md",
    "  [r]: ref.md 'x'",
    "[r]: ref.md\n[s]: other.md",
    "[r]: a b",
)
linked = st.lists(st.one_of(st.sampled_from(LINKS), st.sampled_from(written.WORDS)), min_size=1, max_size=4).map(
    " ".join
)
blocks = st.recursive(
    st.one_of(linked, linked, linked, written.fences(), st.sampled_from(DEFINITIONS), st.sampled_from(written.LOOSE)),
    written._wider,
    max_leaves=5,
)
pages = st.lists(blocks, min_size=1, max_size=4).map("\n\n".join)


@pytest.mark.parametrize("link", LINKS)
def test_alone(link: str) -> None:
    agree(f"앞 {link} 뒤\n" if link[0] not in "-|" else f"{link}\n")


@pytest.mark.parametrize("link", LINKS)
def test_with_a_definition(link: str) -> None:
    agree(f"앞 {link} 뒤\n\n[r]: ref.md\n")


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_definitions(definition: str) -> None:
    agree(f"[a][r] [s]\n\n{definition}\n")


@given(pages)
@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@example("[a](b.md) `c` [d](e.md)")
def test_generated(text: str) -> None:
    agree(text)
