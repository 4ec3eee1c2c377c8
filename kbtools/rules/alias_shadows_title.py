"""An alias that is the name of another page.

A link by that name goes to the other page; the alias never works.

## Reported

```markdown title="A.md"
---
aliases: [B]
---
```

```markdown title="B.md"
[[A]]
```

## Instead

```markdown title="A.md"
---
aliases: [Another B]
---
```

```markdown title="B.md"
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "vault"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for alias in page.aliases:
        others = [p for p in context.holders(alias) if p != page.path and context.final(p) != page.path]
        if others:
            message = f'the alias "{alias}" is the name of {", ".join(others)}'
            yield Problem("alias-shadows-title", page.alias_span(alias), message, "remove the alias")
