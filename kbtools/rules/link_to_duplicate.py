"""A link to a page that redirects to another.

A page with `duplicate_of` or `redirect_to` is no target: readers should get to the page that holds the content.
`kb reconcile --follow-duplicates --apply` rewrites such links.

## Reported

```markdown title="A.md"
[[Old]]
```

```markdown title="Old.md"
---
duplicate_of: "[[New]]"
---
```

```markdown title="New.md"
[[A]]
```

## Instead

```markdown title="A.md"
[[New|Old]]
```

```markdown title="Old.md"
---
duplicate_of: "[[New]]"
---
```

```markdown title="New.md"
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.links.resolution import Resolved
from kbtools.vault.links.spelling import relabel_fix
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.links.wiki:
        if not isinstance(resolution, Resolved) or resolution.how == "attachment":
            continue
        if context.redirect(resolution.page) is None:
            continue
        final = context.final(resolution.page)
        target = context.spelling(final)
        if resolution.page in (page.path, final) or target is None:
            continue
        fix = relabel_fix(link, target, page)
        message = f"{resolution.page} redirects to {final}"
        help_ = f"{fix.title}; `kb reconcile --follow-duplicates --apply` does"
        yield Problem("link-to-duplicate", link.target_span, message, help_, fix)
