"""A wikilink that matches two or more pages.

kb never guesses: the link is left as it is, and the site offers readers the choice. A page in the linking page's own
folder wins when it is the only one there. Write the folder to say which page is meant.

Where no site is made of the vault it is an info, because Obsidian chooses one: the file with just this path, else the
one with the shortest path below the folder of the page, else the one with the shortest path. A definition of the page,
`[Dup]: a/Dup`, which Foam writes, says which page is meant there.

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
    # Obsidian chooses one silently; only the author can be misled, and sees the result.
    severity = None if context.config.has_site else Severity.INFO
    own = page.properties.get("alias")
    for link, resolution in context.links.wiki:
        if own is not None and own.start <= link.start < own.end:
            continue  # the property says how the page is called
        if isinstance(resolution, Ambiguous):
            choices = context.suggester.choices(resolution, page.path, MOST)
            help_ = "write " + " or ".join(f"[[{c}]]" for c in choices) if choices else None
            message = _message(link.target, resolution, context)
            yield Problem("ambiguous-link", link.target_span, message, help_, severity=severity)
    for file, found in context.links.files if not context.config.has_navigation else ():
        if isinstance(found, Ambiguous):
            help_, message = "write its path from this page", _message(file.path, found, context)
            yield Problem("ambiguous-link", file.path_span, message, help_, severity=severity)


def _message(name: str, resolution: Ambiguous, context: Context) -> str:
    found = resolution.candidates
    kind = "pages" if found[0].lower().endswith(".md") else "files"
    first = context.first_choice(name, found) if context.config.dialect is None else None
    opened = f"; Obsidian opens {first}" if first is not None else ""
    return f'"{name}" is the name of {len(found)} {kind}: {listed(found)}{opened}'
