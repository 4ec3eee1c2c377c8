"""A page without frontmatter where the schema asks for it.

`kb new TITLE` starts a page with all fields.

## Reported

```markdown title="A.md"
# A
```

## Instead

```markdown title="A.md"
---
id: wiki-2026-0508-a
title: A
category: 10_Wiki/Topics
status: verified
canonical_id: self
aliases: []
duplicate_of: none
source_trust_level: A
confidence_score: 0.9
verification_status: applied
tags: [pytorch]
raw_sources: []
last_reinforced: 2026-05-10
github_commit: pending
tech_stack: {language: Python, framework: PyTorch}
---
# A
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.diagnostics import Problem, Severity
from kbtools.page import Page
from kbtools.rules import Context
from kbtools.source import Span

SEVERITY = Severity.ERROR
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if (
        page.path in context.schemas
        and page.frontmatter is None
        and not page.problems_of("invalid-yaml", "unreadable-page")
    ):
        help_ = "begin the page with a --- block; `kb schema` lists its fields"
        yield Problem("missing-frontmatter", Span(0, 0), "the page has no frontmatter", help_)
