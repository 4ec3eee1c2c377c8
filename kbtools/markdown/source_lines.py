"""Lines of a page with their offsets in the source, as the block parser receives them.

Tabs are expanded, blank lines emptied, container prefixes stripped; a block is a range of such lines.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from kbtools.markdown.line_kinds import SPECIAL, kinds_of
from kbtools.markdown.marks import ETX, STX
from kbtools.text.source import LINE_END

TAB = 4


class SourceLines:
    """The lines of a page behind its frontmatter, normalised like Python-Markdown's ``NormalizeWhitespace``.

    ``texts[row]`` is the line as rendered; ``starts[row]`` and ``ends[row]`` are where it stands in the source.
    """

    __slots__ = ("_shifted", "ends", "source", "starts", "texts")

    def __init__(self, source: str, begin: int = 0) -> None:
        self.source = source
        body = source[begin:] if begin else source
        if "\r" in body:
            raw = LINE_END.split(body)
            self.starts = [begin, *(m.end() + begin for m in LINE_END.finditer(body))]
        else:
            raw = body.split("\n")
            self.starts = list(accumulate((len(line) + 1 for line in raw), initial=begin))
            self.starts.pop()
        self.ends = [start + len(line) for start, line in zip(self.starts, raw, strict=True)]
        self._shifted = False
        if STX in body or ETX in body:
            self._shifted = True
            raw = [line.replace(STX, "").replace(ETX, "") for line in raw]
        if "\t" in body:
            self._shifted = True
            raw = [line.expandtabs(TAB) if "\t" in line else line for line in raw]
        # A first line of blanks is kept by the renderer; all others become empty.
        self.texts = [
            line if not line or line[0] != " " or (line.strip(" ") or not row) else "" for row, line in enumerate(raw)
        ]
        self.texts += ("", "")
        self.starts += (len(source), len(source))
        self.ends += (len(source), len(source))

    def offset(self, row: int, column: int) -> int:
        """Where a column of a rendered line stands in the source, clipped to the line.

        A column inside an expanded tab stands behind the tab.
        """
        start, end = self.starts[row], self.ends[row]
        if not self._shifted:
            return min(start + column, end)
        width = 0
        for at in range(start, end):
            if width >= column:
                # STX and ETX have no width: step over those in front of the column's character.
                behind = at
                while behind < end and self.source[behind] in "\x02\x03":
                    behind += 1
                return behind
            char = self.source[at]
            if char == "\t":
                width += TAB - width % TAB
            elif char not in "\x02\x03":
                width += 1
        return end

    def slack(self, row: int, column: int) -> int:
        """The number of columns between ``column`` and ``offset``: more than 0 only inside an expanded tab."""
        if not self._shifted:
            return 0
        width = 0
        for char in self.source[self.starts[row] : self.ends[row]]:
            if width >= column:
                break
            if char == "\t":
                width += TAB - width % TAB
            elif char not in "\x02\x03":
                width += 1
        return max(0, width - column)


_NONE: list[int] = []


class Lines:
    """Lines that are parsed together. ``rows`` and ``columns`` say where each line's first character stands."""

    __slots__ = ("_by_kind", "columns", "rows", "special", "texts")

    def __init__(self, texts: list[str], rows: list[int], columns: list[int]) -> None:
        self.texts, self.rows, self.columns = texts, rows, columns
        self.special: list[int] = []
        """The indices of the lines of each kind, after ``by_kind`` was read."""
        self._by_kind: dict[str, list[int]] | None = None

    @property
    def by_kind(self) -> dict[str, list[int]]:
        """For each kind of line that occurs, the indices of such lines in order."""
        if self._by_kind is None:
            self._by_kind = self._classify()
        return self._by_kind

    def _classify(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        joined = self.texts[0] if len(self.texts) == 1 else "\n".join(self.texts)
        index = counted = 0
        for m in SPECIAL.finditer(joined):
            index += joined.count("\n", counted, m.start())
            counted = m.start()
            self.special.append(index)
            for name in kinds_of(self.texts[index]):
                found.setdefault(name, []).append(index)
        return found


class LineRange:
    """The lines ``low`` to ``high`` of some Lines: what Python-Markdown calls a block."""

    __slots__ = ("base", "high", "low")

    def __init__(self, base: Lines, low: int, high: int) -> None:
        self.base, self.low, self.high = base, low, high

    def __len__(self) -> int:
        return self.high - self.low

    @property
    def first(self) -> str:
        return self.base.texts[self.low] if self.low < self.high else ""

    @property
    def lines(self) -> list[str]:
        return self.base.texts[self.low : self.high]

    def is_blank(self) -> bool:
        texts = self.base.texts
        for at in range(self.low, self.high):
            line = texts[at]
            if line and not line.isspace():
                return False
        return True

    def is_prose(self) -> bool:
        """Whether no line is of any kind."""
        base = self.base
        if base._by_kind is None:
            if self.high - self.low == 1 == len(base.texts):
                # Most items of lists: not worth an index.
                return not SPECIAL.match(base.texts[0])
            base._by_kind = base._classify()
        special = base.special
        where = bisect_left(special, self.low)
        return where == len(special) or special[where] >= self.high

    def find(self, kind: str) -> int:
        """The index of the first line of a kind, or -1."""
        at = self.base.by_kind.get(kind, _NONE)
        if not at:
            return -1
        where = bisect_left(at, self.low)
        return at[where] if where < len(at) and at[where] < self.high else -1

    def cut(self, low: int, high: int) -> LineRange:
        return LineRange(self.base, low, high)

    def detab(self, width: int = 4) -> tuple[LineRange, LineRange]:
        """The leading lines that are indented (or blank), without their indentation, and the rest."""
        margin, texts, at = " " * width, [], self.low
        for at in range(self.low, self.high):
            line = self.base.texts[at]
            if line.startswith(margin):
                texts.append(line[width:])
            elif not line.strip():
                texts.append("")
            else:
                break
        else:
            at = self.high
        rows, columns = self.base.rows[self.low : at], self.base.columns[self.low : at]
        stripped = Lines(texts, rows, [column + width for column in columns])
        return LineRange(stripped, 0, len(texts)), self.cut(at, self.high)

    def loose_detab(self, width: int = 4) -> LineRange:
        """All lines, without their indentation where they have it."""
        if not width:
            return self
        margin = " " * width
        texts, columns = [], []
        for at in range(self.low, self.high):
            line = self.base.texts[at]
            cut = width if line.startswith(margin) else 0
            texts.append(line[cut:])
            columns.append(self.base.columns[at] + cut)
        return LineRange(Lines(texts, self.base.rows[self.low : self.high], columns), 0, len(texts))

    def strip_first(self, cut: int) -> LineRange:
        """The lines, the first of them without that many characters."""
        base, low, high = self.base, self.low, self.high
        texts, columns = base.texts[low:high], base.columns[low:high]
        texts[0] = texts[0][cut:]
        columns[0] += cut
        return LineRange(Lines(texts, base.rows[low:high], columns), 0, high - low)

    def strip(self, cuts: Iterable[int]) -> LineRange:
        """The lines without that many characters at the front of each."""
        texts, columns = [], []
        for at, cut in zip(range(self.low, self.high), cuts, strict=True):
            texts.append(self.base.texts[at][cut:])
            columns.append(self.base.columns[at] + cut)
        return LineRange(Lines(texts, self.base.rows[self.low : self.high], columns), 0, len(texts))

    def blocks(self) -> list[LineRange]:
        """Cut at blank lines, the last block first. Several blank lines stay with the block behind them."""
        texts, found, start, at = self.base.texts, [], self.low, self.low + 1
        last = self.high - 1
        while at < last:
            if texts[at]:
                at += 1
            else:
                found.append(LineRange(self.base, start, at))
                start = at + 1
                at = start + 1
        found.append(LineRange(self.base, start, self.high))
        found.reverse()
        return found

    def places(self) -> Iterator[tuple[int, int, str]]:
        """Row, column and text of each line."""
        for at in range(self.low, self.high):
            yield self.base.rows[at], self.base.columns[at], self.base.texts[at]


def join(views: list[LineRange]) -> LineRange:
    """Several views with a blank line between them."""
    texts: list[str] = []
    rows: list[int] = []
    columns: list[int] = []
    for view in views:
        if texts or rows:
            texts.append("")
            rows.append(rows[-1])
            columns.append(0)
        texts += view.lines
        rows += view.base.rows[view.low : view.high]
        columns += view.base.columns[view.low : view.high]
    return LineRange(Lines(texts, rows, columns), 0, len(texts))


def concatenate(views: list[LineRange]) -> LineRange:
    """Several views as one, line upon line."""
    texts = [line for view in views for line in view.lines]
    rows = [row for view in views for row in view.base.rows[view.low : view.high]]
    columns = [column for view in views for column in view.base.columns[view.low : view.high]]
    return LineRange(Lines(texts, rows, columns), 0, len(texts))
