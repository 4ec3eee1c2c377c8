"""Extracts sections with heading, id and plain text from a rendered page.

Read from the HTML, not from the Markdown, because that is what readers see: embeds, macros and pages that other plugins
made are in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbtools.site.html.tree import Element, Tree

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_UNREAD = frozenset(("script", "style", "template", "svg", "math", "object", "iframe", "noscript"))
_INLINE = frozenset(
    "a abbr b bdi cite code del em i ins kbd mark q s samp small span strong sub sup time u var wbr".split()  # noqa: SIM905
)
BREAK = "\n"
"""What stands between blocks in a section's text, so that a teaser does not run from one into the next."""


@dataclass(frozen=True, slots=True)
class SearchSection:
    """A part of a page: from a heading to the next."""

    anchor: str
    """The heading's id; empty for what stands before the first heading, and for the page's title."""
    heading: str
    """The heading as plain text; empty where the anchor is."""
    text: str
    """The plain text, blocks divided by ``BREAK``."""


class _Sections:
    def __init__(self) -> None:
        self.done: list[SearchSection] = []
        self.anchor = self.heading = ""
        self.parts: list[str] = []

    def close(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self.parts).split(BREAK))
        text = BREAK.join(line for line in lines if line)
        if text or self.heading:
            self.done.append(SearchSection(self.anchor, self.heading, text))
        self.parts = []

    def start(self, level: str, anchor: str, title: str) -> None:
        self.close()
        top = level == "h1" and not self.done
        self.anchor, self.heading = ("", "") if top or not anchor else (anchor, title)
        if not anchor and not top:
            self.parts.append(title + BREAK)


def sections(page: Tree) -> tuple[SearchSection, ...]:
    """The sections of a page, in order. Elements marked ``data-search-exclude`` are left out. Total."""
    out = _Sections()
    at = 0
    opened: list[Element] = []

    def until(place: int) -> None:
        """Take the text up to a place, and the ends of elements there."""
        nonlocal at
        while opened and opened[-1].end <= place:
            out.parts += (page.plain(at, opened[-1].close), BREAK)
            at = opened.pop().end
        out.parts.append(page.plain(at, place))
        at = place

    for element in page.elements:
        if element.start < at:  # within one that was taken or left out as a whole
            continue
        until(element.start)
        tag = element.name
        if tag in _UNREAD or "data-search-exclude" in element.raw or element.get("class") == "headerlink":
            at = element.end
        elif tag in _HEADINGS:
            title = "".join(page.plain(*span) for span in _without_permalinks(page, element))
            out.start(tag, element.get("id") or "", " ".join(title.split()))
            at = element.end
        elif tag == "pre":  # code is many small elements, and nothing but text
            out.parts += (BREAK, page.plain(element.inside, element.close), BREAK)
            at = element.end
        elif tag in _INLINE:
            at = element.inside
        else:
            out.parts.append(BREAK)
            at = element.inside
            opened.append(element)
    until(len(page.html))
    out.close()
    return tuple(out.done)


def _without_permalinks(page: Tree, heading: Element) -> Iterator[tuple[int, int]]:
    """The parts of a heading's text between its permalinks."""
    at = heading.inside
    for link in page.within(heading):
        if link.name == "a" and "headerlink" in link.classes:
            yield at, link.start
            at = link.end
    yield at, heading.close
