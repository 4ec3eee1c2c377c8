"""Finds ids and addresses in raw HTML tags and attribute lists: ``<a id="x">``, ``![](p.png){#x}``."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from kbtools.markdown.structure import MarkdownLink
from kbtools.text.source import Span

_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>")
_ATTRIBUTE = re.compile(
    r"(?<=[\s\"'/])(id|name|href|src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>=`]+))", re.IGNORECASE
)
_ADDRESSES = frozenset((("a", "href"), ("img", "src"), ("source", "src"), ("video", "src"), ("audio", "src")))
_LIST = re.compile(r"\{:?[ ]*([^{}\n ][^{}\n]*)\}")
_IN_LIST = re.compile(r"(?:^|(?<=[ :]))(?:#([^\s{}=]+)|id=(?:\"([^\"]*)\"|'([^']*)'|([^\s=}]+)))")
_CLOSERS = frozenset(")]`*_>~=^")
"""What an element of a line may end with; an attribute list directly behind it is its own."""


def of_tags(text: str, regions: Sequence[Span], quiet: Sequence[Span]) -> tuple[list[str], list[MarkdownLink]]:
    """The ids of tags in these stretches of raw HTML, and the addresses of links, pictures and other media; none of
    those in comments and code (``quiet``, sorted)."""
    ids: list[str] = []
    links: list[MarkdownLink] = []
    starts = [span.start for span in quiet]
    for region in regions:
        for tag in _TAG.finditer(text, region.start, region.end):
            before = bisect_right(starts, tag.start()) - 1
            if before >= 0 and tag.start() < quiet[before].end:
                continue
            name = tag[1].lower()
            for m in _ATTRIBUTE.finditer(text, tag.start(2), tag.end(2)):
                group = m.lastindex or 1
                key = m[1].lower()
                if key == "id" or (key == "name" and name == "a"):
                    ids.append(html.unescape(m[group]))
                elif (name, key) in _ADDRESSES:
                    # The HTML standard strips blanks around an address.
                    begin = m.end(group) - len(m[group].lstrip())
                    end = max(begin, m.start(group) + len(m[group].rstrip()))
                    links.append(MarkdownLink("html", m.start(), m.end(), begin, end))
    return ids, links


def of_lists(text: str, begin: int, opaque: Sequence[Span]) -> Iterator[str]:
    """The ids that attribute lists give to paragraphs, pictures, links and other elements, but for headings."""
    starts = [span.start for span in opaque]
    for m in _LIST.finditer(text, begin):
        before = bisect_right(starts, m.start()) - 1
        if before >= 0 and m.start() < opaque[before].end:
            continue
        if not (text[m.start() - 1 : m.start()] in _CLOSERS or _ends_a_block(text, m) or _ends_a_term(text, m)):
            continue
        for held in _IN_LIST.finditer(m[1]):
            yield held[held.lastindex or 1]


_DEFINITION = re.compile(r"[ \t]*(?:\r\n|[\r\n])(?:[ \t>]*(?:\r\n|[\r\n]))?[ \t>]*:[ \t]")


def _ends_a_term(text: str, m: re.Match[str]) -> bool:
    """Whether a list stands behind a term of a definition list, ``Term { #id }``."""
    return text[m.start() - 1 : m.start()] == " " and _DEFINITION.match(text, m.end()) is not None


def _ends_a_block(text: str, m: re.Match[str]) -> bool:
    """Whether a list stands alone on the last line of a block, or at the end of a cell of a table."""
    line = max(text.rfind("\n", 0, m.start()), text.rfind("\r", 0, m.start())) + 1
    behind = re.compile(r"[ \t]*(\||[\r\n]|\Z)").match(text, m.end())
    if behind is None:
        return False
    if behind[1] == "|":
        return text[m.start() - 1 : m.start()] == " "
    following = re.compile(r"[ \t>]*(?:\r\n|[\r\n]|\Z)").match(text, behind.end())
    return not text[line : m.start()].strip(" \t>") and (behind[1] == "" or following is not None)
