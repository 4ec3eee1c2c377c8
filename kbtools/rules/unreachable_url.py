"""An external link whose server gave no conclusive answer.

`kb check --external` got no answer that tells whether the page is there: the server took too long, had an error of its
own, has a certificate that is not valid, or sends link checkers away. Look at it in a browser. Addresses that are right
and never answer machines go into `external.ignore`.

## Reported

```markdown
[statistics](https://members.invalid-certificate.org/report)
```

## Instead

```toml title="kb.toml"
[external]
ignore = ["https://members.invalid-certificate.org/*"]
```
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.INFO
GROUP = "links"
