"""Extracts sections with heading, id and plain text from a rendered page.

Read from the HTML, not from the Markdown, because that is what readers see: embeds, macros and pages that other plugins
made are in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kbtools.site.html.sanitize import is_too_deep

_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]*>?")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_UNREAD = frozenset(
    ("script", "style", "template", "svg", "math", "object", "iframe", "noscript", "-comment", "!doctype")
)
_INLINE = frozenset(
    "a abbr b bdi cite code del em i ins kbd mark q s samp small span strong sub sup time u var wbr".split()  # noqa: SIM905
)
BREAK = "\n"
"""What stands between blocks in a section's text, so that a teaser does not run from one into the next."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: from a heading to the next."""

    anchor: str
    """The heading's id; empty for what stands before the first heading, and for the page's title."""
    heading: str
    """The heading as plain text; empty where the anchor is."""
    text: str
    """The plain text, blocks divided by ``BREAK``."""


class _Sections:
    def __init__(self) -> None:
        self.done: list[Section] = []
        self.anchor = self.heading = ""
        self.parts: list[str] = []

    def close(self) -> None:
        lines = (_SPACE.sub(" ", line).strip() for line in "".join(self.parts).split(BREAK))
        text = BREAK.join(line for line in lines if line)
        if text or self.heading:
            self.done.append(Section(self.anchor, self.heading, text))
        self.parts = []

    def start(self, level: str, anchor: str, title: str) -> None:
        self.close()
        top = level == "h1" and not self.done
        self.anchor, self.heading = ("", "") if top or not anchor else (anchor, title)
        if not anchor and not top:
            self.parts.append(title + BREAK)


def sections(page: str) -> tuple[Section, ...]:
    """The sections of a page's HTML, in order. Elements marked ``data-search-exclude`` are left out. Total."""
    out = _Sections()
    if is_too_deep(page):
        page = _TAG.sub(" ", page)
    body = LexborHTMLParser(f"<body>{page}").body
    waiting: list[LexborNode | str] = []
    if body is not None:
        waiting += list(body.iter(include_text=True))[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            out.parts.append(node)
            continue
        tag = str(node.tag)
        if tag == "-text":
            out.parts.append(node.text_content or "")
            continue
        attributes = node.attributes
        if tag in _UNREAD or "data-search-exclude" in attributes or attributes.get("class") == "headerlink":
            continue
        if tag in _HEADINGS:
            for link in node.css("a.headerlink"):
                link.decompose()
            out.start(tag, attributes.get("id") or "", _SPACE.sub(" ", node.text()).strip())
        elif tag == "pre":  # code is many small elements, and nothing but text
            out.parts += (BREAK, node.text(), BREAK)
        else:
            inner = list(node.iter(include_text=True))[::-1]
            if tag in _INLINE:
                waiting += inner
            else:
                out.parts.append(BREAK)
                waiting.append(BREAK)
                waiting += inner
    out.close()
    return tuple(out.done)
