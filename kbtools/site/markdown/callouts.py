"""Obsidian's callouts (``> [!note] Title``, foldable with ``-`` and ``+``) as admonitions.

The first line of the quote is the title, and what follows is a block of its own, also without an empty line between:
lists and headings right below the title are what they look like. Other Markdown tools show a quote.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Callable, Mapping

from markdown import Markdown
from markdown.blockprocessors import BlockQuoteProcessor
from markdown.treeprocessors import Treeprocessor

from kbtools.markdown.blocks.containers import CALLOUT
from kbtools.site.words import Words

KINDS: Mapping[str, str] = {
    "note": "note",
    "abstract": "abstract",
    "summary": "abstract",
    "tldr": "abstract",
    "info": "info",
    "todo": "info",
    "tip": "tip",
    "hint": "tip",
    "important": "tip",
    "success": "success",
    "check": "success",
    "done": "success",
    "question": "question",
    "help": "question",
    "faq": "question",
    "warning": "warning",
    "caution": "warning",
    "attention": "warning",
    "failure": "failure",
    "fail": "failure",
    "missing": "failure",
    "danger": "danger",
    "error": "danger",
    "bug": "bug",
    "example": "example",
    "quote": "quote",
    "cite": "quote",
}
"""Obsidian's kinds, with the theme's kind for each."""


def title_of(kind: str, words: Words) -> str | None:
    """The title of a callout that gives none; None for a kind that is not known."""
    titles = {
        "note": words("Note"),
        "abstract": words("Abstract"),
        "summary": words("Summary"),
        "tldr": words("TL;DR"),
        "info": words("Info"),
        "todo": words("To do"),
        "tip": words("Tip"),
        "hint": words("Hint"),
        "important": words("Important"),
        "success": words("Success"),
        "check": words("Check"),
        "done": words("Done"),
        "question": words("Question"),
        "help": words("Help"),
        "faq": words("FAQ"),
        "warning": words("Warning"),
        "caution": words("Caution"),
        "attention": words("Attention"),
        "failure": words("Failure"),
        "fail": words("Failure"),
        "missing": words("Missing"),
        "danger": words("Danger"),
        "error": words("Error"),
        "bug": words("Bug"),
        "example": words("Example"),
        "quote": words("Quote"),
        "cite": words("Quote"),
    }
    return titles.get(kind)


_ELEMENT = "kb-callout"
_UNSAFE = re.compile(r"[^a-z0-9-]+")


class Quotes(BlockQuoteProcessor):
    """Quotes that are callouts; the others are left to Python-Markdown."""

    PRIORITY = 20.5

    def test(self, parent: etree.Element, block: str) -> bool:
        m = self.RE.search(block)
        return m is not None and CALLOUT.match(m[2]) is not None and super().test(parent, block)

    def run(self, parent: etree.Element, blocks: list[str]) -> None:
        block = blocks.pop(0)
        m = self.RE.search(block)
        assert m is not None
        self.parser.parseBlocks(parent, [block[: m.start()]])
        title, _, rest = block[m.start() :].lstrip("\n").partition("\n")
        inner = "\n".join(self.clean(line) for line in rest.split("\n"))
        callout = etree.SubElement(parent, _ELEMENT)
        self.parser.state.set("blockquote")
        self.parser.parseChunk(callout, f"{self.clean(title)}\n\n{inner}")
        self.parser.state.reset()


class Callouts(Treeprocessor):
    """Before inline Markdown is read: titles may hold links, code and emphasis."""

    PRIORITY = 25

    def __init__(self, md: Markdown, words: Callable[[], Words]) -> None:
        super().__init__(md)
        self.words = words

    def run(self, root: etree.Element) -> None:
        for element in list(root.iter(_ELEMENT)):
            _dress(element, self.words())


def _dress(element: etree.Element, words: Words) -> None:
    first = element[0] if len(element) else None
    m = CALLOUT.match((first.text or "").lstrip()) if first is not None and first.tag == "p" else None
    if first is None or m is None:
        element.tag = "blockquote"
        return
    written = m["kind"].lower()
    kind, name = KINDS.get(written, "note"), title_of(written, words) or m["kind"]
    own = _UNSAFE.sub("-", written).strip("-")
    kinds = f"{kind} {own}" if own and own != kind else kind
    first.text = (first.text or "").lstrip()[m.end() :].strip() or name
    if m["fold"]:
        element.tag = "details"
        element.set("class", kinds)
        first.tag = "summary"
        if m["fold"] == "+":
            element.set("open", "open")
    else:
        element.tag = "div"
        element.set("class", f"admonition {kinds}")
        first.set("class", "admonition-title")


def register(md: Markdown, words: Callable[[], Words]) -> None:
    md.parser.blockprocessors.register(Quotes(md.parser), "kb-callouts", Quotes.PRIORITY)
    md.treeprocessors.register(Callouts(md, words), "kb-callouts", Callouts.PRIORITY)
