"""A text as the renderer's block parser sees it: tabs expanded, blank lines emptied, every line knowing its place."""

from __future__ import annotations

from itertools import accumulate

from kbtools.source import LINE_END

TAB = 4
STX, ETX = "\x02", "\x03"  # Python-Markdown marks what it has set aside with these, and drops them from pages


class Body:
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
        """By how many columns ``offset`` lies behind ``column``: more than 0 inside an expanded tab only."""
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
