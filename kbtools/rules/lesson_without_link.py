"""A step of a learning path without a link to a page.

On a page with `learning_path: true`, each item of a numbered list is a lesson and begins with the wikilink of its page;
what follows the link is the lesson's note. An item without a link is left out of the path. Use bullets for other lists.

## Reported

```markdown title="First-Week.md"
---
learning_path: true
---

1. [[Tensor]] what everything is made of
2. Now take a break.
```

```markdown title="Tensor.md"
# Tensor
```

## Instead

```markdown title="First-Week.md"
---
learning_path: true
---

1. [[Tensor]] what everything is made of

- Now take a break.
```

```markdown title="Tensor.md"
# Tensor
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import LEARNING_PATH, Page

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if not page.is_learning_path:
        return
    from kbtools.vault.learning import items  # which few pages need

    found = items(page)
    for item in found:
        if item.link is None:
            help_ = "begin it with the wikilink of the lesson's page, or make it a bullet"
            yield Problem("lesson-without-link", item.span, "this step of the learning path leads to no page", help_)
    if not found:
        message = "the learning path has no lessons"
        help_ = "write them as a numbered list of wikilinks: 1. [[Title]]"
        yield Problem("lesson-without-link", page.field_span(LEARNING_PATH), message, help_)
