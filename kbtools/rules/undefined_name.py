"""A snippet that uses a name nothing on the page defines.

Snippets of a page share one namespace, in order. A reader who types the page from the top gets a NameError here.

## Reported

````markdown title="A.md"
```python
print(undefined_thing)
```
````

## Instead

````markdown title="A.md"
```python
thing = 1
```

```python
print(thing)
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
