"""A page without the frontmatter that its schema requires.

`kb new TITLE` starts a page with all fields.

## Reported

```markdown title="A.md"
# A
```

## Instead

```markdown title="A.md"
---
title: A
---

# A
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if (
        context.schema is not None
        and page.frontmatter is None
        and not page.problems_of("invalid-yaml", "unreadable-page")
    ):
        help_ = "begin the page with a --- block; `kb schema` lists its fields"
        yield Problem("missing-frontmatter", Span(0, 0), "the page has no frontmatter", help_)
