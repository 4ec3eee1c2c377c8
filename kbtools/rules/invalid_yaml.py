"""Frontmatter that is not a YAML mapping.

Everything behind the mistake is lost to tools that read it. Tags (`!!python/object`), alias bombs, very deep or very
large frontmatter are refused for the same reason: no tool should execute or expand what a page says.

## Reported

```markdown title="A.md"
---
title: "A" by B
---
```

## Instead

```markdown title="A.md"
---
title: '"A" by B'
---
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
