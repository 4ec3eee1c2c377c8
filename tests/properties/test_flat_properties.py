"""The short way through a page beside the long one: what ``flat`` reads, the block parser reads alike."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from pages import pages

from kbtools.scanner import frontmatter_span, scan_blocks
from kbtools.scanning import flat

INLINE = [
    "`a`",
    "`",
    "``",
    "$x$",
    "$",
    "\\(y\\)",
    "\\(",
    "\\`",
    "[[T]]",
    "[a](b)",
    "**b**",
    "_c_",
    "a",
    "가",
    " ",
    "{#i}",
    "!",
]
STARTS = [
    "",
    "",
    "",
    "# ",
    "## ",
    "#",
    "####### ",
    " # ",
    "- ",
    "* ",
    "+ ",
    "1. ",
    "2) ",
    "- [ ] ",
    "-",
    "  - ",
    "   1. ",
]
ODD = [
    "---",
    "***",
    "___",
    "* * *",
    "===",
    "-",
    "--",
    "- # x",
    "- > x",
    "- - x",
    "- 1. x",
    "-   ",
    "    x",
    "    ",
    "  ",
    "> x",
    "| a | b |",
    "|---|---|",
    "--- | ---",
    ": d",
    "[r]: x",
    "[^1]: x",
    "*[A]: b",
    "!!! note",
    '=== "t"',
    "??? x",
    "$$",
    "$$x$$",
    "\\[",
    "\\[x\\]",
    "\\begin{a}",
    "- $$x$$",
    "a\tb",
    "a\rb",
    "<b>",
    "<!-- x -->",
    "%%",
    "x ^id",
    "\x02",
    "\x0c",
    "\x0b",
    "\u2028",
    "\x85",
    "\xa0",
    "�",
    "# a\\",
    "# a # b ##",
    "# `a`",
    "# [[T]] {#x}",
    "# a",
    "# a_1",
    "{:toc}",
    "&amp;",
    "#",
]
FENCES = [
    "```",
    "```python",
    "~~~",
    "````",
    "```\nx\n```",
    "```python\nx = `1`\n```",
    "~~~ a\n$\n~~~",
    "```x y\n```",
    " ```\n a\n ```",
]
line = st.builds("{}{}".format, st.sampled_from(STARTS), st.lists(st.sampled_from(INLINE), max_size=4).map("".join))
plain = st.lists(line | line | st.just("") | st.sampled_from(FENCES[4:7]), max_size=8)
wild = st.lists(line | st.just("") | st.sampled_from(FENCES) | st.sampled_from(ODD), max_size=7)
fronts = st.sampled_from(("", "", "---\na: b\n---\n", "---\n---\n\n", "---\na\n---", "---\r\n---\r"))
texts = st.builds("{}{}".format, fronts, (plain | wild).map("\n".join))


@example("- a `b\n- c` d")
@example("a `b\n```\nx\n```\nc` d")
@example("- a\n```\nx\n```\nc `d\n- e` f")
@example("a\n```\nx\n```\n- c `d\n- e` f")
@example("a `b`\n```\nx\n```\n```\ny\n```\nc `d`")
@example("a\n---\n")
@example("---\n===\n")
@example("\n\n# a\n\n\n    \n- b")
@example("    \n- b `c\n- d`")
@example("---\n---\n---\n# a")
@example("1２. # a")
@example("1. 2. # a")
@example("- x\n- # a")
@settings(max_examples=800, suppress_health_check=list(HealthCheck))
@given(texts | pages())
def test_a_flat_page_has_the_structure_the_block_parser_gives_it(text: str) -> None:
    frontmatter = frontmatter_span(text)
    structure = flat.scan(text, frontmatter)
    if structure is not None:
        assert structure == scan_blocks(text, frontmatter)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Title\n\nText with [[a link]], `code` and $x$.\n\n- an item\n- [[b]]\n\n1. one\n2. two\n",
        "---\na: b\n---\n\n# 제목\n\nText:\n```python\nx = 1 < 2\n```\n\nMore.\n\n---\n\n* `x`\n* y\n",
        "**Bold** first.\n\n-5 degrees, 2026 pages.\n",
    ],
)
def test_ordinary_pages_are_flat(text: str) -> None:
    assert flat.scan(text, frontmatter_span(text)) is not None
