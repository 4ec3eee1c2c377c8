"""A link to a page that names another to stand for it.

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

from kbtools.diagnostics import Problem, Severity
from kbtools.index import Resolved
from kbtools.links import relabel_fix
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    index = context.index
    for link, resolution in index.links_of(page):
        if not isinstance(resolution, Resolved) or resolution.page not in index.redirects:
            continue
        final = index.final(resolution.page)
        target = index.spelling(final, page.path, context.config.link_style)
        if resolution.page in (page.path, final) or target is None:
            continue
        fix = relabel_fix(link, target, page.source.text)
        message = f"{resolution.page} stands aside for {final}"
        help_ = f"{fix.title}; `kb reconcile --follow-duplicates --apply` does"
        yield Problem("link-to-duplicate", link.target_span, message, help_, fix)
