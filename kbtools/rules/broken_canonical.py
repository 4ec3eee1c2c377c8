"""`canonical_id`, `duplicate_of` or `redirect_to` that names no page.

A name is a page's file name, title or id; `canonical_id: self` and `duplicate_of: none` mean the page itself.

## Reported

```markdown title="A.md"
---
duplicate_of: "[[Nope]]"
---
```

## Instead

```markdown title="A.md"
---
duplicate_of: "[[B]]"
---
```

```markdown title="B.md"
# B
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for field, name in page.references:
        if context.page_named(name) is None:
            message = f'{field}: no one page is called "{name}"'
            help_ = "write a page's title, file name or id" + (", or self" if field == "canonical_id" else "")
            if "#" in page._scalar(field):
                help_ += "; a name with # in it without brackets"
            yield Problem("broken-canonical", page.field_span(field), message, help_)
