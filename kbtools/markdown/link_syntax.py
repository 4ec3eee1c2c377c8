"""Parses Markdown links and pictures in a text: ``[text](address)``, ``[text][name]``.

A port of Python-Markdown 3.11's ``LinkInlineProcessor`` and its kin, in the order of their priorities: references,
links, pictures, short references. What binds stronger (code, math, wikilinks, escapes) is masked before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterator
from typing import NamedTuple

from kbtools.markdown.marks import STX

WIKILINK = re.compile(r"\[\[([^\[\]|\r\n]*)(?:\|((?:[^\[\]\r\n]|\[(?!\[)|\](?!\]))*))?\]\]")
"""The brackets of a wikilink: no line end and no bracket in the target, a label may hold single brackets. Every
alternative starts with another character, so the pattern cannot backtrack more than once a character."""
ADDRESS_BEHIND = re.compile(r"\((?:[^()\r\n]|\([^()\r\n]*\))*\)")
"""What makes ``[[x]](address)`` an ordinary link whose text is ``[x]``. An address may hold parentheses in pairs."""

_ESCAPE = re.compile(r"\\[\\`*_{}\[\]()>#+\-.!|$^ =~]")
_BRACKET = re.compile(r"[\[\]]")
_POINTED = re.compile(r"\(\s*<([^<>]*)>\s*(?:(?:'[^']*'|\"[^\"]*\")\s*)?\)")
_OPEN = re.compile(r"\(\s*")
_REFERENCE = re.compile(r"\s?\[([^\]]*)\]")
_BLANKS = re.compile(r"\s+")
_LONGEST = 4_000
"""Characters of an address in parentheses, with its title."""
_WASTE = 4
"""How often the length of the text may be looked through in vain for the ends of addresses."""


class InlineLink(NamedTuple):
    """A link by its address; or, where ``name`` is not None, by a definition of that name."""

    is_image: bool
    start: int
    end: int
    address: int
    address_end: int
    is_pointed: bool = False
    """Between ``<`` and ``>``, where blanks may stand."""
    name: str | None = None


def may_hold_links(text: str) -> bool:
    """Whether a text could hold a link that needs no definition."""
    return "](" in text


def find(text: str, masked: str, names: Container[str] = ()) -> list[InlineLink]:
    """The links of a text, in order. ``masked`` is the text with code and math made unreadable, of the same length;
    ``names`` are those of the page's definitions, as ``name_of`` gives them.
    """
    masked = _without_wikilinks(masked)
    if "\\" in masked:
        masked = _ESCAPE.sub(STX * 2, masked)
    return sorted(_Pairs(text, masked, names).links(), key=lambda link: link.start)


def is_escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    begin = at
    while begin and text[begin - 1] == "\\":
        begin -= 1
    return (at - begin) % 2 == 1


def name_of(definition: str) -> str:
    """The name of a definition as names are compared."""
    return definition.strip().lower()


def _without_wikilinks(masked: str) -> str:
    if "[[" not in masked:
        return masked

    def hide(m: re.Match[str]) -> str:
        ordinary = is_escaped(masked, m.start()) or ADDRESS_BEHIND.match(masked, m.end()) is not None
        return m[0] if ordinary else STX * len(m[0])

    return WIKILINK.sub(hide, masked)


class _Pairs:
    """One text, its brackets paired."""

    def __init__(self, text: str, masked: str, names: Container[str]) -> None:
        self.text, self.masked, self.names = text, masked, names
        self.waste = _WASTE * len(text) + _LONGEST
        self.closing: dict[int, int] = {}
        waiting: list[int] = []
        for m in _BRACKET.finditer(masked):
            if m[0] == "[":
                waiting.append(m.start())
            elif waiting:
                self.closing[waiting.pop()] = m.start()
        self.opening = sorted(self.closing)
        self.taken: list[InlineLink] = []

    def links(self) -> list[InlineLink]:
        if self.names:
            self.look(self.by_reference, is_image=False)
        self.look(self.by_address, is_image=False)
        self.look(self.by_address, is_image=True)
        if self.names:
            self.look(self.by_reference, is_image=True)
            self.look(self.by_short_reference, is_image=False)
            self.look(self.by_short_reference, is_image=True)
        return self.taken

    def look(self, read: Callable[[int, bool], InlineLink | None], *, is_image: bool) -> None:
        """Add the links of one kind that begin at no bracket of those found already; pictures may stand in texts."""
        holes = sorted((self.hole(link) if is_image else (link.start, link.end)) for link in self.taken)
        starts = [start for start, _ in holes]
        at = 0
        for start in self.opening:
            if start < at or (self.masked[start - 1 : start] == "!") != is_image:
                continue
            before = bisect_right(starts, start) - 1
            if before >= 0 and start < holes[before][1]:
                continue
            if (link := read(start, is_image)) is not None:
                self.taken.append(link)
                at = link.end

    def hole(self, link: InlineLink) -> tuple[int, int]:
        """A link without its text; all of a picture."""
        return (link.start, link.end) if link.is_image else (self.closing[link.start], link.end)

    def by_address(self, start: int, is_image: bool) -> InlineLink | None:
        at = self.closing[start] + 1
        if not self.masked.startswith("(", at):
            return None
        begin = start - is_image
        if (m := _POINTED.match(self.masked, at)) is not None:
            low, high = _trimmed(self.text, *m.span(1))
            return InlineLink(is_image, begin, m.end(), low, high, True)
        bare = self.bare(at)
        if bare is None:
            return None
        low, high, end = bare
        return InlineLink(is_image, begin, end, *_trimmed(self.text, low, high))

    def bare(self, at: int) -> tuple[int, int, int] | None:
        """The address in parentheses that open at a place, and where they end; a title in quotes may end it."""
        data = self.masked
        m = _OPEN.match(data, at)
        if m is None or self.waste <= 0:
            return None
        begin = index = m.end()
        depth = spare = 1
        last_close = quote_start = quote_end = other_start = other_end = -1
        quote = other = last = ""
        in_title = False
        end = min(len(data), begin + _LONGEST)
        while index < end:
            c = data[index]
            if c == "(":
                if not in_title:
                    depth += 1
                elif spare > 0:
                    spare -= 1
            elif c == ")":
                if (quote_end != -1 and quote == last) or (other_end != -1 and other == last):
                    depth = 0
                elif not in_title:
                    depth -= 1
                elif spare > 0:
                    spare -= 1
                    if spare == 0:
                        last_close = index + 1
            elif c in "'\"":
                if not quote:
                    in_title, spare, depth = True, depth, 1
                    quote, quote_start = c, index + 1
                elif c != quote and not other:
                    other, other_start = c, index + 1
                elif c == quote:
                    quote_end = index + 1
                elif other and c == other:
                    other_end = index + 1
            index += 1
            if depth == 0:
                if quote_end >= 0 and quote == last:
                    return begin, quote_start - 1, index
                if other_end >= 0 and other == last:
                    return begin, other_start - 1, index
                return begin, index - 1, index
            if c != " ":
                last = c
        if spare == 0 and last_close >= 0:
            return begin, last_close - 1, last_close
        self.waste -= index - begin
        return None

    def by_reference(self, start: int, is_image: bool) -> InlineLink | None:
        close = self.closing[start]
        m = _REFERENCE.match(self.masked, close + 1)
        if m is None:
            return None
        return self.named(start, is_image, m[1] or self.masked[start + 1 : close], m.end())

    def by_short_reference(self, start: int, is_image: bool) -> InlineLink | None:
        close = self.closing[start]
        return self.named(start, is_image, self.masked[start + 1 : close], close + 1)

    def named(self, start: int, is_image: bool, written: str, end: int) -> InlineLink | None:
        name = _BLANKS.sub(" ", written.lower())
        return InlineLink(is_image, start - is_image, end, end, end, name=name) if name in self.names else None


def _trimmed(text: str, low: int, high: int) -> tuple[int, int]:
    inner = text[low:high]
    low += len(inner) - len(inner.lstrip())
    return low, max(low, high - (len(inner) - len(inner.rstrip())))


def addresses(links: list[InlineLink]) -> Iterator[tuple[int, int]]:
    """Where addresses stand, with what encloses them: no place for HTML or other markup."""
    for link in links:
        if link.name is None:
            yield link.address - link.is_pointed, link.end
