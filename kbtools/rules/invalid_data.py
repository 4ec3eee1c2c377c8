"""A JSON, YAML or TOML fence that does not parse.

Mark it as `text` when it is a sketch. One that is clearly an excerpt is an info: it has `...`, a comment in JSON, a
placeholder such as `{{ name }}` or `<your-key>`, or is a part of an object without its braces.

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
