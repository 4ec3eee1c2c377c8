"""Verifies that every link resolves to the same page after an edit as before.

All commands that rewrite pages use this comparison. Links are matched by position, sections by the position of their
headings, so that an edit may change the text of either.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kbtools.frontmatter import WIKILINK
from kbtools.links import WikiLink
from kbtools.markdown.file_links import FileLink
from kbtools.text.diagnostics import Edit
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.graph import PageLinks
from kbtools.vault.links.resolution import (
    Alias,
    Ambiguous,
    Elsewhere,
    FileResolution,
    Missing,
    Resolution,
    Resolved,
    target_page,
)
from kbtools.vault.links.spelling import heading_at
from kbtools.vault.page import Page

AnyLink = WikiLink | FileLink

REFERENCES = ("canonical_id", "duplicate_of", "redirect_to")
OWN_NAMES = ("title", "aliases", "alias", "id")
"""Fields that hold a page's own names, and refer to no other page."""


class ChangedMeaning(NamedTuple):
    """A link whose target changes, or a page whose structure changes."""

    path: str
    """The page's path before."""
    link: AnyLink | None
    """None for frontmatter, and for the page as a whole."""
    target: str | None = None
    """The page the link resolved to before."""
    adopted: str | None = None
    """The page a previously broken link would resolve to."""

    def shown(self, pages: Mapping[str, Page]) -> str:
        if self.link is None:
            return self.path
        source = pages[self.path].source
        at = source.lines.position(self.link.span.start)
        return f"{self.path}:{at.line}:{at.column} {self.link.span.of(source.text)}"


def few(places: Sequence[str]) -> str:
    """The first positions of several, for a message."""
    return ", ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "")


class Places:
    """Maps positions of a text to positions after edits that do not overlap."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        ordered = sorted(set(edits), key=lambda e: (e.span.start, e.span.end))
        self._starts = [e.span.start for e in ordered]
        self._edits = ordered
        self._shifts = [0]
        for e in ordered:
            self._shifts.append(self._shifts[-1] + len(e.replacement) - len(e.span))

    def after(self, offset: int) -> int:
        """The new offset of a position outside all edits; for a position within an edit, the start of the edit."""
        number = bisect_right(self._starts, offset)
        while number and self._edits[number - 1].span.start == offset and self._edits[number - 1].span:
            number -= 1  # the start of an edit is the start of its replacement
        if number and offset < self._edits[number - 1].span.end:
            offset = self._edits[number - 1].span.start
            number -= 1
        return offset + self._shifts[number]

    def touch(self, span: Span) -> bool:
        """Whether any edit changes text within a span, or at its ends."""
        number = bisect_right(self._starts, span.end)
        return any(e.span.end >= span.start for e in self._edits[max(0, number - 2) : number])


def stays(path: str) -> str:
    """The path of a page after an edit that moves no page."""
    return path


class Verifier:
    """Compares two states of a vault."""

    def __init__(
        self,
        before: Index,
        after: Index,
        edits: Mapping[str, Sequence[Edit]],
        moved: Callable[[str], str] = stays,
        unlinked: frozenset[tuple[str, int]] = frozenset(),
        *,
        only_links: bool = False,
    ) -> None:
        """``moved`` maps paths to new paths; ``unlinked`` are links (page, start) that the edit removes. With
        ``only_links``, no code, math, comment or heading may appear or disappear either."""
        self.before, self.after = before, after
        self.edits, self.moved = edits, moved
        self.renaming = moved is not stays
        self.unlinked, self.only_links = unlinked, only_links
        self._places: dict[str, Places] = {}
        self._headings: dict[str, Mapping[int, int]] = {}

    def changes(self) -> Iterator[ChangedMeaning]:
        """All differences, by page and position."""
        for path, page in self.before.pages.items():
            renewed = self.after.pages[self.moved(path)]
            if renewed is not page and self.only_links and not self._same_structure(page, renewed):
                yield ChangedMeaning(path, None)
                continue
            yield from self._links(page, renewed)
            yield from self._frontmatter(page, renewed)
        before, after = self.before.redirects, self.after.redirects
        for path in sorted({*before, *after} & self.before.pages.keys()) if self.renaming else before:
            if not self._same_redirect(path, before.get(path, ""), after.get(self.moved(path), "")):
                yield ChangedMeaning(path, None, before.get(path))

    def _same_redirect(self, path: str, was: str, now: str | None) -> bool:
        """Whether a redirect of a page leads to the same page; one that is rewritten may skip others."""
        return now == self.moved(was) or (path in self.edits and now == self.moved(self.before.final(was)))

    def places(self, path: str) -> Places:
        held = self._places.get(path)
        if held is None:
            held = self._places[path] = Places(self.edits.get(path, ()))
        return held

    # -- links

    def _links(self, page: Page, renewed: Page) -> Iterator[ChangedMeaning]:
        was, now = self.before.graph.of(page), self.after.graph.of(renewed)
        places, by_start = self.places(page.path), _by_start(now)
        links: list[tuple[AnyLink, Resolution | FileResolution]] = [*was.wiki, *was.files]
        for link, meaning in links:
            if (page.path, link.start) in self.unlinked:
                continue
            found = by_start.get((isinstance(link, WikiLink), places.after(link.start)))
            if found is None:
                if not isinstance(meaning, (Missing, Elsewhere)):
                    yield ChangedMeaning(page.path, link, target_page(meaning))
                continue
            renewed_link, renewed_meaning = found
            edited = page.path in self.edits and places.touch(link.span)
            if not self._same(meaning, renewed_meaning, edited):
                adopted = target_page(renewed_meaning) if isinstance(meaning, Missing) else None
                yield ChangedMeaning(page.path, link, target_page(meaning), adopted)
            elif not self._same_place(link, renewed_link, meaning, renewed_meaning):
                yield ChangedMeaning(page.path, link, target_page(meaning))

    def _same(self, was: Resolution | FileResolution, now: Resolution | FileResolution, edited: bool) -> bool:
        if isinstance(was, Resolved) and was.how == "attachment":
            return isinstance(now, Resolved) and now.page == self.moved(was.page)
        if isinstance(was, Resolved) or (isinstance(was, Alias) and len(was.candidates) == 1):
            there, here = target_page(was), target_page(now)
            if there is None or here is None:
                return False
            # A rewritten link may skip a redirect.
            return here == self.moved(there) or (edited and here == self.moved(self.before.final(there)))
        if isinstance(was, (Ambiguous, Alias)):
            if self.renaming and isinstance(was, Ambiguous):
                # A renamed page loses its old name, so links by it may break. They are reported.
                left = {now.page} if isinstance(now, Resolved) else set(getattr(now, "candidates", ()))
                return left <= {self.moved(p) for p in was.candidates}
            return type(now) is type(was) and {self.moved(p) for p in was.candidates} == set(now.candidates)
        return edited or not self.renaming or type(now) is type(was)

    def _same_place(
        self,
        link: AnyLink,
        renewed: AnyLink,
        was: Resolution | FileResolution,
        now: Resolution | FileResolution,
    ) -> bool:
        """Whether a link to a section or a block still resolves to the same one."""
        there, here = target_page(was), target_page(now)
        if there is None or here is None or here != self.moved(there):
            return True  # a page that redirects shows another page
        if link.block is not None:
            return not self.before.has_block(there, link.block) or (
                renewed.block is not None and self.after.has_block(here, renewed.block)
            )
        if link.anchor is None:
            return True
        unchanged = self.before.pages[there] is self.after.pages[here]
        if unchanged and link.anchor == renewed.anchor:
            return True
        at = self.before.sections(there).find(link.anchor)
        if at is None:
            named = self.before.sections(there).id_of(link.anchor)
            return named is None or named == self.after.sections(here).id_of(renewed.anchor or "")
        return self._heading_after(there, at) == self.after.sections(here).find(renewed.anchor or "")

    def _heading_after(self, path: str, number: int) -> int | None:
        """The heading after the edit that corresponds to a heading before it."""
        held = self._headings.get(path)
        if held is None:
            later = {h.start: n for n, h in enumerate(self.after.pages[self.moved(path)].headings)}
            places = self.places(path)
            held = self._headings[path] = {
                n: found
                for n, h in enumerate(self.before.pages[path].headings)
                if (found := later.get(places.after(h.start))) is not None
            }
        return held.get(number)

    # -- the rest of a page

    def _frontmatter(self, page: Page, renewed: Page) -> Iterator[ChangedMeaning]:
        was, now = tuple(named_in(page)), tuple(named_in(renewed))
        if not was and not page.references:
            return
        if len(was) != len(now):
            yield ChangedMeaning(page.path, None)
            return
        for (_, name), (_, renewed_name) in zip(page.references, renewed.references, strict=False):
            there = self.before.page_named(name, page.path)
            named = self.after.page_named(renewed_name, renewed.path)
            if there is not None and not self._same_redirect(page.path, there, named):
                yield ChangedMeaning(page.path, None, there)
        for name, renewed_name in zip(was, now, strict=True):
            meaning = self.before.resolve_name(name, page.path)
            then = self.after.resolve_name(renewed_name, renewed.path)
            if isinstance(meaning, Resolved) and not self._same(meaning, then, edited=False):
                yield ChangedMeaning(page.path, None, meaning.page)

    def _same_structure(self, page: Page, renewed: Page) -> bool:
        """Whether code, math, comments and headings are in the same places."""
        places = self.places(page.path)
        opaque = [places.after(start) for start in _opaque(page)]
        return opaque == _opaque(renewed) and [(places.after(h.start), h.level) for h in page.headings] == [
            (h.start, h.level) for h in renewed.headings
        ]


def _opaque(page: Page) -> list[int]:
    """Where opaque text of the body begins, but for that in headings: their text is compared by the links to them.

    Without ``<Two words.md>`` in a definition: a new name without blanks makes an address of what was HTML.
    """
    structure = page.structure
    head = structure.frontmatter.end if structure.frontmatter else 0
    addresses = {link.address - 1 for link in structure.links if link.kind == "definition" and link.is_pointed}
    starts = (s.start for s in structure.opaque if s.start >= head and s.start not in addresses)
    return [start for start in starts if heading_at(page, start) is None]


def _by_start(links: PageLinks) -> dict[tuple[bool, int], tuple[AnyLink, Resolution | FileResolution]]:
    found: dict[tuple[bool, int], tuple[AnyLink, Resolution | FileResolution]] = {}
    for link, meaning in links.wiki:
        found[True, link.start] = link, meaning
    for file, where in links.files:
        found[False, file.start] = file, where
    return found


def named_in(page: Page) -> Iterator[str]:
    """Targets of the wikilinks in a page's frontmatter, without redirects."""
    if page.frontmatter is None or "[[" not in page.frontmatter.span.of(page.source.text):
        return
    for path, entry in page.frontmatter.entries.items():
        if str(path[0]).lower() not in (*OWN_NAMES, *REFERENCES):
            yield from (m["target"].strip() for m in WIKILINK.finditer(entry.raw))
