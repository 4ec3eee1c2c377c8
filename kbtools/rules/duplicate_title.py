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

from kbtools.links import fold_title
from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.outline import Outline
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "vault"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if page.redirect is not None:
        return
    others = [p for p in context.holders(page.title) if p != page.path and _rivals(page, context.page(p))]
    if others:
        message = f'"{page.title}" is also the title of {", ".join(others)}'
        help_ = "rename one of them, or let one be duplicate_of the other"
        yield Problem("duplicate-title", page.field_span("title"), message, help_)


def _rivals(page: Page, other: Outline | None) -> bool:
    """Whether both are called so by somebody's wish, or lie in one folder: else each is the name's page in its own."""
    if other is None or other.redirect is not None or fold_title(other.title) != fold_title(page.title):
        return False
    named = page.title != page.stem or other.title != other.stem
    return named or (page.has_title and other.has_title) or page.folder == other.folder
