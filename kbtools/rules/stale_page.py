"""A page that was not re-verified for a long time.

`last_reinforced` is older than `stale_after` days (365 unless configured). Check what it says, then record it:
`kb reinforce PAGE`.

## Reported

```markdown title="A.md"
---
last_reinforced: 2019-01-01
---
```

## Instead

```markdown title="A.md"
---
last_reinforced: 9999-01-01
---
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    last = _last(page)
    if last is not None and (context.today - last).days > context.config.stale_after:
        message = f"last verified {last:%Y-%m-%d}, more than {context.config.stale_after} days ago"
        yield Problem(
            "stale-page", page.field_span("last_reinforced"), message, f"check it, then `kb reinforce {page.path}`"
        )


def expires_on(page: Page, context: Context) -> date | None:
    """The day on which the page becomes stale."""
    last = _last(page)
    try:
        return last + timedelta(days=context.config.stale_after + 1) if last is not None else None
    except OverflowError:
        return None  # not in this calendar


def _last(page: Page) -> date | None:
    last = page.data.get("last_reinforced")
    return last.date() if isinstance(last, datetime) else last if isinstance(last, date) else None
