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
from datetime import date, datetime

from kbtools.diagnostics import Problem, Severity
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.WARNING
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    last = page.data.get("last_reinforced")
    if not isinstance(last, date):
        return
    age = (context.today - (last.date() if isinstance(last, datetime) else last)).days
    if age > context.config.stale_after:
        message = f"last verified {last:%Y-%m-%d}, more than {context.config.stale_after} days ago"
        yield Problem(
            "stale-page", page.field_span("last_reinforced"), message, f"check it, then `kb reinforce {page.path}`"
        )
