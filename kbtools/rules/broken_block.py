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

import re
from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.links.resolution import target_page
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"

_NAME = re.compile(r"[A-Za-z0-9-]+")


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.links.wiki:
        if link.block is not None:
            yield from _problem(target_page(resolution), link.block, link.place_span, context)
    for file, found in context.links.files:
        if file.block is not None and file.is_used:
            yield from _problem(target_page(found), file.block, file.fragment_span, context)


def _problem(target: str | None, block: str, span: Span, context: Context) -> Iterator[Problem]:
    if target is not None and not context.has_block(target, block):
        named = _NAME.match(block)
        if named is None:
            help_ = "the name of a block has letters, digits and dashes alone"
        elif named[0] == block:
            help_ = f"write ^{block} at the end of the block that is meant"
        else:
            known = context.has_block(target, named[0])
            help_ = f"the name ends before {block[named.end() :]}" + (f": write ^{named[0]}" if known else "")
        yield Problem("broken-block", span, f'{target} has no block "^{block}"', help_)
