"""A fence that the site does not show as the code block it looks like.

The renderer wants the language first and options in braces behind it; closing fences as long as the opening one and
as far indented. What breaks one of these is shown as text, and often swallows the fence behind it, without a word
from `mkdocs build --strict`. A fence that is not shown as code is not run either.

Where no site is made of a vault, it is a warning. Where GitHub and Obsidian show the fence as it is meant, it is an
info there if the code is run or checked, and else nothing.

## Reported

````markdown title="A.md"
```python cuda
x = 1
```
````

## Instead

````markdown title="A.md"
```python {device="cuda"}
x = 1
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
WITHOUT_SITE = Severity.WARNING
GROUP = "snippets"
