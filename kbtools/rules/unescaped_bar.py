r"""A label behind a bare bar in a table: the table takes the bar for the end of a cell.

The link falls apart into two cells. In the head of a table the columns no longer fit, and none of it is a table.
Inside tables the bar is written `\|`; Obsidian does so too.

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

from collections.abc import Iterator

from kbtools.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.page import Page
from kbtools.rules import Context
from kbtools.source import LineIndex, Span

SEVERITY = Severity.WARNING
GROUP = "links"

_RULED = frozenset("|:- ")


def check(page: Page, context: Context) -> Iterator[Problem]:
    labelled = [link for link in page.links if link.label is not None and not link.table]
    if not labelled:
        return
    text = page.source.text
    lines = LineIndex(text)
    rows: dict[int, bool] = {}
    for link in labelled:
        number = lines.line_of(link.span.start)
        if number not in rows:
            _mark(text, lines, number, rows)
        if not rows[number]:
            continue
        bar = text.index("|", link.target_span.start)
        fix = Fix("write \\| for the bar", Applicability.SAFE, (Edit(Span(bar, bar), "\\"),))
        message = f'inside a table the bar of "{link.target}" ends the cell'
        yield Problem("unescaped-bar", Span(bar, bar + 1), message, "write `\\|`", fix)


def _mark(text: str, lines: LineIndex, number: int, rows: dict[int, bool]) -> None:
    """Whether a line is a row of a table: one of several lines that begin with a bar, the second of which rules."""
    if not _is_row(text, lines, number):
        rows[number] = False
        return
    first = last = number
    while _is_row(text, lines, first - 1):
        first -= 1
    while _is_row(text, lines, last + 1):
        last += 1
    ruled = last > first and _is_ruler(lines.line(first + 1).of(text))
    for line in range(first, last + 1):
        rows[line] = ruled


def _is_row(text: str, lines: LineIndex, number: int) -> bool:
    return 1 <= number <= len(lines) and lines.line(number).of(text).lstrip(" \t>").startswith("|")


def _is_ruler(line: str) -> bool:
    row = line.strip(" \t>\r\n")
    return "-" in row and set(row) <= _RULED
