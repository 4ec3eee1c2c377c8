"""Pages that redirect to each other, or to themselves.

A reader sent from one to the next never arrives. `canonical_id` may name the page itself.

## Reported

```markdown title="A.md"
---
duplicate_of: "[[B]]"
---
```

```markdown title="B.md"
---
duplicate_of: "[[A]]"
---
```

## Instead

```markdown title="A.md"
---
duplicate_of: "[[B]]"
---
```

```markdown title="B.md"
---
duplicate_of: none
---
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import MOST, Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "frontmatter"

_ITSELF = "remove the field, or name the page that replaces this one"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for field, name in page.references:
        target = context.page_named(name)
        if target == page.path and field != "canonical_id":
            yield Problem("canonical-cycle", page.field_span(field), f"{field} names the page itself", _ITSELF)
            return
        if target is not None and target != page.path and context.leads_here(target):
            message = f"{field} leads back here: {' → '.join(_way(page.path, target, context))}"
            yield Problem("canonical-cycle", page.field_span(field), message, "let one page be its own canonical page")
            return


def _way(path: str, target: str, context: Context) -> Iterator[str]:
    """The pages of a cycle, shortened in the middle if it is long."""
    yield path
    at: str | None = target
    for _ in range(MOST):
        if at is None or at == path:
            break
        yield at
        at = context.redirect(at)
    else:
        if at != path:
            yield "…"
    yield path
