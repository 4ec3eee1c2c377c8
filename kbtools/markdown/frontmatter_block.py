"""Finds the frontmatter block of a page by MkDocs' rule."""

from __future__ import annotations

import re

from kbtools.text.source import Span

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
