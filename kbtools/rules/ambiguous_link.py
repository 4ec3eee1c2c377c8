"""A wikilink that matches two or more pages.

kb never guesses: the link is left as it is, and the site offers readers the choice. A page in the linking page's own
folder wins when it is the only one there. Write the folder to say which page is meant.

## Reported

```markdown title="A.md"
[[Dup]]
```

```markdown title="a/Dup.md"
[[A]]
```

```markdown title="b/Dup.md"
[[A]]
```

## Instead

```markdown title="A.md"
[[a/Dup|Dup]]
```

```markdown title="a/Dup.md"
[[A]]
```

```markdown title="b/Dup.md"
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import MOST, Context, listed
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.links.resolution import Ambiguous
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.links.wiki:
        if isinstance(resolution, Ambiguous):
            choices = context.suggester.choices(resolution, page.path, MOST)
            help_ = "write " + " or ".join(f"[[{c}]]" for c in choices) if choices else None
            yield Problem("ambiguous-link", link.target_span, _message(link.target, resolution), help_)
    for file, found in context.links.files:
        if isinstance(found, Ambiguous):
            help_ = "write its path from this page"
            yield Problem("ambiguous-link", file.path_span, _message(file.path, found), help_)


def _message(name: str, resolution: Ambiguous) -> str:
    return f'"{name}" is the name of {len(resolution.candidates)} pages: {listed(resolution.candidates)}'
