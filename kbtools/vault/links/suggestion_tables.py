"""Names, headings and folders of a vault that a broken link may have meant; updated page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kbtools.links import fold_title
from kbtools.text.multimap import MultiMap
from kbtools.text.near_names import NearNames
from kbtools.vault.names import ENTRANCES
from kbtools.vault.outline import Outline

_SHORTEST_ALIAS = 10
"""Minimum length of an alias to be suggested for a misspelled link."""


def is_long_alias(folded: str) -> bool:
    """Whether an alias is long enough to be suggested for a misspelled link."""
    return len(folded) >= _SHORTEST_ALIAS or (not folded.isascii() and len(folded) >= _SHORTEST_ALIAS // 2)


class SuggestionTables:
    """Depends only on the outlines of the pages that were added and not removed."""

    def __init__(self, outlines: Iterable[Outline] = ()) -> None:
        self.near_names = NearNames()
        """File names, titles and long aliases, folded."""
        self.first_headings = MultiMap[str]()
        """Pages with a single heading of the highest level at the beginning, by that heading, folded."""
        self.headings = MultiMap[tuple[str, str]]()
        """(path, text) of headings, by their folded text."""
        self.folders = MultiMap[str]()
        """Folders that contain pages, directly or indirectly, by their last name, folded."""
        self._uses = Counter[str]()
        """The number of pages with each name."""
        self._entries = Counter[str]()
        """The number of pages and folders in each folder."""
        for outline in outlines:
            self.add(outline)

    def replace(self, old: Outline | None, new: Outline | None) -> None:
        """Replaces the old state of a page by the new one; None if there is no page."""
        if old is not None and new is not None:
            self._replace_names(set(_names(old)), set(_names(new)))
            if _sections(old) != _sections(new):
                self._replace_headings(old, new)
            return
        if old is not None:
            self.remove(old)
        if new is not None:
            self.add(new)

    def add(self, page: Outline) -> None:
        self._replace_names(set(), set(_names(page)))
        self._replace_headings(None, page)
        for folder in _folders(page.path):
            self._entries[folder] += 1
            if self._entries[folder] > 1:
                break
            self.folders.add(_last_name(folder), folder)

    def remove(self, page: Outline) -> None:
        self._replace_names(set(_names(page)), set())
        self._replace_headings(page, None)
        for folder in _folders(page.path):
            self._entries[folder] -= 1
            if self._entries[folder] > 0:
                break
            del self._entries[folder]
            self.folders.discard(_last_name(folder), folder)

    def _replace_names(self, old: set[str], new: set[str]) -> None:
        for name in old - new:
            self._uses[name] -= 1
            if not self._uses[name]:
                del self._uses[name]
                self.near_names.discard(name)
        for name in new - old:
            self._uses[name] += 1
            if self._uses[name] == 1:
                self.near_names.add(name)

    def _replace_headings(self, old: Outline | None, new: Outline | None) -> None:
        """Headings in both states are kept: every page may have one of them, and removing one of many is slow."""
        before, after = Counter(_headings(old)), Counter(_headings(new))
        for folded, text in (before - after).elements():
            self.headings.discard(folded, text)
        for folded, text in (after - before).elements():
            self.headings.add(folded, text)
        was, now = (_first_heading(page) if page is not None else None for page in (old, new))
        if was == now:
            return
        if old is not None and was is not None:
            self.first_headings.discard(was, old.path)
        if new is not None and now is not None:
            self.first_headings.add(now, new.path)


def _headings(page: Outline | None) -> Iterator[tuple[str, tuple[str, str]]]:
    for heading in page.headings if page is not None else ():
        if heading.text.strip():
            yield fold_title(heading.text), (page.path, heading.text)  # type: ignore[union-attr]


def _names(page: Outline) -> Iterator[str]:
    aliases = (name for alias in page.aliases if is_long_alias(name := fold_title(alias)))
    return (name for name in (fold_title(page.stem), fold_title(page.title), *aliases) if name)


def _sections(page: Outline) -> tuple[bool, list[tuple[int, str]]]:
    return page.begins_with_heading, [(heading.level, heading.text) for heading in page.headings]


def _first_heading(page: Outline) -> str | None:
    """The heading at the beginning of a page if no other has its level, folded; None if there is none, and for the
    start page, whose heading is the name of the vault."""
    headings = page.headings
    if not page.folder and page.stem in ENTRANCES:
        return None
    if (
        not headings
        or headings[0].level != 1
        or any(h.level == 1 for h in headings[1:])
        or not page.begins_with_heading
    ):
        return None
    return fold_title(headings[0].text) or None


def _folders(path: str) -> Iterator[str]:
    """The folders that contain a page, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def _last_name(folder: str) -> str:
    return fold_title(folder.rpartition("/")[2])
