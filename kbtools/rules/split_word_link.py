"""A wikilink that cuts a word in two, as automatic linkers leave behind.

`[[Opera|Opera]]tions` links operations to an opera house. Endings behind a link are fine: Korean particles, and the
English ones of `[[Pod|Pod]]s`, `[[Cache|Cache]]d`. The unsafe fix removes the link and leaves the word.

## Reported

```markdown title="A.md"
[[Opera|Opera]]tions
```

```markdown title="Opera.md"
[[A]]
```

## Instead

```markdown title="A.md"
Operations, [[Opera]]를, [[Opera|Opera]]s
```

```markdown title="Opera.md"
[[A]]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"


_BEHIND = re.compile(r"(?!(?:e?s|e?d|e?rs?|ing|ly|n)\b)[A-Za-z]+")
_BEFORE = re.compile(r"[A-Za-z]$")


def check(page: Page, context: Context) -> Iterator[Problem]:
    text = page.source.text
    for link in page.links:
        if link.embed or link.label is None or link.label.strip().casefold() != link.target.casefold():
            continue
        behind = _BEHIND.match(text, link.span.end)
        before = _BEFORE.search(text, max(0, link.span.start - 1), link.span.start)
        if not behind and not before:
            continue
        edits = (Edit(link.span, link.label),)
        fix = Fix(f"write {link.label} without a link", Applicability.UNSAFE, edits, unlinks=True)
        message = f'the link to "{link.target}" stands inside a word'
        yield Problem("split-word-link", link.span, message, "unlink the word: `kb fix --unsafe`", fix)
