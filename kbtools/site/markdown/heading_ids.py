"""Ids of headings: those of generated pages, and those that kb checks where the owner has not said how ids are made.

Python-Markdown's own ids leave out all but ASCII, and no link would find them. Where an id differs from that, both
stand there: the addresses of sections of a site that has been made without kb lead there still.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree as etree

from markdown import Markdown
from markdown.extensions.toc import TocTreeprocessor
from markdown.extensions.toc import slugify as ascii_slugify
from markdown.treeprocessors import Treeprocessor

from kbtools.markdown.headings import Ids, slugify

_HEADING = re.compile("[Hh][1-6]")


class HeadingIds(Treeprocessor):
    """Runs before the table of contents (5), which gives each heading without an id one. ``given`` returns the ids of
    the second-level headings of a generated page, in order; ``is_page``, whether the text is a page and no part of one.
    """

    PRIORITY = 6

    def __init__(self, md: Markdown, given: Callable[[], Sequence[str]], is_page: Callable[[], bool]) -> None:
        super().__init__(md)
        self._given, self._is_page = given, is_page
        self._headings: list[etree.Element] = []
        self._former: list[str] = []
        self._used: set[str] = set()
        md.treeprocessors.register(_FormerIds(md, self), "kb-former-ids", _FormerIds.PRIORITY)

    def run(self, root: etree.Element) -> None:
        for heading, id in zip(root.iter("h2"), self._given(), strict=False):
            if id:
                heading.set("id", id)
        self._former = []
        if "toc" not in self.md.treeprocessors:
            return
        toc = self.md.treeprocessors["toc"]
        if not isinstance(toc, TocTreeprocessor) or toc.slugify not in (ascii_slugify, self._slugify):
            return
        toc.slugify = self._slugify
        every = [element for element in root.iter() if isinstance(element.tag, str)]
        self._used = {element.attrib["id"] for element in every if "id" in element.attrib}
        self._headings = [e for e in every if _HEADING.fullmatch(e.tag) and "id" not in e.attrib]

    def _slugify(self, value: str, separator: str) -> str:
        self._former.append(ascii_slugify(value, separator))
        return slugify(value)

    def add_former(self, root: etree.Element) -> None:
        """Add the ids that Python-Markdown would have made."""
        if not self._former or not self._is_page():
            return
        ids = Ids(self._used)
        taken = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
        for heading, name in zip(self._headings, self._former, strict=False):
            former = ids.unique(name)
            if former not in taken:
                taken.add(former)
                place = etree.Element("span", {"id": former})
                place.tail, heading.text = heading.text, None
                heading.insert(0, place)


class _FormerIds(Treeprocessor):
    """Runs behind the table of contents."""

    PRIORITY = 4

    def __init__(self, md: Markdown, headings: HeadingIds) -> None:
        super().__init__(md)
        self.headings = headings

    def run(self, root: etree.Element) -> None:
        self.headings.add_former(root)
