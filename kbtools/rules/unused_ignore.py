"""An ignore comment that suppresses nothing.

The finding was mended; the comment would hide the next one.

## Reported

```markdown title="A.md"
[[B]]

<!-- kb: ignore[broken-link] -->
[[B]]
```

```markdown title="B.md"
[[A]]
```

## Instead

```markdown title="A.md"
[[B]]

<!-- kb: ignore[broken-link] -->
[[Nope]]
```

```markdown title="B.md"
[[A]]
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.WARNING
GROUP = "vault"
