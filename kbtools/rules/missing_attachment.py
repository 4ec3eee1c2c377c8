"""An embedded or linked file that is not in the vault.

The page shows a broken picture or a dead download. Names are compared as they are written: files on most servers
are case-sensitive.

## Reported

```markdown title="A.md"
![[그림.png]]
```

## Instead

```markdown title="A.md"
![[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.diagnostics import Problem, Severity
from kbtools.index import Missing
from kbtools.links import is_attachment_name
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.ERROR
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.index.links_of(page):
        if isinstance(resolution, Missing) and is_attachment_name(link.target):
            message = f'no file is called "{link.target}"'
            yield Problem("missing-attachment", link.target_span, message, _near(link.target, context))


def _near(target: str, context: Context) -> str | None:
    """A file of the same name but for case, folder or ending."""
    name = target.rpartition("/")[2].casefold()
    stem = name.rpartition(".")[0]
    files = sorted(context.index.attachments)
    same = [f for f in files if f.rpartition("/")[2].casefold() == name]
    same = same or [f for f in files if f.rpartition("/")[2].casefold().rpartition(".")[0] == stem]
    return f"there is {same[0]}" if same else None
