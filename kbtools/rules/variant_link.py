"""A wikilink whose spelling differs from the page's own.

It means one page, but only after case, blanks, `_` and dashes are evened out; Obsidian and other tools will not
follow it. `kb reconcile --apply` (or `kb fix`) rewrites it to the canonical title and touches nothing else: anchor,
label and particles stay.

## Reported

```markdown title="A.md"
[[pytorch foundations|기초]]는
```

```markdown title="PyTorch Foundations.md"
[[A]]
```

## Instead

```markdown title="A.md"
[[PyTorch Foundations|기초]]는
```

```markdown title="PyTorch Foundations.md"
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.diagnostics import Applicability, Fix, Problem, Severity
from kbtools.index import Resolved
from kbtools.links import reconcile
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    redirects = context.index.redirects  # links to those are link-to-duplicate
    for link, resolution in context.index.links_of(page):
        if not isinstance(resolution, Resolved) or resolution.how != "variant" or resolution.page in redirects:
            continue
        target = context.index.canonical(link, resolution, page, context.config.link_style)
        if target is None:
            message = f'"{link.target}" is not the exact name of {resolution.page}'
            yield Problem("variant-link", link.target_span, message)
            continue
        edits = reconcile((link,), lambda _, target=target: target)  # type: ignore[misc]
        fix = Fix(f"write [[{target}]]", Applicability.SAFE, edits)
        message = f'"{link.target}" is spelled "{target}"'
        yield Problem("variant-link", link.target_span, message, "`kb reconcile --apply` rewrites it", fix)
