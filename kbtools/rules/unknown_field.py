"""A field that is not in the schema.

Most often a misspelling, which makes the real field missing.

## Reported

```markdown title="A.md"
---
confidense: 0.9
---
```

## Instead

```markdown title="A.md"
---
confidence_score: 0.9
---
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
