"""Applies rewrites of several pages, each completely or not at all, and returns the new texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kbtools.edit.verify import Change, Verifier
from kbtools.links import WikiLink
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.page import Page


class Rewrite(NamedTuple):
    """Edits of one page that belong together."""

    path: str
    edits: tuple[Edit, ...]
    unlinks: int | None = None
    """Where the link begins that is to be none afterwards."""


class LeftOut(NamedTuple):
    """A rewrite that is not made, because a link would lead elsewhere after it."""

    rewrite: Rewrite
    why: Change


class LinkChange(NamedTuple):
    """One link before and after."""

    path: str
    link: WikiLink
    before: str
    after: str
    page: str
    """The page the link means, before and after."""


class Plan(NamedTuple):
    """New texts of pages, and the link changes they are made of."""

    texts: Mapping[str, str]
    changes: tuple[LinkChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Settled(NamedTuple):
    """The rewrites after which every link leads where it led, and the vault as they make it."""

    kept: tuple[Rewrite, ...]
    after: Index
    left_out: tuple[LeftOut, ...]


def settle(index: Index, rewrites: Iterable[Rewrite], *, only_links: bool = False) -> Settled:
    """Leave out what would lead any link elsewhere, and no more than that: first the rewrites of the link itself, then
    those of the page it leads to, then those of any page.
    """
    kept = list(rewrites)
    left_out: list[LeftOut] = []
    while True:
        edits = edits_by_page(kept)
        after = index.with_pages({**index.pages, **{p: edited(index.pages[p], e) for p, e in edits.items()}})
        unlinked = frozenset((r.path, r.unlinks) for r in kept if r.unlinks is not None)
        changes = list(Verifier(index, after, edits, unlinked=unlinked, only_links=only_links).changes())
        if not changes:
            return Settled(tuple(kept), after, tuple(left_out))
        blamed: dict[Rewrite, Change] = {}
        for change in changes:
            for rewrite in _to_blame(change, kept):
                blamed.setdefault(rewrite, change)
        left_out += (LeftOut(rewrite, why) for rewrite, why in blamed.items())
        kept = [rewrite for rewrite in kept if rewrite not in blamed]


def _to_blame(change: Change, rewrites: Sequence[Rewrite]) -> list[Rewrite]:
    here = [r for r in rewrites if r.path == change.path]
    if change.link is not None:
        span = change.link.span
        own = [r for r in here if any(e.span.start <= span.end and e.span.end >= span.start for e in r.edits)]
        if own:
            return own
    there = [r for r in rewrites if r.path == change.target]
    return there or here or list(rewrites)


def edits_by_page(rewrites: Iterable[Rewrite]) -> dict[str, tuple[Edit, ...]]:
    found: dict[str, list[Edit]] = {}
    for rewrite in rewrites:
        found.setdefault(rewrite.path, []).extend(rewrite.edits)
    return {path: tuple(dict.fromkeys(edits)) for path, edits in found.items()}


def edited(page: Page, edits: Iterable[Edit]) -> Page:
    """The page with the edits made."""
    return Page.parse(
        Source(page.path, apply_edits(page.source.text, edits), page.source.bom), page.file_problems, page.policy
    )


def texts_of(before: Index, after: Index) -> dict[str, str]:
    """The texts of the pages that are otherwise afterwards."""
    return {
        path: page.source.text
        for path, page in after.pages.items()
        if page is not before.pages[path] and page.source.text != before.pages[path].source.text
    }
