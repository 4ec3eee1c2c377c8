"""Where a page's fences, headings and unreadable stretches are: exactly what the site's renderer sees."""

from __future__ import annotations

import re

from kbtools.scanning.headings import slugify
from kbtools.scanning.page_scanner import PageScanner
from kbtools.scanning.structure import BlockId, Comment, Fence, Header, Heading, Option, Structure
from kbtools.source import Span

__all__ = [
    "BlockId",
    "Comment",
    "Fence",
    "Header",
    "Heading",
    "Option",
    "Structure",
    "frontmatter_span",
    "scan",
    "slugify",
]

_OPEN = re.compile(r"---[ \t]*(?:\r\n|\r|\n)")
_CLOSE = re.compile(r"[\r\n](?:---|\.\.\.)[ \t]*+(?:\r\n|\r|\n|\Z)")


def frontmatter_span(text: str) -> Span | None:
    """The block between ``---`` lines at the very start, or None; an unclosed block is none.

    The closing line is ``---`` or ``...``, as MkDocs takes it; one without a line end behind it, at the end of the
    text, counts as well.
    """
    if text.startswith("---\n"):
        # The usual lines, found the quick way.
        at = text.find("\n---", 3)
        if text.startswith("\n", at + 4) and at >= 0 > max(text.find("\n...", 3, at), text.find("\r", 3, at)):
            return Span(0, at + 5)
    m = _OPEN.match(text)
    if m is None:
        return None
    end = _CLOSE.search(text, m.end() - 1)
    return Span(0, end.end()) if end else None


def scan(text: str) -> Structure:
    """Everything in a page that has a place of its own. Pure, total, in time proportional to the text."""
    return PageScanner(text, frontmatter_span(text) if text.startswith("---") else None).scan()
