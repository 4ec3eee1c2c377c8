"""Source text, half-open spans of code points, lines and columns."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

# What Python-Markdown takes for a line end: never form feeds or U+2028, which str.splitlines cuts at.
LINE_END = re.compile(r"\r\n|\r|\n")
BOM = b"\xef\xbb\xbf"


def is_invisible(character: str) -> bool:
    """Whether a character is not visible, or looks like a plain blank."""
    return not character.isascii() and unicodedata.category(character) in ("Cf", "Zs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text for a message: invisible characters are written as ``<U+00A0>``. Joined emoji are not changed."""
    if text.isascii():
        return text
    return "".join(f"<U+{ord(c):04X}>" if is_invisible(c) and c not in "\u200d\ufe0f" else c for c in text)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range ``[start, end)`` of code points in a text."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, offset: int) -> bool:
        return self.start <= offset < self.end

    def of(self, text: str) -> str:
        """The text this span covers."""
        return text[self.start : self.end]

    def shift(self, by: int) -> Span:
        return Span(self.start + by, self.end + by)

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


class Position(NamedTuple):
    """A 1-based line and a 1-based column counted in code points."""

    line: int
    column: int


class LineIndex:
    """Offsets to lines and back, for one text. Built on first use: most pages have no findings."""

    __slots__ = ("_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offset at which each line begins; the first is 0."""
        if self._starts is None:
            if "\r" in self._text:
                self._starts = [0, *(m.end() for m in LINE_END.finditer(self._text))]
            else:
                self._starts = list(accumulate((len(line) + 1 for line in self._text.split("\n")), initial=0))
                self._starts.pop()
        return self._starts

    def __len__(self) -> int:
        return len(self.starts)

    def line_of(self, offset: int) -> int:
        """The 1-based line an offset falls on; an offset behind the text falls on the last."""
        return bisect_right(self.starts, max(0, offset))

    def position(self, offset: int) -> Position:
        line = self.line_of(offset)
        return Position(line, min(offset, len(self._text)) - self.starts[line - 1] + 1)

    def offset(self, position: Position) -> int:
        """The offset of a position, clipped to its line.

        Raises ValueError for a line the text does not have.
        """
        span = self.line(position.line)
        return min(span.start + position.column - 1, span.end)

    def line(self, number: int) -> Span:
        """The span of a 1-based line, without its line end. Raises ValueError outside the text."""
        starts = self.starts
        if not 1 <= number <= len(starts):
            raise ValueError(f"no line {number} in a text of {len(starts)} lines")
        start = starts[number - 1]
        if number == len(starts):
            return Span(start, len(self._text))
        end = starts[number]
        cut = 2 if self._text[end - 2 : end] == "\r\n" else 1
        return Span(start, end - cut)


@dataclass(frozen=True)
class Source:
    """A file as text. ``bom`` and line ends are kept, so that ``encode`` gives back the same bytes."""

    path: str
    """Relative to the vault, with ``/``."""
    text: str
    bom: bool = False

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.text)

    @classmethod
    def decode(cls, path: str, data: bytes) -> Source:
        """Read UTF-8, with or without a BOM. Raises UnicodeDecodeError."""
        bom = data.startswith(BOM)
        return cls(path, data[3:].decode("utf-8") if bom else data.decode("utf-8"), bom)

    def encode(self) -> bytes:
        return (BOM if self.bom else b"") + self.text.encode("utf-8")
