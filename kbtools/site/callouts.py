"""Obsidian's callouts, ``> [!note] Title``, as the theme's admonitions; ``[!note]-`` and ``[!note]+`` as foldable ones.

The first line of the quote is the title, and what follows is a block of its own, also without an empty line between:
lists and headings right below the title are what they look like. Other Markdown tools show a quote.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Mapping

from markdown import Markdown
from markdown.blockprocessors import BlockQuoteProcessor
from markdown.treeprocessors import Treeprocessor

from kbtools.markdown.containers import CALLOUT

KINDS: Mapping[str, tuple[str, str]] = {
    "note": ("note", "참고"),
    "abstract": ("abstract", "요약"),
    "summary": ("abstract", "요약"),
    "tldr": ("abstract", "요약"),
    "info": ("info", "정보"),
    "todo": ("info", "할 일"),
    "tip": ("tip", "도움말"),
    "hint": ("tip", "힌트"),
    "important": ("tip", "중요"),
    "success": ("success", "성공"),
    "check": ("success", "확인"),
    "done": ("success", "완료"),
    "question": ("question", "질문"),
    "help": ("question", "도움 요청"),
    "faq": ("question", "자주 묻는 질문"),
    "warning": ("warning", "주의"),
    "caution": ("warning", "주의"),
    "attention": ("warning", "주의"),
    "failure": ("failure", "실패"),
    "fail": ("failure", "실패"),
    "missing": ("failure", "없음"),
    "danger": ("danger", "위험"),
    "error": ("danger", "오류"),
    "bug": ("bug", "버그"),
    "example": ("example", "예시"),
    "quote": ("quote", "인용"),
    "cite": ("quote", "인용"),
}
"""Obsidian's kinds: the theme's kind for each, and the title of one that gives none."""

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

    def run(self, root: etree.Element) -> None:
        for element in list(root.iter(_ELEMENT)):
            _dress(element)


def _dress(element: etree.Element) -> None:
    first = element[0] if len(element) else None
    m = CALLOUT.match((first.text or "").lstrip()) if first is not None and first.tag == "p" else None
    if first is None or m is None:
        element.tag = "blockquote"
        return
    written = m["kind"].lower()
    kind, name = KINDS.get(written, ("note", m["kind"]))
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


def register(md: Markdown) -> None:
    md.parser.blockprocessors.register(Quotes(md.parser), "kb-callouts", Quotes.PRIORITY)
    md.treeprocessors.register(Callouts(md), "kb-callouts", Callouts.PRIORITY)
