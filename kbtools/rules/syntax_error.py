"""A Python fence that is not valid Python.

## Reported

````markdown title="A.md"
```python
print("hi"
```
````

## Instead

````markdown title="A.md"
```python
print("hi")
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
