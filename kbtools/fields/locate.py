"""Locates frontmatter blocks, including unclosed and repeated ones."""

from __future__ import annotations

import re

from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.text.diagnostics import Problem
from kbtools.text.source import Span

_OPENER = re.compile(r"---[ \t]*(?:\r\n|\r|\n)")
_KEY_LINE = re.compile(r"(?:[ \t]*+(?:#[^\r\n]*+)?(?:\r\n|\r|\n))*+[^\W\d][\w.-]*+[ \t]*+:(?=[ \t\r\n]|\Z)")
_BLANK = re.compile(r"(?:[ \t]*+(?:\r\n|\r|\n))*+")


def body_of(text: str, span: Span) -> Span:
    """The lines between the ``---`` lines of a located block."""
    if text.startswith("---\n", span.start) and text.startswith("\n---\n", span.end - 5):
        return Span(span.start + 4, span.end - 4)
    opener = _OPENER.match(text, span.start)
    start = opener.end() if opener else span.start
    # The last line end inside the block, before its closing line; the closing line's own end follows it.
    end = span.end
    while end > start and text[end - 1] in "\r\n \t":
        end -= 1
    return Span(start, max(start, end - 3))


def unclosed(text: str) -> tuple[Problem, ...]:
    """The problem of frontmatter that is never closed; None for a page that merely begins with a rule (``---``)."""
    opener = _OPENER.match(text)
    if opener is None or not _KEY_LINE.match(text, opener.end()) or frontmatter_span(text):
        return ()
    message = "this frontmatter is never closed: no later line is just `---`"
    return (Problem("invalid-yaml", Span(0, 3), message, "write `---` on a line of its own after the last field"),)


def repeated(text: str, span: Span) -> tuple[Problem, ...]:
    """The problem of a second frontmatter block directly after the first: no tool reads it, the site prints it."""
    gap = _BLANK.match(text, span.end)
    start = gap.end() if gap else span.end
    opener = _OPENER.match(text, start)
    if opener is None or not _KEY_LINE.match(text, opener.end()):
        return ()
    block = frontmatter_span(text[start:])
    if block is None:
        return ()
    second = block.shift(start)
    message = "a second frontmatter block: only the first is read, this one shows up as text"
    return (Problem("repeated-frontmatter", second, message, "move its fields into the first block and delete it"),)
