"""Result of a scan: the spans and elements of one page."""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal, NamedTuple

from kbtools.text.diagnostics import Problem
from kbtools.text.source import Span


class Option(NamedTuple):
    """One ``key="value"`` of a fence's info string."""

    key: str
    value: str
    span: Span
    """The whole ``key="value"``."""


class Header(NamedTuple):
    """Syntax of a fence's info string; ``snippets`` interprets it."""

    language: str
    id: str | None = None
    classes: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    tool: str = ""
    """Another tool whose header this is, and whose cell or directive the fence: Quarto's, MyST's."""


class Fence(NamedTuple):
    """A fenced block of code that the site renders as code."""

    span: Span
    """From the first character of the opening fence (after any container prefix) to the end of the closing one."""
    info: Span
    """The info string, without surrounding blanks; empty and at the end of the fence's characters if there is none."""
    header: Header
    lines: tuple[Span, ...]
    """One span a line of the body, without the container's prefix and without the line end."""
    code: str
    """The body: lines joined by ``\\n``, and a last ``\\n`` unless it is empty."""


class Heading(NamedTuple):
    """A heading as rendered."""

    level: int
    text: str
    """Without inline markup, as the table of contents shows it."""
    id: str
    """The id the site gives it: from an attribute list, else the slug; made unique in the page."""
    start: int
    """Of its line."""
    end: int
    """Of its line, or the last of its lines."""
    raw: str = ""
    """Its text as written, without an attribute list, where that differs: what Obsidian compares with."""

    @property
    def span(self) -> Span:
        """The whole line or lines."""
        return Span(self.start, self.end)


class MarkdownLink(NamedTuple):
    """``[text](address)``, ``![text](address)``, ``[name]: address``, or an ``href`` or ``src`` of raw HTML."""

    kind: Literal["link", "image", "definition", "html"]
    start: int
    end: int
    """Of all of it; of the attribute in HTML."""
    address: int
    address_end: int
    """Where the address stands, without what encloses it and without a title."""
    is_pointed: bool = False
    """Between ``<`` and ``>``, where blanks may stand."""
    is_used: bool = True
    """Whether any link of the page is by this definition."""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


class Comment(NamedTuple):
    """An HTML comment outside code."""

    span: Span
    text: str


class BlockId(NamedTuple):
    """An Obsidian block id: ``^name`` at the end of a block."""

    name: str
    span: Span


class Structure(NamedTuple):
    """What one text holds, by place. All tuples are sorted by where they start."""

    frontmatter: Span | None
    """From the opening ``---`` to the end of the closing line, its line end included."""
    fences: tuple[Fence, ...]
    headings: tuple[Heading, ...]
    comments: tuple[Comment, ...]
    block_ids: tuple[BlockId, ...]
    opaque: tuple[Span, ...]
    """Disjoint: frontmatter, code of every kind, comments, math, raw HTML. No wikilink belongs in there."""
    problems: tuple[Problem, ...]
    """``irregular-fence`` and the like, each with what to do."""
    links: tuple[MarkdownLink, ...] = ()
    """Of raw HTML those in opaque text too."""
    table_rows: tuple[Span, ...] = ()
    """The lines of tables, but for those that rule off the head."""
    raw: tuple[Span, ...] = ()
    """Raw HTML that stands as blocks: tags, and what is between them where it is not read as Markdown."""
    math: tuple[Span, ...] = ()
    """Formulas."""
    ids: tuple[str, ...] = ()
    """Ids and names that the page itself gives, and a link can lead to: of HTML, of attribute lists, of footnotes."""


def union(stretches: list[tuple[int, int]]) -> tuple[Span, ...]:
    """Stretches as disjoint spans in order; those that overlap or touch become one, empty ones none."""
    if len(stretches) == 1 and stretches[0][0] < stretches[0][1]:
        return (Span(*stretches[0]),)
    found: list[Span] = []
    start = end = -1
    for low, high in sorted(stretches):
        if low > end:
            if end > start:
                found.append(Span(start, end))
            start, end = low, high
        elif high > end:
            end = high
    if end > start:
        found.append(Span(start, end))
    return tuple(found)


def outside(links: list[MarkdownLink], opaque: tuple[Span, ...]) -> tuple[MarkdownLink, ...]:
    """The links in order, without those that begin in opaque text, unless they are HTML's."""
    starts = [span.start for span in opaque]
    kept = []
    for link in links:
        before = bisect_right(starts, link.start) - 1
        if link.kind == "html" or before < 0 or link.start >= opaque[before].end:
            kept.append(link)
    return tuple(sorted(kept, key=lambda link: link.start))
