# ruff: noqa: E501
"""The links the site shows are the links kb finds: the Markdown extension against ``links.find``, on the same pages."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as etree
from collections import Counter
from pathlib import Path
from unittest import mock

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
from kbtools.links import WikiLink
from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.site.data.model import SiteModel
from kbtools.site.markdown import wikilinks
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.page import Page

SUITES = Path(__file__).parents[1] / "suites"
CONFIGS = {
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.tabbed": {"alternate_style": True},
    "toc": {"slugify": slugify(case="lower")},
}
_SHOWN = re.compile(r'data-number="(\d+)"')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def parts(link: WikiLink) -> tuple[object, ...]:
    return link.embed, link.target, link.anchor, link.block, link.label is None


def rendered(text: str) -> list[tuple[object, ...]]:
    """The links the extension makes of a page, as they stand in the document."""
    page = Page.parse(Source("Page.md", text))
    here = Path(__file__).parent
    wiki = SiteModel(Project(here, here, here, Config()), Index({"Page.md": page}))
    seen: list[WikiLink] = []

    def numbered(link: WikiLink, *_: object) -> etree.Element:
        seen.append(link)
        return etree.Element("span", {"data-number": str(len(seen) - 1)})

    span = frontmatter_span(text)
    md = markdown.Markdown(
        extensions=[*EXTENSIONS, "kbtools"],
        extension_configs={**CONFIGS, "kbtools": {"wiki": wiki, "path": "Page.md"}},
    )
    with mock.patch.object(wikilinks, "render", numbered):
        html = md.convert(text[span.end :] if span else text)
    shown = dict.fromkeys(int(n) for n in _SHOWN.findall(_COMMENT.sub("", html)))
    return [parts(seen[n]) for n in shown]


def agree(text: str) -> None:
    page = Page.parse(Source("Page.md", text))
    found = [parts(link) for link in page.links]
    shown = rendered(text)
    # The site shows the ruins of a broken fence as text; kb leaves what its author meant as code alone.
    ruins = any(p.rule == "irregular-fence" for p in page.structure.problems)
    # The renderer drops the cells that a table has no column for, and all but one footnote of a name.
    drops = re.search(r"(?m)^[ \t>|]*---", text) is not None or len(re.findall(r"\[\^\w+\]:", text)) > 1
    assert drops or not Counter(found) - Counter(shown)
    assert ruins or not Counter(shown) - Counter(found)
    if not ruins and not drops and "[^" not in text:  # footnotes move to the page's end
        assert shown == found


LINKS = (
    "[[텐서]]", "[[A|B]]", "[[T#H1#H2|라벨]]은", "![[p.png|100]]", "[[#H]]", "[[T#^b]]", "\\[[x]]", "\\\\[[x]]", "[[x]](url)",
    "`[[x]]`", "[[a `b`]]", "[[a|`b`]]", "[[a|**b**]]", "**[[x]]**", "*[[x]]와*", "[[x]][[y]]", "[[[x]]]", "[[ ]]", "[[x|]]",
    "%%[[x]]%%", "$[[x]]$", "<!-- [[x]] -->", "<b>[[x]]</b>", "[[x", "x]]", "[[a\nb]]", "\\![[x]]", "!\\[[x]]", "[[a_b_c]]",
    "[[x]]^sup^", "==[[x]]==", "~~[[x]]~~", "# [[x]]", "## 제목 [[x|y]]", "- [[x]]", "> [[x]]", "[t [[x]] u](v.md)",
    "| a | b |\n|---|---|\n| [[x\\|y]] | [[z]] |", "[[C#]]", "[[C# 기초]]", "[[x]]:", "[[x]]\n: definition [[y]]", "term [[x]]",
    "[[x|a [b] c]]", "[^1] [[x]]", "&[[x]];", "http://a/[[x]]", "<http://a/[[x]]>", "[[x]]{ .c }", "[[x\\_y]]", "[[a*b]] c*",
)  # fmt: skip
linked = st.lists(st.one_of(st.sampled_from(LINKS), st.sampled_from(written.WORDS)), min_size=1, max_size=4).map(
    " ".join
)
blocks = st.recursive(
    st.one_of(linked, linked, written.fences(), st.sampled_from(written.LOOSE)), written._wider, max_leaves=5
)
pages = st.lists(blocks, min_size=1, max_size=4).map("\n\n".join)


@pytest.mark.parametrize("link", LINKS)
def test_alone(link: str) -> None:
    agree(f"앞 {link} 뒤\n" if not link.startswith(("#", "-", ">", "|")) else f"{link}\n")


def suite_pages() -> list[str]:
    fence = re.compile(r"^(`{4,}|~{4,})(?:markdown|md)?[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
    texts = [m[2] for name in sorted(SUITES.glob("*.md")) for m in fence.finditer(name.read_text(encoding="utf-8"))]
    return [text for text in texts if "[[" in text]


@pytest.mark.parametrize("text", suite_pages())
def test_suites(text: str) -> None:
    agree(text)


@pytest.mark.parametrize(
    "text",
    ["<div markdown>\n\n<div>\n[[T]]\n</div>\n\n</div>", " <div markdown>\n\n[[T]]\n\n</div>"],
    ids=["raw HTML within it", "indented"],
)
def test_markdown_in_html(text: str) -> None:
    agree(text)


@given(pages)
@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@example("[[a|b]] `c` [[d]]")
def test_generated(text: str) -> None:
    agree(text)
