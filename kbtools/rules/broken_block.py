"""A link to a block id that its page does not have.

A block id is written `^name` at the end of a paragraph or list item, or alone below it.

## Reported

```markdown title="A.md"
[[#^blk]]

문단이다.
```

## Instead

```markdown title="A.md"
[[#^blk]]

문단이다. ^blk
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.diagnostics import Problem, Severity
from kbtools.page import Page
from kbtools.rules import Context
from kbtools.source import Span

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    index = context.index
    for link, resolution in index.links_of(page):
        target = index.target_page(resolution)
        if target is not None and link.block is not None and not index.has_block(target, link.block):
            message = f'{target} has no block "^{link.block}"'
            help_ = f"write ^{link.block} at the end of the block that is meant"
            yield Problem("broken-block", Span(link.target_span.end, link.span.end - 2), message, help_)
