"""A field that the schema requires is missing.

`kb schema` prints the schema of a page.

## Reported

```markdown title="A.md"
---
id: wiki-2026-0508-a
title: A
category: 10_Wiki/Topics
canonical_id: self
aliases: []
duplicate_of: none
source_trust_level: A
confidence_score: 0.9
verification_status: applied
tags: [pytorch]
raw_sources: []
last_reinforced: 2026-05-10
github_commit: pending
tech_stack: {language: Python, framework: PyTorch}
---
# A
```

## Instead

```markdown title="A.md"
---
id: wiki-2026-0508-a
title: A
category: 10_Wiki/Topics
status: verified
canonical_id: self
aliases: []
duplicate_of: none
source_trust_level: A
confidence_score: 0.9
verification_status: applied
tags: [pytorch]
raw_sources: []
last_reinforced: 2026-05-10
github_commit: pending
tech_stack: {language: Python, framework: PyTorch}
---
# A
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "frontmatter"
