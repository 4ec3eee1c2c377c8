"""Cuts parts out of rendered pages for embedding: ids made unique, links adjusted.

Works on sanitized HTML, which is written in one way only: tags nest, values stand in double quotes, and a ``<`` of the
text is always ``&lt;``.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from dataclasses import dataclass

_TAG = re.compile(r'<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<attributes>(?:\s[^\s=>]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'\s([^\s=>]+)="([^"]*)"')
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_HEADING = re.compile(r"h[1-6]")
_FRAMES = {"li": "ul", "td": "table", "th": "table", "tr": "table", "dd": "dl", "dt": "dl"}
_PERMALINK = re.compile(r'<a class="headerlink"[^>]*>.*?</a>', re.DOTALL)
_REFERRING = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers", "name")


@dataclass(frozen=True, slots=True)
class _Element:
    name: str
    id: str
    start: int
    inside: int
    parent: int


class Part:
    """A page's HTML, with the places of its elements."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.elements: list[_Element] = []
        self.ends: list[tuple[int, int]] = []
        """Of each element: where its closing tag begins and ends."""
        opened: list[int] = []
        for m in _TAG.finditer(html):
            name = m["name"]
            if m["end"]:
                while opened:
                    number = opened.pop()
                    self.ends[number] = m.span()
                    if self.elements[number].name == name:
                        break
                continue
            id = next((v for k, v in _ATTRIBUTE.findall(m["attributes"]) if k == "id"), "")
            self.elements.append(_Element(name, id, m.start(), m.end(), opened[-1] if opened else -1))
            self.ends.append(m.span())
            if name not in _VOID and not m[0].endswith("/>"):
                opened.append(len(self.elements) - 1)
        for number in opened:
            self.ends[number] = (len(html), len(html))

    def _of(self, id: str) -> int | None:
        return next((n for n, e in enumerate(self.elements) if entities.unescape(e.id) == id), None)

    def whole(self) -> str:
        """All but the first heading, if that is the title."""
        first = self.elements[0] if self.elements else None
        if first is not None and first.name == "h1" and not self.html[: first.start].strip():
            return self.html[self.ends[0][1] :]
        return self.html

    def section(self, id: str) -> str | None:
        """What stands below a heading, up to the next of its level; None when there is no such heading."""
        number = next(
            (n for n, e in enumerate(self.elements) if _HEADING.fullmatch(e.name) and entities.unescape(e.id) == id),
            None,
        )
        if number is None:
            return None
        heading = self.elements[number]
        level = heading.name
        end = self.ends[heading.parent][0] if heading.parent >= 0 else len(self.html)
        for other in self.elements[number + 1 :]:
            if other.start >= end:
                break
            if other.parent != heading.parent:
                continue
            is_notes = self.html.startswith('<div class="footnote"', other.start)
            if is_notes or (_HEADING.fullmatch(other.name) and other.name <= level):
                end = other.start
                break
        return self.html[self.ends[number][1] : end]

    def block(self, id: str) -> str | None:
        """The element with an id, or the one whose beginning a mark with that id stands at."""
        number = self._of(id)
        if number is None:
            return None
        element = self.elements[number]
        if element.name == "span" and element.parent >= 0:
            number, element = element.parent, self.elements[element.parent]
        text = self.html[element.start : self.ends[number][1]]
        frame = _FRAMES.get(element.name)
        if frame == "table" and element.name != "tr":
            text = f"<tr>{text}</tr>"
        return f"<{frame}>{text}</{frame}>" if frame else text


def settle(html: str, prefix: str, below: int, link: Callable[[str], str], here: str) -> str:
    """A part as it stands in another page: ids and what refers to them with a prefix, headings below the level
    ``below``, links and files through ``link``; references to places the part does not hold lead to ``here``."""
    html = _PERMALINK.sub("", html)
    ids = {
        entities.unescape(v)
        for m in _TAG.finditer(html)
        if 'id="' in m[0]
        for k, v in _ATTRIBUTE.findall(m["attributes"])
        if k == "id"
    }
    levels = [int(m["name"][1]) for m in _TAG.finditer(html) if not m["end"] and _HEADING.fullmatch(m["name"])]
    shift = max(0, below + 1 - min(levels)) if levels else 0

    def tag(m: re.Match[str]) -> str:
        name = m["name"]
        if shift and _HEADING.fullmatch(name):
            name = f"h{min(6, int(name[1]) + shift)}"
        if m["end"]:
            return f"</{name}>"
        attributes = _ATTRIBUTE.sub(attribute, m["attributes"]) if m["attributes"] else ""
        return f"<{name}{attributes}>"

    def attribute(m: re.Match[str]) -> str:
        key, value = m[1], entities.unescape(m[2])
        if key == "id":
            value = prefix + value
        elif key in _REFERRING:
            value = " ".join(prefix + word for word in value.split())
        elif key == "href" and value.startswith("#"):
            value = f"#{prefix}{value[1:]}" if value[1:] in ids else here + value
        elif key in ("href", "src"):
            value = link(value)
        else:
            return m[0]
        return f' {key}="{entities.escape(value)}"'

    return _TAG.sub(tag, html)
