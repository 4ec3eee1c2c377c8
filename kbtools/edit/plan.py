"""Applies rewrites of several pages, each completely or not at all, and returns the new texts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kbtools.edit.verify import ChangedMeaning, Verifier
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
    why: ChangedMeaning


class LinkChange(NamedTuple):
    """One link before and after."""

    path: str
    link: WikiLink
    before: str
    after: str
    page: str
    """The page the link means, before and after."""


class EditPlan(NamedTuple):
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
        blamed: dict[Rewrite, ChangedMeaning] = {}
        by_page = _ByPage(kept)
        for change in changes:
            for rewrite in by_page.to_blame(change):
                blamed.setdefault(rewrite, change)
        left_out += (LeftOut(rewrite, why) for rewrite, why in blamed.items())
        kept = [rewrite for rewrite in kept if rewrite not in blamed]


class _ByPage:
    """Rewrites by the pages and places they change."""

    def __init__(self, rewrites: Sequence[Rewrite]) -> None:
        self._all = rewrites
        self._of: dict[str, list[Rewrite]] = {}
        self._edits: dict[str, list[tuple[int, int, Rewrite]]] = {}
        for rewrite in rewrites:
            self._of.setdefault(rewrite.path, []).append(rewrite)
            edits = self._edits.setdefault(rewrite.path, [])
            edits += ((e.span.start, e.span.end, rewrite) for e in rewrite.edits)
        for edits in self._edits.values():
            edits.sort(key=_place)

    def to_blame(self, change: ChangedMeaning) -> Iterable[Rewrite]:
        """The rewrites of the link; failing that those of the page it leads to, of its own page, or all."""
        if change.link is not None:
            edits, span = self._edits.get(change.path, []), change.link.span
            first = bisect_left(edits, (span.start, -1), key=_place)
            near = edits[max(0, first - 1) : bisect_right(edits, (span.end, span.end), key=_place)]
            own = [rewrite for start, end, rewrite in near if start <= span.end and end >= span.start]
            if own:
                return own
        there = self._of.get(change.target, ()) if change.target is not None else ()
        return there or self._of.get(change.path, ()) or self._all


def _place(edit: tuple[int, int, Rewrite]) -> tuple[int, int]:
    return edit[:2]


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
