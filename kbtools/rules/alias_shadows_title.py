"""An alias that is the name of another page.

A link by that name goes to the other page; the alias never works. In an Obsidian vault, where aliases also help to
find a note, it is an info.

## Reported

```markdown title="A.md"
---
aliases: [B]
---
```

```markdown title="B.md"
[[A]]
```

## Instead

```markdown title="A.md"
---
aliases: [Another B]
---
```

```markdown title="B.md"
[[A]]
```
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from kbtools.links import fold_title
from kbtools.rules import MOST, Context, listed
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.outline import Outline
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "vault"


class _PagesNamed(NamedTuple):
    """The pages of a name, and the number of redirects to each target."""

    paths: tuple[str, ...]
    ends: Mapping[str, int]

    @classmethod
    def of(cls, pages: Sequence[Outline], resolver: Resolver) -> _PagesNamed:
        return cls(tuple(p.path for p in pages), Counter(resolver.final(p.path) for p in pages))


def check(page: Page, context: Context) -> Iterator[Problem]:
    if context.config.dialect == "logseq":
        return  # which makes one page of both
    for alias in page.aliases:
        called = context.namesakes(alias, _PagesNamed.of)
        is_called = fold_title(alias) in (fold_title(page.stem), fold_title(page.title))
        own = called.ends.get(page.path, 0) + (is_called and context.final(page.path) != page.path)
        count = len(called.paths) - own
        if count:
            others = (p for p in called.paths if page.path not in (p, context.final(p)))
            message = f'the alias "{alias}" is the name of {listed(list(islice(others, MOST)), count)}'
            severity = Severity.INFO if context.config.obsidian is not None else None
            yield Problem("alias-shadows-title", page.alias_span(alias), message, "remove the alias", severity=severity)
