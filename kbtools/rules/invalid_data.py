"""A JSON, YAML or TOML fence that does not parse.

Mark it as `text` when it is a sketch.

## Reported

````markdown title="A.md"
```json
{"a": }
```
````

## Instead

````markdown title="A.md"
```json
{"a": 1}
```
````
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
