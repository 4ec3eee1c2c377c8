"""Two snippets of a page with the same id.

Results are kept by id.

## Reported

````markdown title="A.md"
```python {#x}
a = 1
```

```python {#x}
b = 1
```
````

## Instead

````markdown title="A.md"
```python {#x}
a = 1
```

```python {#y}
b = 1
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
