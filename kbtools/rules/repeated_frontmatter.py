"""A second frontmatter block directly behind the first.

Only the first is read; the second shows up as text. Merge them.

## Reported

```markdown title="A.md"
---
title: A
---
---
status: draft
---
```

## Instead

```markdown title="A.md"
---
title: A
status: draft
---
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
