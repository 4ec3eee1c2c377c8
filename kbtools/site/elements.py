"""Elements of a page being rendered, made of cleaned text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree

from kbtools.site.text import clean

_WORD = re.compile(r"[^a-z0-9]+")


def add(parent: etree.Element, tag: str, text: str | None = None, kind: str = "", **attributes: str) -> etree.Element:
    """A child element with its text cleaned; it is escaped when the page is written."""
    if kind:
        attributes = {"class": kind, **attributes}
    element = etree.SubElement(parent, tag, {k.replace("_", "-"): v for k, v in attributes.items()})
    if text is not None:
        element.text = clean(text)
    return element


def css_word(value: str) -> str:
    return _WORD.sub("-", value.lower()).strip("-") or "other"
