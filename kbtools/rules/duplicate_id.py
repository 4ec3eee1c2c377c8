"""Two pages with the same id.

An id names one page for ever; redirects and results hang on it. Where no site is made and no schema
holds, it is a warning.

## Reported

```markdown title="A.md"
---
id: wiki-1
---
```

```markdown title="B.md"
---
id: wiki-1
---
```

## Instead

```markdown title="A.md"
---
id: wiki-1
---
```

```markdown title="B.md"
---
id: wiki-2
---
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import MOST, Context, listed
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    held = context.holders_of_id(page.id) if page.id else ()
    if len(held) > 1:
        others = [p for p in held[: MOST + 1] if p != page.path]
        message = f'id "{page.id}" is also that of {listed(others, len(held) - 1)}'
        severity = None if context.config.has_site or context.schema is not None else Severity.WARNING
        yield Problem("duplicate-id", page.field_span("id"), message, "give one of them another id", severity=severity)
