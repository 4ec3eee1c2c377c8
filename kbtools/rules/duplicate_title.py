"""Two pages with the same title.

A link by that title is ambiguous from everywhere but their own folders.

## Reported

```markdown title="a.md"
---
title: Tensor
---
```

```markdown title="b.md"
---
title: tensor
---
```

## Instead

```markdown title="a.md"
---
title: Tensor
---
```

```markdown title="b.md"
---
title: Tensor Shapes
---
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.diagnostics import Problem, Severity
from kbtools.links import fold_title
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.WARNING
GROUP = "vault"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if page.redirect is not None:
        return
    named = context.index.by_fold.get(fold_title(page.title), ())
    others = [
        p
        for p in named
        if p != page.path
        and context.index.outlines[p].redirect is None
        and fold_title(context.index.outlines[p].title) == fold_title(page.title)
    ]
    if others:
        message = f'"{page.title}" is also the title of {", ".join(others)}'
        help_ = "rename one of them, or let one be duplicate_of the other"
        yield Problem("duplicate-title", page.field_span("title"), message, help_)
