"""A wikilink spelled as an alias of a page.

The site follows an alias that exactly one page holds, so readers arrive. It is named because an alias can come to
belong to another page; nothing rewrites it unasked. `kb fix --unsafe` writes the page's name and keeps the alias as
the label.

## Reported

```markdown title="A.md"
[[파이토치 기초]]
```

```markdown title="B.md"
---
aliases: [파이토치 기초]
---
[[A]]
```

## Instead

```markdown title="A.md"
[[B|파이토치 기초]]
```

```markdown title="B.md"
---
aliases: [파이토치 기초]
---
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context, listed
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.links.resolution import Alias
from kbtools.vault.links.spelling import relabel_fix
from kbtools.vault.page import Page

SEVERITY = Severity.INFO
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.links.wiki:
        if not isinstance(resolution, Alias):
            continue
        if len(resolution.candidates) > 1:
            holders = listed(resolution.candidates)
            message = f'"{link.target}" is an alias of {len(resolution.candidates)} pages: {holders}'
            yield Problem("alias-link", link.target_span, message, "write the title of the page that is meant")
            continue
        fix, help_ = None, None
        if (name := context.spelling(context.final(resolution.candidates[0]))) is not None:
            fix = relabel_fix(link, name, page)
            help_ = f"`kb fix --unsafe` writes {fix.edits[0].replacement}"
        message = f'"{link.target}" is an alias of {resolution.candidates[0]}'
        yield Problem("alias-link", link.target_span, message, help_, fix)
