"""Ids of blocks: ``^name`` at the end of a block becomes its id."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree

from markdown.treeprocessors import Treeprocessor

from kbtools.markdown.line_kinds import COMMONMARK_ITEM
from kbtools.site.markdown.wikilinks import block_id

_MARK = re.compile(r"(?:^|(?<=[ \t\n]))\^([A-Za-z0-9-]+)[ \t]*$")
_MARK_WITHIN = re.compile(rf"(?:(?<=[ \t\n])|^)\^([A-Za-z0-9-]+)[ \t]*(?=\n{COMMONMARK_ITEM.pattern})")
_HOLDERS = frozenset(("p", "li", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt"))


class BlockIds(Treeprocessor):
    """Gives blocks the ids at their ends, and removes these from the text."""

    PRIORITY = 15

    def run(self, root: etree.Element) -> None:
        for parent in list(root.iter()):
            before: etree.Element | None = None
            for element in list(parent):
                if element.tag in _HOLDERS:
                    self._mark_within(element)
                    if not self._mark(parent, element, before):
                        continue
                before = element

    def _mark_within(self, element: etree.Element) -> None:
        """Ids of lines above items of a list, which the renderer takes for text of the paragraph."""
        for at, before in reversed(list(enumerate([None, *element]))):
            text = (element.text if before is None else before.tail) or ""
            kept, *marks = _MARK_WITHIN.split(text)
            if not marks:
                continue
            if before is None:
                element.text = kept.rstrip(" \t")
            else:
                before.tail = kept.rstrip(" \t")
            for place, (name, tail) in enumerate(zip(marks[::2], marks[1::2], strict=True), at):
                span = etree.Element("span", {"id": block_id(name)})
                span.tail = tail
                element.insert(place, span)

    def _mark(self, parent: etree.Element, element: etree.Element, before: etree.Element | None) -> bool:
        """Whether the element still stands: one that held nothing but the id of the block before it goes."""
        last = element[-1] if len(element) else None
        text = (element.text if last is None else last.tail) or ""
        m = _MARK.search(text)
        if m is None:
            return True
        rest = text[: m.start()].rstrip()
        alone = last is None and not rest
        if alone and before is None:
            return True
        if last is None:
            element.text = rest
        else:
            last.tail = rest
        holder = before if alone and before is not None else element
        if holder.get("id"):
            holder.insert(0, etree.Element("span", {"id": block_id(m[1])}))
            holder[0].tail, holder.text = holder.text, None
        else:
            holder.set("id", block_id(m[1]))
        if alone:
            parent.remove(element)
        return not alone
