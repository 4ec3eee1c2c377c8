"""A page that occurs twice in one learning path.

The site leads a reader from lesson to lesson, and a page can have only one place in that order: its first.

## Reported

```markdown title="First-Week.md"
---
learning_path: true
---

1. [[Tensor]]
2. [[Autograd]]
3. [[Tensor|Tensors again]]
```

```markdown title="Tensor.md"
# Tensor
```

```markdown title="Autograd.md"
# Autograd
```

## Instead

```markdown title="First-Week.md"
---
learning_path: true
---

1. [[Tensor]]
2. [[Autograd]]
```

```markdown title="Tensor.md"
# Tensor
```

```markdown title="Autograd.md"
# Autograd
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if not page.is_learning_path:
        return
    from kbtools.vault.learning import learning_path  # which few pages need

    seen: set[str] = set()
    for lesson in learning_path(page, context.links, context.final).lessons:
        if lesson.page is None:
            continue
        if lesson.page in seen:
            known = context.page(lesson.page)
            message = f'"{known.title if known else lesson.page}" is a lesson of this path already'
            yield Problem("repeated-lesson", lesson.link.span, message, "take one of the two out of the list")
        seen.add(lesson.page)
