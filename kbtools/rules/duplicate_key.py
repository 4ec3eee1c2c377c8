"""A key that occurs twice in the frontmatter.

Readers of YAML silently keep the last one.

## Reported

```markdown title="A.md"
---
title: A
title: B
---
```

## Instead

```markdown title="A.md"
---
title: A
---
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
