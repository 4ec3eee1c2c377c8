"""Resolves anchors to sections: by heading text, id, or Obsidian's comparison."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice

from kbtools.config.mkdocs_file import HeadingIds
from kbtools.markdown.headings import Ids
from kbtools.vault.outline import Section


class Sections:
    """Index of the anchors of one page; look-ups take constant time."""

    def __init__(self, headings: Sequence[Section], ids: Sequence[str] = ()) -> None:
        self.headings = headings
        self.ids = frozenset(ids)
        """Ids that the page itself gives to headings and other elements."""

    def id_of(self, anchor: str) -> str | None:
        """The id on the site for an anchor."""
        exact = anchor.strip()
        if exact in self.ids and exact not in self._by_id and _key(exact) not in self._by_text:
            return exact
        at = self.find(anchor)
        return None if at is None else self.headings[at].id

    def has_address(self, fragment: str, made: HeadingIds) -> bool:
        """Whether an element has just this id on a site."""
        return fragment in self.ids or fragment in self._addresses(made)

    def address(self, at: int, made: HeadingIds) -> str:
        """The id that a site gives a heading."""
        return self.headings[at].id if made == "unicode" else self._ascii_ids[at]

    def ids_of(self, at: int) -> tuple[str, ...]:
        """The ids that kb, GitHub, and Python-Markdown without a custom slugify give a heading."""
        return self.headings[at].id, self._github_ids[at], self._ascii_ids[at]

    def _addresses(self, made: HeadingIds) -> Collection[str]:
        return self._by_id if made == "unicode" else self._ascii_addresses

    def find(self, anchor: str) -> int | None:
        """The number of the heading that an anchor names, or None; ``H1#H2`` is the first deeper H2 after H1, which
        need not be below it: as in Obsidian (``resolveSubpath`` of its API), and in many tables of contents."""
        found = self._find(anchor)
        if found is None and "&" in anchor and (plain := html.unescape(anchor)) != anchor:
            return self._find(plain)
        return found

    def _find(self, anchor: str) -> int | None:
        parts = [key for part in anchor.split("#") if (key := _key(part))]
        if len(parts) > 1 and _key(anchor) in self._by_text:
            parts = [_key(anchor)]
        low, end = 0, len(self.headings)
        found: int | None = None
        for part in parts:
            tables: list[tuple[Mapping[str, list[int]], str]] = [(self._by_text, part)]
            if len(parts) == 1:
                tables.append((self._by_id, anchor.strip()))
            tables += [(self._by_linked_text, _as_linked(part)), (self._by_stripped, _stripped(part))]
            if len(parts) == 1:
                tables.append((self._by_other_id, anchor.strip().lower()))
            places = [table.get(key) for table, key in tables]
            at = next((i for named in places if (i := self._first(named, low, end)) is not None), None)
            if at is None and found is not None:
                at = next((i for named in places if (i := self._deeper(named, found)) is not None), None)
            if at is None:
                return None
            low, found, end = at + 1, at, self._ends[at]
        return found

    @staticmethod
    def _first(places: list[int] | None, low: int, end: int) -> int | None:
        """The first position in a sorted list from ``low`` on, before ``end``."""
        i = bisect_left(places, low) if places else 0
        return places[i] if places and i < len(places) and places[i] < end else None

    def _deeper(self, places: list[int] | None, above: int) -> int | None:
        """The first of the positions after a heading whose heading is deeper."""
        level = self.headings[above].level
        behind = islice(places, bisect_left(places, above), None) if places else ()
        return next((i for i in behind if self.headings[i].level > level), None)

    @cached_property
    def texts(self) -> frozenset[str]:
        """The headings as they are written, without inline markup."""
        return frozenset(h.text for h in self.headings)

    @cached_property
    def _ends(self) -> Sequence[int]:
        """For each heading, the next one of its level or above, which ends its section."""
        ends = [len(self.headings)] * len(self.headings)
        open_: list[int] = []
        for i, heading in enumerate(self.headings):
            while open_ and self.headings[open_[-1]].level >= heading.level:
                ends[open_.pop()] = i
            open_.append(i)
        return ends

    @cached_property
    def _by_text(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: (_key(h.text),))

    @cached_property
    def _by_id(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: (h.id,))

    @cached_property
    def _by_linked_text(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: (_as_linked(h.text),))

    @cached_property
    def _by_stripped(self) -> Mapping[str, list[int]]:
        return _places(self.headings, lambda h: {_stripped(h.raw), _stripped(h.text)})

    @cached_property
    def _by_other_id(self) -> Mapping[str, list[int]]:
        """The ids that GitHub, and Python-Markdown without a custom slugify, give the headings."""
        found: dict[str, list[int]] = {}
        for i, (heading, name) in enumerate(zip(self.headings, self._github_ids, strict=True)):
            for other in {name, _ascii_slug(heading.text)}:
                found.setdefault(other, []).append(i)
        return found

    @cached_property
    def _github_ids(self) -> Sequence[str]:
        seen: dict[str, int] = {}
        found = []
        for heading in self.headings:
            slug = _github_slug(heading.text)
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            found.append(slug if not count else f"{slug}-{count}")
        return found

    @cached_property
    def _ascii_ids(self) -> Sequence[str]:
        """The ids that Python-Markdown without a custom slugify gives the headings."""
        ids = Ids(self.ids)
        return [h.id if h.id in self.ids else ids.unique(_ascii_slug(h.text)) for h in self.headings]

    @cached_property
    def _ascii_addresses(self) -> frozenset[str]:
        return frozenset(self._ascii_ids)


def _places(headings: Iterable[Section], keys: Callable[[Section], Iterable[str]]) -> Mapping[str, list[int]]:
    places: dict[str, list[int]] = {}
    for i, heading in enumerate(headings):
        for key in keys(heading):
            if key:
                places.setdefault(key, []).append(i)
    return places


_NOT_IN_ANCHORS = re.compile(r"[:#|^\\]|%%|\[\[|\]\]")
_SIGNS = re.compile(r"[!\"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\]")
_NOT_WORD = re.compile(r"[^\w\s-]")


def _as_linked(text: str) -> str:
    """A heading as Obsidian writes it after ``#`` (``stripHeadingForLink`` of its API): characters that would end or
    divide the link become blanks."""
    return _key(_NOT_IN_ANCHORS.sub(" ", text))


def _stripped(text: str) -> str:
    """A heading or an anchor in the form that Obsidian compares (``stripHeading`` of its API): without punctuation."""
    return _key(_SIGNS.sub(" ", text))


def _github_slug(text: str) -> str:
    """The id that GitHub gives a heading: of letters, their marks (those of Thai, or behind an emoji), digits and
    dashes."""
    lowered = text.strip().lower()
    if lowered.isascii():
        return _NOT_WORD.sub("", lowered).replace(" ", "-")
    kept = (c if not _NOT_WORD.match(c) or unicodedata.category(c)[0] == "M" else "" for c in lowered)
    return "".join(kept).replace(" ", "-")


def _ascii_slug(text: str) -> str:
    """Python-Markdown's ``toc.slugify``."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", _NOT_WORD.sub("", ascii_).strip().lower())


def _key(text: str) -> str:
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).casefold().split())
