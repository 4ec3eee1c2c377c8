"""Pages that name each other to stand for them.

A reader sent from one to the next never arrives.

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

from kbtools.diagnostics import Problem, Severity
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.ERROR
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for field, name in page.references:
        way = [page.path]
        at = context.index.page_named(name, page.path)
        while at is not None and at not in way:
            way.append(at)
            at = context.index.redirects.get(at)
        if at == page.path and len(way) > 1:
            message = f"{field} leads back here: {' → '.join((*way, page.path))}"
            yield Problem("canonical-cycle", page.field_span(field), message, "let one page be its own canonical page")
            return
