"""Two pages with the same title.

A link by that title is ambiguous from everywhere but their own folders.

In an Obsidian vault, where links go by the names of files, it is only worth knowing, and severity is info. In a graph
of Logseq only titles count that pages give themselves (`title::`). On a site of another generator (Jekyll, mdBook,
Docusaurus and the like), on a site of MkDocs without wikilinks and in Dendron, where links go by addresses, it is
nothing. Nor is it where a folder's `README.md` and `index.md` have one title.

## Reported

```markdown title="a.md"
---
title: Tensor
---
```

```markdown title="b.md"
---
title: tensor
---
```

## Instead

```markdown title="a.md"
---
title: Tensor
---
```

```markdown title="b.md"
---
title: Tensor Shapes
---
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kbtools.config.dialects import Dialect
from kbtools.links import fold_title
from kbtools.rules import MOST, Context, listed
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.names import table
from kbtools.vault.outline import Outline
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "vault"
_ENTRANCES = {"index.md": "README.md", "README.md": "index.md"}


class _Namesakes(NamedTuple):
    """Pages with one title that do not redirect to another, by path."""

    all: tuple[str, ...]
    by_wish: tuple[str, ...]
    """Those with another name than their file."""
    titled: tuple[str, ...]
    """Those with a title in the frontmatter."""
    by_folder: Mapping[str, tuple[str, ...]]
    """Those named like their file."""

    @classmethod
    def of(cls, pages: Sequence[Outline], _: object) -> Mapping[str, _Namesakes]:
        """By folded title."""
        by_title: dict[str, list[Outline]] = {}
        for page in pages:
            if page.redirect is None:
                by_title.setdefault(fold_title(page.title), []).append(page)
        return {title: cls._called(held) for title, held in by_title.items()}

    @classmethod
    def _called(cls, pages: Sequence[Outline]) -> _Namesakes:
        return cls(
            tuple(p.path for p in pages),
            tuple(p.path for p in pages if p.title != p.stem),
            tuple(p.path for p in pages if p.has_title),
            table((p.folder or ".", p.path) for p in pages if p.title == p.stem),
        )

    def rivals(self, page: Page, dialect: Dialect | None) -> tuple[Sequence[str], Sequence[str]]:
        """The pages, including this one, that have this name by choice if this one has; and those in its folder.
        Pages in other folders that are merely named like their file are no conflict."""
        if dialect == "logseq":  # names are file names there, compared exactly
            return self.titled if page.has_title else (page.path,), ()
        if page.title != page.stem:
            return self.all, ()
        near = self.by_folder.get(page.folder or ".", ())
        if not page.has_title:
            return self.by_wish, near
        return self.titled, [p for p in near if len(near) > 1 and p not in self.titled]


def check(page: Page, context: Context) -> Iterator[Problem]:
    mkdocs = context.config.mkdocs
    by_address = context.config.has_navigation or (mkdocs is not None and not mkdocs.has_wikilinks)
    if page.redirect is not None or by_address or context.config.dialect == "dendron":
        return
    if mkdocs is not None and mkdocs.is_translation(page.path):
        return
    namesakes = context.namesakes(page.title, _Namesakes.of)[fold_title(page.title)]
    called, near = namesakes.rivals(page, context.config.dialect)
    twin = _other_entrance(page, context)
    count = len(called) + len(near) - 1 - (twin is not None)
    if count:
        own = (page.path, twin)
        others = sorted(p for p in (*called[: MOST + len(own)], *near) if p not in own)
        message = f'"{page.title}" is also the title of {listed(others, count)}'
        help_ = "rename one of them, or let one be duplicate_of the other"
        # In Obsidian vaults links use file names: a repeated title is only informative.
        severity = Severity.INFO if context.config.obsidian is not None else None
        yield Problem("duplicate-title", page.field_span("title"), message, help_, severity=severity)


def _other_entrance(page: Page, context: Context) -> str | None:
    """The ``README.md`` beside an ``index.md`` of the same title, or the reverse: a code host shows one of them, and a
    site the other."""
    name = _ENTRANCES.get(page.path.rpartition("/")[2])
    other = context.page(f"{page.folder}/{name}" if page.folder else name) if name is not None else None
    is_same = other is not None and other.has_title and fold_title(other.title) == fold_title(page.title)
    return other.path if other is not None and is_same and page.has_title else None
