"""Fields that contradict each other.

A duplicate names the page it duplicates, and a page that names one is a duplicate (or merged); `redirected` goes with
a page that redirects to another; `canonical_id` and `duplicate_of` name the same page.

## Reported

```markdown title="A.md"
---
status: duplicate
duplicate_of: none
---
```

## Instead

```markdown title="A.md"
---
status: duplicate
duplicate_of: "[[B]]"
---
```

```markdown title="B.md"
---
status: verified
duplicate_of: none
---
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "frontmatter"

ASIDE = ("duplicate", "merged")
"""Values of ``status`` that say that another page replaces this one."""
REDIRECTED = "redirected"
"""The value of ``verification_status`` with the same meaning."""


def check(page: Page, context: Context) -> Iterator[Problem]:
    status, verification = page.data.get("status"), page.data.get("verification_status")
    if status in ASIDE and not page.references:
        message = f'status is "{status}", but no page is named to stand for this one'
        yield Problem("inconsistent-status", page.field_span("status"), message, 'set duplicate_of: "[[Title]]"')
    if page.redirect and isinstance(status, str) and status not in ASIDE:
        message = f'the page redirects to "{page.redirect}", but its status is "{status}"'
        yield Problem("inconsistent-status", page.field_span("status"), message, "set status: duplicate")
    if verification == REDIRECTED and not page.references:
        message = 'verification_status is "redirected", but no page is named to stand for this one'
        yield Problem("inconsistent-status", page.field_span("verification_status"), message)
    named = {context.page_named(name) for _, name in page.references} - {None}
    if len(named) > 1:
        message = f"the page redirects to more than one page: {', '.join(sorted(str(n) for n in named))}"
        yield Problem("inconsistent-status", page.field_span(page.references[0][0]), message, "name one page")
