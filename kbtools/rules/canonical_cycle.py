"""Pages that name each other, or themselves, to stand for them.

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

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "frontmatter"

_ITSELF = "write none, or the page that stands for this one"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for field, name in page.references:
        way = [page.path]
        at = context.page_named(name)
        while at is not None and at not in way:
            way.append(at)
            at = context.redirect(at)
        if at == page.path and len(way) == 1 and field != "canonical_id":
            yield Problem("canonical-cycle", page.field_span(field), f"{field} names the page itself", _ITSELF)
            return
        if at == page.path and len(way) > 1:
            message = f"{field} leads back here: {' → '.join((*way, page.path))}"
            yield Problem("canonical-cycle", page.field_span(field), message, "let one page be its own canonical page")
            return
