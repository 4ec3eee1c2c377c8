"""Applies rewrites of several pages, each completely or not at all, and returns the new texts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kbtools.edit.verify import AnyLink, ChangedMeaning, Verifier, stays
from kbtools.links import WikiLink
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Missing
from kbtools.vault.page import Page


class Rewrite(NamedTuple):
    """Edits of one page that belong together."""

    path: str
    edits: tuple[Edit, ...]
    unlinks: int | None = None
    """The start of the link that the rewrite removes."""


class LeftOut(NamedTuple):
    """A rewrite that is left out because a link would resolve to another target after it."""

    rewrite: Rewrite
    why: ChangedMeaning


class LinkChange(NamedTuple):
    """A link before and after a rewrite."""

    path: str
    link: WikiLink
    before: str
    after: str
    page: str
    """The page that the link resolves to, before and after."""


class EditPlan(NamedTuple):
    """New texts of pages, and the link changes they consist of."""

    texts: Mapping[str, str]
    changes: tuple[LinkChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Settled(NamedTuple):
    """The rewrites that keep every link's target, and the vault after them."""

    kept: tuple[Rewrite, ...]
    after: Index
    left_out: tuple[LeftOut, ...]
    unsettled: tuple[ChangedMeaning, ...] = ()
    """If files move: links whose target changes because of the move and that are not rewritten."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A vault with moved files, in which no text is rewritten yet."""

    paths: Mapping[str, str]
    """The moved files, each with its new path."""
    index: Index

    def path(self, path: str) -> str:
        return self.paths.get(path, path)


def settle(
    index: Index, rewrites: Iterable[Rewrite], *, only_links: bool = False, moved: Moved | None = None
) -> Settled:
    """Leaves out rewrites that would change a link's target, and as few as possible: first those of the link itself,
    then those of its target page, then those of any page. Changes caused by a move of files alone are not attributed
    to rewrites."""
    base, path_of = (moved.index, moved.path) if moved is not None else (index, stays)
    kept = list(rewrites)
    left_out: list[LeftOut] = []
    by_move = set(_changes(index, base, {}, path_of, frozenset(), only_links)) if moved is not None else set()
    while True:
        edits = edits_by_page(kept)
        pages = {path_of(p): edited(index.pages[p], e, path_of(p)) for p, e in edits.items()}
        after = base.with_pages({**base.pages, **pages})
        unlinked = frozenset((r.path, r.unlinks) for r in kept if r.unlinks is not None)
        changes = _changes(index, after, edits, path_of, unlinked, only_links)
        blamed: dict[Rewrite, ChangedMeaning] = {}
        by_page = _ByPage(kept)
        for change in changes:
            blame = by_page.own(change) if change in by_move else by_page.to_blame(change)
            for rewrite in blame:
                blamed.setdefault(rewrite, change)
        if not blamed:
            return Settled(tuple(kept), after, tuple(left_out), tuple(changes))
        left_out += (LeftOut(rewrite, why) for rewrite, why in blamed.items())
        kept = [rewrite for rewrite in kept if rewrite not in blamed]


def _changes(
    before: Index,
    after: Index,
    edits: Mapping[str, Sequence[Edit]],
    path_of: Callable[[str], str],
    unlinked: frozenset[tuple[str, int]],
    only_links: bool,
) -> list[ChangedMeaning]:
    """Links whose target changes; a link without a target may resolve to a moved file."""
    found = Verifier(before, after, edits, path_of, unlinked, only_links=only_links).changes()
    if path_of is stays:
        return list(found)
    return [change for change in found if not (change.link and _is_missing(before, change.path, change.link))]


def _is_missing(index: Index, path: str, link: AnyLink) -> bool:
    held = index.graph.of(index.pages[path])
    links: list[tuple[AnyLink, object]] = [*held.wiki, *held.files]
    return any(isinstance(meaning, Missing) and one is link for one, meaning in links)


class _ByPage:
    """Rewrites, by the pages and positions they change."""

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

    def own(self, change: ChangedMeaning) -> Iterable[Rewrite]:
        """The rewrites of the link."""
        if change.link is None:
            return ()
        edits, span = self._edits.get(change.path, []), change.link.span
        first = bisect_left(edits, (span.start, -1), key=_place)
        near = edits[max(0, first - 1) : bisect_right(edits, (span.end, span.end), key=_place)]
        return [rewrite for start, end, rewrite in near if start <= span.end and end >= span.start]

    def to_blame(self, change: ChangedMeaning) -> Iterable[Rewrite]:
        """The rewrites that may have changed the link's target: those of the link, else those of its target page,
        else those of its own page, else all."""
        if own := self.own(change):
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


def edited(page: Page, edits: Iterable[Edit], path: str | None = None) -> Page:
    """The page with the edits applied, under another path if given."""
    return Page.parse(
        Source(path or page.path, apply_edits(page.source.text, edits), page.source.bom),
        page.file_problems,
        page.policy,
    )


def texts_of(before: Index, after: Index) -> dict[str, str]:
    """The texts of the pages that differ afterwards."""
    return {
        path: page.source.text
        for path, page in after.pages.items()
        if page is not before.pages[path] and page.source.text != before.pages[path].source.text
    }
