"""An external link that is redirected permanently.

The server says that the page has another address from now on (301, 308), and that one answers. Redirects end one day:
write the new address. Temporary redirects are not reported.

## Reported

```markdown
[documentation](http://docs.pytorch.org/docs/)
```

## Instead

```markdown
[documentation](https://docs.pytorch.org/docs/stable/index.html)
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.INFO
GROUP = "links"
