"""A fence option with a value it cannot have.

## Reported

````markdown title="A.md"
```python {timeout="soon"}
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
