"""Which section of a page an anchor names: by its text, its id, or its text as Obsidian writes it in a link."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from kbtools.vault.outline import Section


class Sections:
    """The sections of one page, by what links call them. A look-up costs the same however many there are."""

    def __init__(self, headings: Sequence[Section]) -> None:
        self.headings = headings

    def find(self, anchor: str) -> int | None:
        """Which of the headings an anchor names; ``H1#H2`` is the first H2 below H1."""
        parts = [key for part in anchor.split("#") if (key := _key(part))]
        if len(parts) > 1 and _key(anchor) in self._by_text:
            parts = [_key(anchor)]
        low, level = 0, 0
        found: int | None = None
        for part in parts:
            tables: list[tuple[Mapping[str, list[int]], str]] = [(self._by_text, part)]
            if len(parts) == 1:
                tables.append((self._by_id, anchor.strip()))
            tables.append((self._by_linked_text, _as_linked(part)))
            at = next((i for table, key in tables if (i := self._first(table.get(key), low, level)) is not None), None)
            if at is None:
                return None
            low, found, level = at + 1, at, self.headings[at].level
        return found

    def _first(self, places: list[int] | None, low: int, level: int) -> int | None:
        """The first of the places from ``low`` on that no heading of ``level`` or above comes before."""
        i = bisect_left(places, low) if places else 0
        if not places or i == len(places):
            return None
        at = places[i]
        if level and any(h.level <= level for h in self.headings[low : at + 1]):
            return None
        return at

    @cached_property
    def _by_text(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: _key(h.text))

    @cached_property
    def _by_id(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: h.id)

    @cached_property
    def _by_linked_text(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: _as_linked(h.text))


def _places(headings: Iterable[Section], key: Callable[[Section], str]) -> Mapping[str, list[int]]:
    places: dict[str, list[int]] = {}
    for i, heading in enumerate(headings):
        places.setdefault(key(heading), []).append(i)
    return places


_NOT_IN_ANCHORS = re.compile(r"[:#|^\\]|%%|\[\[|\]\]")


def _as_linked(text: str) -> str:
    """A heading as Obsidian writes it behind ``#``: what would end or divide the link is a blank there."""
    return _key(_NOT_IN_ANCHORS.sub(" ", text))


def _key(text: str) -> str:
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).casefold().split())
