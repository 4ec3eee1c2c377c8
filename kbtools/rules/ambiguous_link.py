"""A wikilink that two or more pages answer to.

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

from kbtools.diagnostics import Problem, Severity
from kbtools.index import Ambiguous
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.index.links_of(page):
        if isinstance(resolution, Ambiguous):
            choices = context.suggester.choices(resolution, page)
            help_ = "write " + " or ".join(f"[[{c}]]" for c in choices) if choices else None
            message = f'"{link.target}" is the name of {len(resolution.candidates)} pages: ' + ", ".join(
                resolution.candidates
            )
            yield Problem("ambiguous-link", link.target_span, message, help_)
