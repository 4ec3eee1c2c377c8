"""HTML as a tree of elements with their positions in the text: changes leave every other character unchanged.

Tags are parsed as browsers do (quoted and unquoted values, comments, elements with text content). Omitted end tags
are inferred from what follows: another ``<li>``, or the end of the surrounding element.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape, unescape

_VALUE = r"""=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+"""
_START = rf"""<(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^>=]++|{_VALUE})*+)>"""
_OTHER = r"""</(?P<end>[a-zA-Z][^\s/>]*+)[^>]*+>|<!--(?:-?>|.*?--!?>|.*\Z)|<[!?/][^>]*+>"""
_TAG = re.compile(f"{_START}|{_OTHER}", re.DOTALL)
# Most elements hold nothing but text, above all in code: their end tags are read with them.
_TAGS = re.compile(rf"{_START}(?:(?<!/>)[^<]*+(?P<closed></(?P=name)\s*+>))?+|{_OTHER}", re.DOTALL)
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?+""")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_TEXT = {
    name: re.compile(rf"</{name}(?=[\s/>])[^>]*>", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
"""Elements whose content is text, and the end tag that ends it."""
_NOT_IN_ITSELF = frozenset("p li dt dd td th tr tbody thead tfoot option".split())  # noqa: SIM905
"""Elements that end when another of their kind begins directly in them."""


class Element:
    """An element: its start tag is ``[start, inside)``, its end tag ``[close, end)``."""

    __slots__ = ("_written", "close", "end", "inside", "name", "parent", "raw", "start")

    def __init__(self, name: str, raw: str, start: int, inside: int, parent: Element | None) -> None:
        self.name = name
        """In lower case."""
        self.raw = raw
        """The attributes as written."""
        self.start = start
        self.inside = self.close = self.end = inside
        self.parent = parent
        self._written: dict[str, str] | None = None

    @property
    def written(self) -> Mapping[str, str]:
        """The values of attributes as written, by lower-case name; the first of equal names counts."""
        if self._written is None:
            held: dict[str, str] = {}
            for m in _ATTRIBUTE.finditer(self.raw):
                held.setdefault(m[1].lower(), m[2] or m[3] or m[4] or "")
            self._written = held
        return self._written

    def get(self, name: str) -> str | None:
        """The value of an attribute."""
        value = self.written.get(name) if self.raw else None
        return unescape(value) if value else value

    @property
    def classes(self) -> list[str]:
        return (self.get("class") or "").split() if "class" in self.raw else []


class Tree:
    """The elements of a document or a fragment, in order, and changes to be applied to its text. Total."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.elements: list[Element] = []
        self._changes: list[tuple[int, int, str]] = []
        self._read()

    def _read(self) -> None:
        html, add = self.html, self.elements.append
        last = html.rfind(">") + 1
        opened: list[Element] = []
        count: dict[str, int] = {}
        """The number of open elements with a name."""
        at = 0
        while at < last:
            for m in _TAGS.finditer(html, at, last):
                name, raw, closed, end = m.groups()
                if name is not None:
                    name = name.lower()
                    start = m.start()
                    if name in _NOT_IN_ITSELF and opened and opened[-1].name == name:
                        opened[-1].close = opened[-1].end = start
                        opened.pop()
                        count[name] -= 1
                    element = Element(name, raw, start, m.end(2) + 1, opened[-1] if opened else None)
                    add(element)
                    if closed is not None:
                        if name not in _VOID:
                            element.end = m.end()
                            element.close = element.end - len(closed)
                        continue
                    if name in _VOID or (raw.endswith("/") and (count.get("svg") or count.get("math"))):
                        continue
                    if name in _TEXT:
                        found = _TEXT[name].search(html, element.inside)
                        element.close, element.end = found.span() if found else (len(html), len(html))
                        at = element.end
                        break
                    opened.append(element)
                    count[name] = count.get(name, 0) + 1
                elif end is not None and count.get(end := end.lower()):
                    while True:
                        element = opened.pop()
                        count[element.name] -= 1
                        element.close = element.end = m.start()
                        if element.name == end:
                            element.end = m.end()
                            break
            else:
                break
        for element in opened:
            element.close = element.end = len(html)

    @cached_property
    def _by_name(self) -> Mapping[str, list[Element]]:
        held: dict[str, list[Element]] = {}
        for element in self.elements:
            held.setdefault(element.name, []).append(element)
        return held

    @cached_property
    def different(self) -> tuple[Element, ...]:
        """One element for each spelling of attributes: code contains many that are equal."""
        return tuple({element.raw: element for element in self.elements}.values())

    @cached_property
    def classes(self) -> frozenset[str]:
        """The classes of all elements."""
        return frozenset(word for element in self.different for word in element.classes)

    def named(self, *names: str) -> Iterator[Element]:
        """The elements of these names, one name after the other."""
        for name in names:
            yield from self._by_name.get(name, ())

    def first(self, name: str) -> Element | None:
        return next(self.named(name), None)

    def text(self, element: Element) -> str:
        """The text between an element's tags, as written."""
        return self.html[element.inside : element.close]

    def plain(self, start: int, end: int) -> str:
        """A part of the document as displayed: without tags and comments, with references resolved."""
        part = self.html[start:end]
        if "<" in part:
            last = part.rfind(">") + 1
            part = _TAG.sub("", part[:last]) + part[last:]
        return unescape(part)

    def within(self, element: Element) -> Iterator[Element]:
        """The descendants of an element."""
        at = bisect_right(self.elements, element.start, key=lambda e: e.start)
        while at < len(self.elements) and self.elements[at].start < element.close:
            yield self.elements[at]
            at += 1

    def insert(self, at: int, html: str) -> None:
        self._changes.append((at, at, html))

    def replace(self, start: int, end: int, html: str) -> None:
        self._changes.append((start, end, html))

    def rename(self, element: Element, name: str) -> None:
        begin = element.start + 1
        self.replace(begin, begin + len(element.name), name)
        if element.end > element.close:
            self.replace(element.close, element.end, f"</{name}>")

    def set(self, element: Element, name: str, value: str) -> None:
        """Replaces the value of an existing attribute."""
        begin = element.start + 1 + len(element.name)
        for m in _ATTRIBUTE.finditer(self.html, begin, begin + len(element.raw)):
            if m[1].lower() == name:
                self.replace(m.start(), m.end(), f'{m[1]}="{escape(value)}"')
                return

    def __str__(self) -> str:
        """The text with all changes; insertions at one position are kept in order."""
        parts: list[str] = []
        at = 0
        for start, end, html in sorted(self._changes, key=lambda change: change[:2]):
            parts += (self.html[at:start], html)
            at = end
        return "".join((*parts, self.html[at:])) if parts else self.html
