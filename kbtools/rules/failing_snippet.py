"""A snippet that, when run, did not do what the page says.

It raised, crashed, ran out of time or memory, or printed something else than the page shows. The place is the page's
own line; the message holds the traceback or the difference. `kb run --update` writes what was really printed.

## Reported

```python
print(2 + 2)  # 5
```

## Instead

```python
print(2 + 2)  # 4
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
