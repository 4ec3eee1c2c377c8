"""A wikilink in the frontmatter without quotes.

YAML reads `[[Title]]` as a list in a list. The safe fix quotes it.

## Reported

```markdown title="A.md"
---
duplicate_of: [[B]]
---
```

```markdown title="B.md"
# B
```

## Instead

```markdown title="A.md"
---
duplicate_of: "[[B]]"
---
```

```markdown title="B.md"
# B
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.WARNING
GROUP = "frontmatter"
