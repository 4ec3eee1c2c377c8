"""A file for a snippet that is not in the vault.

`files="data.csv"` copies a file into the folder that the snippet runs in. It is looked for beside the page, then from
the vault's root; a bare name may stand for a single file of that name anywhere in the vault.

## Reported

````markdown title="A.md"
```python {files="data.csv"}
print(open("data.csv").read())
```
````

## Instead

````markdown title="A.md"
```csv {file="data.csv"}
a,b
1,2
```

```python
print(open("data.csv").read())
```
````
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "snippets"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for snippet in page.snippets if page.structure.fences else ():
        for name in snippet.options.files if snippet.options.skip is None else ():
            if not _is_there(name, page.folder, context):
                place = snippet.fence.info
                yield Problem("missing-snippet-file", place, f'no file is called "{name}"', _near(name, context))


def _is_there(name: str, folder: str, context: Context) -> bool:
    places = [posixpath.normpath(posixpath.join(folder, name)), posixpath.normpath(name)]
    if name.startswith("/"):
        places = [posixpath.normpath(name.lstrip("/"))]
    files = context.files
    if any(char in name for char in "*?["):
        return any(fnmatch.filter(files, place) for place in places)
    if any(place in files or context.is_page(place) for place in places):
        return True
    return "/" not in name and sum(file.rpartition("/")[2] == name for file in files) == 1


def _near(name: str, context: Context) -> str | None:
    """Files with that name, if there are several, or only with different case."""
    wanted = name.rpartition("/")[2].casefold()
    found = sorted(file for file in context.files if file.rpartition("/")[2].casefold() == wanted)
    return "there is " + ", ".join(found[:3]) if found else None
