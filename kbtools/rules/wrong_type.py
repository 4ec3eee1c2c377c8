"""A value whose type differs from the schema.

YAML reads `001`, `no` and `12:30` as numbers and booleans; quote what is meant as text.

## Reported

```markdown title="A.md"
---
title: 2026
---
```

## Instead

```markdown title="A.md"
---
title: "2026"
---
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
