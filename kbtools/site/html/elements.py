"""Elements that kb adds to a rendered page, with escaped text and names of their own."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Mapping

from kbtools.site.html.sanitize import OWN
from kbtools.site.html.text import clean

_NAMING = frozenset(("class", "id", "for", "aria-labelledby", "aria-describedby"))
_OWN_NAME = re.compile(r"(?<![A-Za-z0-9])kb(?=-)")
_CLASSES = re.compile(r'(?<=class=")[^"<>]*')
_OWN_DATA = re.compile(" data-kb-")
_WORD = re.compile(r"[^a-z0-9]+")


def own(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes with kb's classes, ids and data attributes, in the form used until the page is sanitized."""
    return {
        name.replace("data-kb", f"data-{OWN}"): _OWN_NAME.sub(OWN, value) if name in _NAMING else value
        for name, value in attributes.items()
    }


def own_markup(markdown: str) -> str:
    """A generated page with kb's names in its HTML in the form used until it is sanitized. Text from pages contains
    no quotation marks there that could look like an attribute's."""
    text = _CLASSES.sub(lambda m: _OWN_NAME.sub(OWN, m[0]), markdown)
    return _OWN_DATA.sub(f" data-{OWN}-", text)


def element(tag: str, attributes: Mapping[str, str]) -> etree.Element:
    return etree.Element(tag, own(attributes))


def add(parent: etree.Element, tag: str, text: str | None = None, kind: str = "", **attributes: str) -> etree.Element:
    """A child element with its text cleaned; it is escaped when the page is written."""
    if kind:
        attributes = {"class": kind, **attributes}
    made = etree.SubElement(parent, tag, own({k.replace("_", "-"): v for k, v in attributes.items()}))
    if text is not None:
        made.text = clean(text)
    return made


def css_word(value: str) -> str:
    return _WORD.sub("-", value.lower()).strip("-") or "other"
