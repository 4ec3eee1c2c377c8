"""A file name in decomposed form (NFD), as macOS once wrote it.

It looks like any other name, yet links, servers and git on other systems take it for a different one. kb resolves
it; other tools may not.

## Reported

```markdown title="텐서.md"
A file name typed on macOS, whose syllables are stored as single letters.
```

## Instead

```markdown title="텐서.md"
The same name, with each syllable as one character.
```
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.loading import is_decomposed
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
WITHOUT_SITE = Severity.INFO
GROUP = "vault"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if is_decomposed(page.path):
        name = unicodedata.normalize("NFC", page.path)
        message = "the file name is in decomposed form (NFD)"
        yield Problem("decomposed-file-name", Span(0, 0), message, f"rename it to {name} as typed on a keyboard (NFC)")
