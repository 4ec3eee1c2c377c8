"""The place where something is to be completed, and the items that are made for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import CompletionItem, Range, TextEdit
from kbtools.text.diagnostics import Edit
from kbtools.text.source import Span
from kbtools.vault.page import Page

MOST = 60
"""Items of one answer; the client requests again when more is typed."""


class Cursor:
    """A place in a page, with the text of its line."""

    def __init__(self, space: OpenVault, page: Page, offset: int) -> None:
        self.space, self.page, self.offset = space, page, offset
        self.text = page.source.text
        self._ranges: dict[Span, Range] = {}
        self.line = page.source.lines.line(page.source.lines.line_of(offset))

    @property
    def before(self) -> str:
        """The line up to the cursor."""
        return self.text[self.line.start : self.offset]

    @property
    def behind(self) -> str:
        """The line from the cursor on."""
        return self.text[self.offset : self.line.end]

    def typed(self, length: int) -> Span:
        """The last characters before the cursor, which an item replaces."""
        return Span(self.offset - length, self.offset)

    @cached_property
    def is_in_frontmatter(self) -> bool:
        front = self.page.structure.frontmatter
        if front is not None:
            return front.start < self.line.start and self.offset < front.end
        first = self.text.partition("\n")[0]
        return first.rstrip() == "---" and self.line.start > 0  # being written: it is not closed yet

    def is_opaque(self, at: int) -> bool:
        """Whether a place is in code, a formula, a comment or raw HTML, where nothing is a link."""
        return any(span.start <= at < span.end for span in self.page.structure.opaque)

    def item(self, span: Span, label: str, new: str, kind: int, **more: Any) -> CompletionItem:
        made: CompletionItem = {"label": label, "kind": kind, "textEdit": {"range": self._range(span), "newText": new}}
        made.update(more)  # type: ignore[typeddict-item]
        return made

    def _range(self, span: Span) -> Range:
        """The same for most items of an answer."""
        if span not in self._ranges:
            self._ranges[span] = self.space.positions(self.page.source).range(span)
        return self._ranges[span]

    def edits(self, edits: Iterable[Edit]) -> list[TextEdit]:
        return self.space.text_edits(self.page.source, edits)

    def words(self, span: Span, words: Iterable[str], kind: int) -> Iterator[CompletionItem]:
        """The words that begin with what is typed."""
        typed = span.of(self.text).lower()
        for word in words:
            if word.lower().startswith(typed):
                yield self.item(span, word, word, kind)
