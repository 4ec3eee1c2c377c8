"""A link to a page whose frontmatter excludes it from publication.

`draft: true`, or Obsidian Publish's `publish: false`, keeps a page off the site, and the link with it: readers see its
words. Only reported where there is a `mkdocs.yml`, and not on drafts themselves.

## Reported

```yaml title="mkdocs.yml"
site_name: Notes
docs_dir: .
```

```markdown title="A.md"
[[B]]
```

```markdown title="B.md"
---
draft: true
---

[[A]]
```

## Instead

```yaml title="mkdocs.yml"
site_name: Notes
docs_dir: .
```

```markdown title="A.md"
More on this will follow.
```

```markdown title="B.md"
---
draft: true
---

[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if context.config.mkdocs is None or not page.is_published:
        return
    for path, link in context.links.targets():
        if path == page.path:
            continue
        target = context.page(path)
        if target is not None and not target.is_published:
            message = f"the site does not have {path}: its frontmatter keeps it back"
            yield Problem("link-to-draft", link.span, message, "publish the page, or leave out the link")
