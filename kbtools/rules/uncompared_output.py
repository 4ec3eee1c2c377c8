"""Output shown for a snippet that is not compared with anything.

A comment marked with `#>` belongs to the statement it stands behind, or to the one that ends on the line above. A fence
of language `output` belongs to the snippet before it under the same heading: prose may stand between, no other fence.
Where there is none, or one that is not run, readers take the output for what the code prints, and nobody has looked.

## Reported

````markdown title="A.md"
```python
x = 1

#> 2
```
````

## Instead

````markdown title="A.md"
```python
x = 1
print(x + 1)
#> 2
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.WARNING
GROUP = "snippets"
