"""An external link to an address that does not work.

`kb check --external` asks for every address on the pages. This one is gone: its server says so (404, 410), it redirects
in a circle, or its name is not known any more. Where a web archive has a copy, the finding names it. Addresses in code,
in private networks and of reserved names (`example.com`) are not asked for.

## Reported

```markdown
[the announcement](https://pytorch.org/no-such-page/)
```

## Instead

```markdown
[the announcement](https://pytorch.org/blog/)
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.WARNING
GROUP = "links"
