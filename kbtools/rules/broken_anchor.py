"""A link to a section that its page does not have.

The reader lands at the top of the page. Headings are compared by their text without regard to case, or by the id the
site gives them; `[[T#H1#H2]]` is H2 below H1.

## Reported

```markdown title="A.md"
[[#없는 절]]

## 있는 절
```

## Instead

```markdown title="A.md"
[[#있는 절]]

## 있는 절
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
        if target is None or link.anchor is None or index.has_heading(target, link.anchor):
            continue
        from difflib import get_close_matches

        headings = [h.text for h in index.outlines[target].headings]
        close = get_close_matches(link.anchor, headings, n=1)
        help_ = (
            f"did you mean #{close[0]}?" if close else f"its sections: {', '.join(headings[:8])}" if headings else None
        )
        message = f'{target} has no section "{link.anchor}"'
        yield Problem("broken-anchor", Span(link.target_span.end, link.span.end - 2), message, help_)
