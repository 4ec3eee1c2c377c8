r"""A wikilink in a table whose bar is not escaped, so that it ends the cell.

The link falls apart into two cells. In the head of a table the columns no longer fit, and none of it is a table.
Inside tables the bar is written `\|`; Obsidian does so too.

Python-Markdown goes on with a table up to the next blank line. A heading, list or quotation behind it ends it for
GitHub and Obsidian, so that nothing is reported there where no site is made. Nothing is reported in a garden of
Quartz, which escapes these bars itself, in rows that begin with a bar.

## Reported

```markdown title="A.md"
| page | about |
|---|---|
| [[Tensor|텐서]] | arrays |
```

```markdown title="Tensor.md"
[[A]]
```

## Instead

```markdown title="A.md"
| page | about |
|---|---|
| [[Tensor\|텐서]] | arrays |
```

```markdown title="Tensor.md"
[[A]]
```
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from kbtools.links import WikiLink
from kbtools.markdown.blocks.tables import count_cells, is_table_rule
from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.links.spelling import is_in_table
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"

_NO_ROW = (">", "#", "!")
_CONTAINERS = " \t>"
_ENDS_TABLE = re.compile(r">|#{1,6}\s|[-*+]\s|\d{1,9}[.)]\s|```|~~~|<")
"""The beginning of blocks that end a table in GitHub and Obsidian."""


class Behind(NamedTuple):
    """Text directly after the rows of a table."""

    start: int
    site_only: bool
    """Whether the link's line or one before it ends the table in GitHub and Obsidian."""


def check(page: Page, context: Context) -> Iterator[Problem]:
    text, lines = page.source.text, page.source.lines
    known: dict[int, Behind | None] = {}
    lost_until = -1
    """The end of a block that is no table because of the bars in its first line."""
    is_quartz = context.config.generator == "quartz"
    for link in page.links:
        if link.label is None or link.table:
            continue
        if is_quartz and lines.line(lines.line_of(link.start)).of(text).startswith("|"):
            continue  # Quartz escapes it (``tableRegex`` of its transformer ``ofm``)
        if link.start >= lost_until and not is_in_table(page, link.start):
            if not _is_lost_head(page, link):
                continue
            number = lines.line_of(link.start)
            while number < len(lines) and lines.line(number + 1).of(text).strip(_CONTAINERS):
                number += 1
            lost_until = lines.line(number).end
        bar = text.index("|", link.target_span.start)
        behind = _behind_table(page, link, known)
        if behind is not None:
            at, way = Span(behind.start, behind.start), "leave a blank line behind the table"
            eol = "\r\n" if text.startswith("\r\n", behind.start - 2) else "\n"
            fix = Fix(way, Applicability.SAFE, (Edit(at, eol),))
            message = f'the table above goes on, and the bar of "{link.target}" ends a cell of it'
            yield Problem("unescaped-bar", Span(bar, bar + 1), message, way, fix, site_only=behind.site_only)
            continue
        fix = Fix("write \\| for the bar", Applicability.SAFE, (Edit(Span(bar, bar), "\\"),))
        message = f'inside a table the bar of "{link.target}" ends the cell'
        yield Problem("unescaped-bar", Span(bar, bar + 1), message, "write `\\|`", fix)


def _behind_table(page: Page, link: WikiLink, known: dict[int, Behind | None]) -> Behind | None:
    """The text directly after the rows of a table that is not meant as rows: its first line is a heading, a
    quotation or a picture, or has no bar although all rows begin with one. ``known`` caches the result for each
    line."""
    text, lines = page.source.text, page.source.lines
    number = above = lines.line_of(link.start)
    row = ""
    while above not in known and above and (row := lines.line(above).of(text).strip()) and row[0] != "|":
        above -= 1
    is_row = above not in known and row.startswith("|")
    behind = known.get(above)
    for line in range(above + 1, number + 1):
        span = lines.line(line)
        words = span.of(text).lstrip(" ")
        if is_row and line == above + 1 and (words.startswith(_NO_ROW) or "|" not in words):
            behind = Behind(span.start, False)
        if behind is not None and _ENDS_TABLE.match(words):
            behind = behind._replace(site_only=True)
        known[line] = behind
    return behind


def _is_lost_head(page: Page, link: WikiLink) -> bool:
    """Whether a link is on a line that would be the head of a table if its bars were escaped: the next line has as
    many cells."""
    text, lines = page.source.text, page.source.lines
    number = lines.line_of(link.start)
    if number == len(lines):
        return False
    line, below = lines.line(number), lines.line(number + 1).of(text).strip(_CONTAINERS)
    if not is_table_rule(below):
        return False
    escaped, at = "", line.start
    first = bisect_left(page.links, line.start, key=lambda other: other.start)
    for other in page.links[first:]:
        if other.start >= line.end:
            break
        if other.label is not None and not other.table:
            bar = text.index("|", other.target_span.start)
            escaped += text[at:bar] + "\\"
            at = bar
    head = (escaped + text[at : line.end]).strip(_CONTAINERS)
    return count_cells(head) == count_cells(below) != count_cells(line.of(text).strip(_CONTAINERS))
