"""A redirect to a page that is itself a redirect.

A reader is sent on twice, and loses the way when the page between goes. `kb fix` names the last page of the way
instead.

## Reported

```markdown title="A.md"
---
duplicate_of: "[[B]]"
---
```

```markdown title="B.md"
---
duplicate_of: "[[C]]"
---
```

```markdown title="C.md"
# C
```

## Instead

```markdown title="A.md"
---
duplicate_of: "[[C]]"
---
```

```markdown title="B.md"
---
duplicate_of: "[[C]]"
---
```

```markdown title="C.md"
# C
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.errors import KbError
from kbtools.frontmatter import wikilink_target, with_target
from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Fix, Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "frontmatter"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for field, name in page.references:
        target = context.page_named(name)
        if target is None or context.redirect(target) is None:
            continue
        final = context.final(target)
        if final in (target, page.path):
            continue  # a loop: canonical-cycle
        message = f"{field}: {target} itself redirects to {final}"
        fix = _fix(page, context, field, final)
        help_ = f"{fix.title}; `kb fix` does" if fix else f"name {final}"
        yield Problem("double-redirect", page.field_span(field), message, help_, fix)


def _fix(page: Page, context: Context, field: str, final: str) -> Fix | None:
    """The fix that makes the field name the final page, in the same form (link or plain)."""
    from kbtools.frontmatter import set_field

    written = page.frontmatter.entries[(field,)].raw if page.frontmatter else ""
    linked = wikilink_target(written) is not None
    name = context.reference(final, by_title=linked)
    if name is None:
        return None
    value = with_target(written, name)
    try:
        edit = set_field(page.source.text, field, value)
    except KbError:
        return None  # the frontmatter is broken, which other rules report
    return Fix(f"write {field}: {edit.replacement.strip()}", Applicability.SAFE, (edit,))
