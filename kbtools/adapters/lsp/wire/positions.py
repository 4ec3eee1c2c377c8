"""Converts between spans and LSP positions: lines from 0, columns in the client's code units."""

from __future__ import annotations

from collections.abc import Sequence

from kbtools.adapters.lsp.wire.protocol import Params, Position, Range
from kbtools.text.source import LineIndex, Span


class Positions:
    """Offsets in code points to positions and back, for one text. A line ends at ``\\n``, ``\\r\\n`` or ``\\r``."""

    def __init__(self, text: str, encoding: str, lines: LineIndex | None = None) -> None:
        self.text = text
        self._lines = lines or LineIndex(text)
        self._encoding = encoding

    def position(self, offset: int) -> Position:
        line, column = self._lines.position(offset)
        start = self._lines.starts[line - 1]
        before = self.text[start : start + column - 1]
        return {"line": line - 1, "character": self._units(before)}

    def range(self, span: Span) -> Range:
        return {"start": self.position(span.start), "end": self.position(span.end)}

    def offset(self, position: Position) -> int:
        """A position outside the text counts as the nearest one in it; one within a character, as its beginning."""
        if position["line"] >= len(self._lines):
            return len(self.text)
        if position["line"] < 0:
            return 0
        line = self._lines.line(position["line"] + 1)
        written = line.of(self.text)
        if written.isascii() or self._encoding == "utf-32":
            return min(line.start + max(0, position["character"]), line.end)
        units = 0
        for at, character in enumerate(written):
            units += self._units(character)
            if units > position["character"]:
                return line.start + at
        return line.end

    def span(self, range_: Range) -> Span:
        start = self.offset(range_["start"])
        return Span(start, max(start, self.offset(range_["end"])))

    def _units(self, text: str) -> int:
        if text.isascii() or self._encoding == "utf-32":
            return len(text)
        if self._encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(character > "\uffff" for character in text)


def changed(text: str, changes: Sequence[Params], encoding: str) -> str:
    """The text after an editor's changes, one after another."""
    for change in changes:
        if (range_ := change.get("range")) is not None:
            span = Positions(text, encoding).span(range_)
            text = text[: span.start] + change["text"] + text[span.end :]
        else:
            text = change["text"]
    return text
