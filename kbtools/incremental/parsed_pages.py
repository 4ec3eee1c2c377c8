"""Parsed pages of a long-running process, the most recently used ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kbtools.vault.listing import FileEntry

if TYPE_CHECKING:
    from kbtools.config.snippet_policy import Policies
    from kbtools.vault.loading import Reader
    from kbtools.vault.page import Page

_MOST = 2**20
"""Characters of text that are kept in total. A parsed page takes about ten times the memory of its text."""


class ParsedPages:
    """A cached page is valid as long as its directory entry is the same."""

    def __init__(self, parse: Reader, is_open: Callable[[str], bool]) -> None:
        """``is_open``: whether a page is open in an editor, and is kept whatever its size."""
        self._parse, self._is_open = parse, is_open
        self._kept: dict[str, tuple[FileEntry, Page]] = {}
        """The most recently used last."""
        self._size = 0

    def read(self, entry: FileEntry, policies: Policies) -> Page:
        """The page of an entry, parsed again only if the entry has changed."""
        kept = self._kept.get(entry.path)
        page = kept[1] if kept is not None and kept[0] == entry else self._parse(entry, policies)
        if page.policy != (policy := policies.of(entry.path)):
            from dataclasses import replace

            page = replace(page, policy=policy)
        self._drop(entry.path)
        self._kept[entry.path] = entry, page
        self._size += len(page.source.text)
        if self._size > _MOST:
            for path in [path for path in self._kept if path != entry.path and not self._is_open(path)]:
                self._drop(path)
                if self._size <= _MOST:
                    break
        return page

    def forget(self, is_changeable: Callable[[FileEntry], bool]) -> None:
        """Discards pages of entries whose timestamps do not reveal whether they have changed."""
        for path in [path for path, (entry, _) in self._kept.items() if is_changeable(entry)]:
            self._drop(path)

    def _drop(self, path: str) -> None:
        if (kept := self._kept.pop(path, None)) is not None:
            self._size -= len(kept[1].source.text)
