"""Removes active and external content from SVG files, and classifies addresses.

An ``img`` element executes nothing in an SVG; opening its address does.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers.expat import ExpatError

SVG, XHTML, XSLT = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1999/XSL/Transform"
DEPTH = 200
"""Maximum depth of nested elements; deeper files are rejected."""

_RUN = frozenset({"script", "handler", "listener"})
_IN_FOREIGN_OBJECTS = {
    *(
        "b",
        "body",
        "br",
        "center",
        "code",
        "del",
        "div",
        "em",
        "font",
        "hr",
        "i",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
    ),
    *("h1", "h2", "h3", "h4", "h5", "h6", "pre", "s", "small", "span", "strong", "sub", "sup", "u", "ul"),
    *("table", "caption", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
_ANIMATIONS = frozenset({"animate", "set", "animateMotion", "animateTransform", "animateColor"})
_LINKS = re.compile(r"(?:https?:|mailto:|[^:]*(?:[/?#]|\Z))", re.IGNORECASE)
_PICTURES = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif)[;,]", re.IGNORECASE)
_BLANKS = re.compile("[\x00-\x20]+")
_URL = re.compile(r"url\(\s*[\"']?\s*([^\"')\s]*)")
_FUNCTIONS = re.compile(r"\b(?:image-set|image|cross-fade|src)\(")
_INSIDE = ("data:image/", "data:font/", "data:application/")
_DECLARED = (b"<!ENTITY", b"<!ATTLIST", b"\0")
"""Declarations that may make a browser read the file differently than it is parsed here: then it is written anew."""


_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*:|[/\\]{2}")


def is_remote(address: str) -> bool:
    """Whether a browser would send a request to another host for an address, by its form. ``data:`` addresses are not
    remote."""
    m = _SCHEME.match(_BLANKS.sub("", address))
    return m is not None and m[0].lower() != "data:"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The result of cleaning a file."""

    content: bytes | None
    """The content that may be published; None if the file is rejected."""
    removed: tuple[str, ...] = ()
    """What was removed, or why the file is rejected, for a message."""


class _Builder(etree.TreeBuilder):
    """Builds the tree, and records what is outside of elements."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.deepest = 0
        self.styled = False

    def start(self, tag: str, attrs: dict[str, str], /) -> etree.Element:
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> etree.Element:
        self.depth -= 1
        return super().end(tag)

    def pi(self, target: str, text: str | None = None, /) -> etree.Element | None:  # type: ignore[override]
        self.styled = self.styled or target.lower() == "xml-stylesheet"
        return None


def _parsed(content: bytes) -> tuple[etree.Element, _Builder] | str:
    builder = _Builder()
    parser = etree.XMLParser(target=builder)
    try:
        parser.feed(content)
        root = parser.close()
    except (etree.ParseError, ExpatError, LookupError, ValueError) as e:
        return f"no XML that can be read: {e}"
    return (root, builder) if builder.deepest <= DEPTH else f"more than {DEPTH} elements within each other"


def check_xml(content: bytes) -> Cleaned:
    """Rejects XML with parts that a browser shows as a web page."""
    found = _parsed(content)
    if isinstance(found, str):
        return Cleaned(None, (found,))
    root, builder = found
    shown = any(_space(str(e.tag)) in (SVG, XHTML, XSLT) for e in root.iter())
    if builder.styled or shown or any(mark in content for mark in _DECLARED):
        return Cleaned(None, ("XML that is shown as a page",))
    return Cleaned(content)


def clean_svg(content: bytes) -> Cleaned:
    """An SVG picture without active or external content."""
    found = _parsed(content)
    if isinstance(found, str):
        return Cleaned(None, (found,))
    root, builder = found
    if root.tag != f"{{{SVG}}}svg":
        return Cleaned(None, (f"no SVG: its root is <{_local(str(root.tag))}>",))
    removed = dict.fromkeys(_take_out(root))
    if builder.styled:
        removed["xml-stylesheet"] = None
    if not removed and not any(mark in content for mark in _DECLARED):
        return Cleaned(content)
    return Cleaned(etree.tostring(root, encoding="utf-8", xml_declaration=True), tuple(removed))


def _take_out(root: etree.Element) -> Iterator[str]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield from _take_out_attributes(element)
        if _local(str(element.tag)) == "style" and _loads(element.text or ""):
            element.text = None
            yield "<style> that loads files"
        kept: list[etree.Element] = []
        gone: list[etree.Element] = []
        for child in element:
            (kept if _may_stay(child) else gone).append(child)
        yield from (f"<{_local(str(child.tag))}>" for child in gone)
        if gone:
            element[:] = kept
        waiting += kept


def _may_stay(element: etree.Element) -> bool:
    space, name = _space(str(element.tag)), _local(str(element.tag))
    if space == XHTML:
        return name in _IN_FOREIGN_OBJECTS
    if space == XSLT or name.lower() in _RUN or (name == "style" and len(element)):
        return False
    if name in _ANIMATIONS:
        changed = element.get("attributeName", "").strip().lower()
        return not (changed.startswith("on") or changed.rpartition(":")[2] == "href")
    return True


def _take_out_attributes(element: etree.Element) -> Iterator[str]:
    link = _local(str(element.tag)) == "a"
    for key, value in list(element.attrib.items()):
        name = _local(key).lower()
        packed = _BLANKS.sub("", value)
        if name.startswith("on"):
            bad = name
        elif name in ("href", "src", "base"):
            may = _LINKS.match(packed) if link else _PICTURES.match(packed) or not (":" in packed or is_remote(packed))
            bad = "" if may else f"{name}={packed[:40]}"
        else:
            bad = f"{name} that loads files" if _loads(value) else ""
        if bad:
            del element.attrib[key]
            yield bad


def _loads(style: str) -> bool:
    """Whether a style may load a file. Escapes are rejected because they could spell anything."""
    low = style.lower()
    if "@import" in low or _FUNCTIONS.search(low) or ("\\" in low and "(" in low):
        return True
    return any(not m[1].startswith(("#", *_INSIDE)) for m in _URL.finditer(low))


def _space(tag: str) -> str:
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
