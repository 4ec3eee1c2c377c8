"""An unknown fence option.

The renderer swallows it silently, so a misspelled `.skip` would run.

## Reported

````markdown title="A.md"
```python {timeot="5"}
x = 1
```
````

## Instead

````markdown title="A.md"
```python {timeout="5"}
x = 1
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
