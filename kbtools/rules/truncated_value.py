"""A title, alias, tag or id that a comment cuts short.

In YAML ` #` begins a comment: the title of `title: Issue #5` is "Issue". Put such values in quotes. A comment that is
meant as one stands two blanks away, with a blank behind the `#`.

## Reported

```markdown title="A.md"
---
title: Issue #5 and more
---

[[B]]
```

```markdown title="B.md"
[[Issue]]
```

## Instead

```markdown title="A.md"
---
title: "Issue #5 and more"  # as the tracker calls it
---

[[B]]
```

```markdown title="B.md"
[[A]]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.frontmatter import quoted
from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "frontmatter"

_FIELDS = frozenset(("title", "id", "alias", "aliases", "tag", "tags"))
_COMMENT = re.compile(r"(?P<gap>[ \t]+)#(?P<text>[^\r\n]*)")


def check(page: Page, context: Context) -> Iterator[Problem]:
    found = page.frontmatter
    text = page.source.text
    if found is None or " #" not in found.span.of(text):
        return
    for path, entry in found.entries.items():
        if str(path[0]).lower() not in _FIELDS or text[entry.value.start : entry.value.start + 1] in ("'", '"'):
            continue
        comment = _COMMENT.match(text, entry.value.end)
        if comment is None or (not entry.raw and entry.value):
            continue  # a list or a mapping
        is_glued = comment["text"].strip() and not comment["text"].startswith((" ", "\t", "#", "!"))
        if not (is_glued or (entry.raw and comment["gap"] == " ")):
            continue
        start = entry.value.start if entry.raw else comment.start() + len(comment["gap"])
        whole = text[start : comment.end()].rstrip()
        field = path[0] if len(path) == 1 else f"{path[0]}[{path[1]}]"
        read = f'"{entry.raw}"' if entry.raw else "empty"
        fix = Fix("put it in quotes", Applicability.UNSAFE, (Edit(Span(start, start + len(whole)), quoted(whole)),))
        span = Span(comment.start() + len(comment["gap"]), start + len(whole))
        yield Problem(
            "truncated-value",
            span,
            f"` #` begins a comment: {field} is {read}",
            f"write {quoted(whole)}",
            fix,
        )
