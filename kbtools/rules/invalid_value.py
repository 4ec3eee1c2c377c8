"""A value of the right type that the schema does not allow.

## Reported

```markdown title="A.md"
---
status: fine
---
```

## Instead

```markdown title="A.md"
---
status: verified
---
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
