"""Lines in the hands of the block parser: stripped of container prefixes, each knowing the place it came from."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from kbtools.scanning.lines import STX

INDENT = "    "

# Lines that may be anything but prose. Everything else is a paragraph without being looked at again.
_SPECIAL = re.compile(r"^(?:    | {0,3}[>:*+\-_=|\[#!?\\$0-9\x02])", re.MULTILINE)

ADMONITION = re.compile(r'!!! ?[\w\-]+(?: +[\w\-]+)*+(?: +".*?")? *$')
DETAILS = re.compile(r'\?{3}\+? ?(?:(?:[\w\-]+(?: +[\w\-]+)*)?(?: +"(?P<title>.*?)")|[\w\-]+(?: +[\w\-]+)*) *$')
TAB = re.compile(r'={3}(?P<special>\+|\+!|!\+|!)? +".*?" *$')
HASH = re.compile(r"(?P<level>#{1,6})(?P<header>(?:\\.|[^\\#]|#+(?=[^#]))*?)#*$", re.DOTALL)
UNDERLINE = re.compile(r"(?:=+|-+) *$")
RULE = re.compile(r" {0,3}([-_*])(?: {0,2}\1){2,}+ *$")
OLIST = re.compile(r" {0,3}\d+\. +")
ULIST = re.compile(r" {0,3}[*+-] +")
ITEM = re.compile(r" {0,3}(?:\d+\.|[*+-]) +")
NESTED_ITEM = re.compile(r" {4,7}(?:\d+\.|[*+-]) +")
DEFINITION = re.compile(r" {0,3}: {1,3}")
QUOTE = re.compile(r" {0,3}> ?")
FOOTNOTE = re.compile(r" {0,3}\[\^([^\]]*+)\]: *")
ABBREVIATION = re.compile(r"\*\[[^\\]*?\] ?: *")
REFERENCE = re.compile(
    r""" {0,3}\[[^\[\]\n]*+\]: *(?:\n *)?([^\s]++) *(?:\n *)?(?:(?:(["']).*\2 *|\(.*\) *))?$""", re.MULTILINE
)
TABLE_RULE = re.compile(r"[|: -]++$")

_KINDS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    # name, characters it may start with behind blanks, expression
    ("admonition", "!", ADMONITION),
    ("details", "?", DETAILS),
    ("tab", "=", TAB),
    ("hash", "#", HASH),
    ("underline", "=-", UNDERLINE),
    ("rule", "-_*", RULE),
    ("olist", "", OLIST),
    ("ulist", "*+-", ULIST),
    ("definition", ":", DEFINITION),
    ("quote", ">", QUOTE),
    ("footnote", "[", FOOTNOTE),
    ("abbreviation", "*", ABBREVIATION),
    ("reference", "[", re.compile(r" {0,3}\[[^\[\]\n]*+\]:")),
    ("table", "|:-", TABLE_RULE),
)
_BY_FIRST = {
    char: tuple((name, expression) for name, first, expression in _KINDS if char in first) for char in "!?=#-_*+:>[|"
}
KIND_NAMES = ("indented", "other", *(name for name, _, _ in _KINDS))
_NONE: list[int] = []


def kinds_of(line: str) -> tuple[str, ...]:
    """What a line may be besides prose."""
    m = _SPECIAL.match(line)
    if m is None:
        return ()
    char = line[m.end() - 1]
    if char == " ":
        return ("indented",)
    if char.isdigit():
        return ("olist",) if OLIST.match(line) else ()
    if char in "\\$" or char == STX:
        return ("other",)
    return tuple([name for name, expression in _BY_FIRST[char] if expression.match(line)])


class Rows:
    """Lines that are parsed together. ``rows`` and ``columns`` say where each line's first character stands."""

    __slots__ = ("_by_kind", "columns", "rows", "special", "texts")

    def __init__(self, texts: list[str], rows: list[int], columns: list[int]) -> None:
        self.texts, self.rows, self.columns = texts, rows, columns
        self.special: list[int] = []
        """The indices of the lines that are of some kind, once ``by_kind`` has been asked for."""
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
        for m in _SPECIAL.finditer(joined):
            index += joined.count("\n", counted, m.start())
            counted = m.start()
            self.special.append(index)
            for name in kinds_of(self.texts[index]):
                found.setdefault(name, []).append(index)
        return found


class View:
    """The lines ``low`` to ``high`` of some Rows: what Python-Markdown calls a block."""

    __slots__ = ("high", "low", "rows")

    def __init__(self, rows: Rows, low: int, high: int) -> None:
        self.rows, self.low, self.high = rows, low, high

    def __len__(self) -> int:
        return self.high - self.low

    @property
    def first(self) -> str:
        return self.rows.texts[self.low] if self.low < self.high else ""

    @property
    def lines(self) -> list[str]:
        return self.rows.texts[self.low : self.high]

    def is_blank(self) -> bool:
        texts = self.rows.texts
        for at in range(self.low, self.high):
            line = texts[at]
            if line and not line.isspace():
                return False
        return True

    def is_prose(self) -> bool:
        """Whether no line is of any kind."""
        rows = self.rows
        if rows._by_kind is None:
            if self.high - self.low == 1 == len(rows.texts):
                # Most items of lists: not worth an index.
                return not _SPECIAL.match(rows.texts[0])
            rows._by_kind = rows._classify()
        special = rows.special
        where = bisect_left(special, self.low)
        return where == len(special) or special[where] >= self.high

    def find(self, kind: str) -> int:
        """The index of the first line of a kind, or -1."""
        at = self.rows.by_kind.get(kind, _NONE)
        if not at:
            return -1
        where = bisect_left(at, self.low)
        return at[where] if where < len(at) and at[where] < self.high else -1

    def cut(self, low: int, high: int) -> View:
        return View(self.rows, low, high)

    def detab(self, width: int = 4) -> tuple[View, View]:
        """The leading lines that are indented (or blank), without their indentation, and the rest."""
        margin, texts, at = " " * width, [], self.low
        for at in range(self.low, self.high):
            line = self.rows.texts[at]
            if line.startswith(margin):
                texts.append(line[width:])
            elif not line.strip():
                texts.append("")
            else:
                break
        else:
            at = self.high
        rows, columns = self.rows.rows[self.low : at], self.rows.columns[self.low : at]
        stripped = Rows(texts, rows, [column + width for column in columns])
        return View(stripped, 0, len(texts)), self.cut(at, self.high)

    def loose_detab(self, width: int = 4) -> View:
        """All lines, without their indentation where they have it."""
        if not width:
            return self
        margin = " " * width
        texts, columns = [], []
        for at in range(self.low, self.high):
            line = self.rows.texts[at]
            cut = width if line.startswith(margin) else 0
            texts.append(line[cut:])
            columns.append(self.rows.columns[at] + cut)
        return View(Rows(texts, self.rows.rows[self.low : self.high], columns), 0, len(texts))

    def strip_first(self, cut: int) -> View:
        """The lines, the first of them without that many characters."""
        rows, low, high = self.rows, self.low, self.high
        texts, columns = rows.texts[low:high], rows.columns[low:high]
        texts[0] = texts[0][cut:]
        columns[0] += cut
        return View(Rows(texts, rows.rows[low:high], columns), 0, high - low)

    def strip(self, cuts: Iterable[int]) -> View:
        """The lines without that many characters at the front of each."""
        texts, columns = [], []
        for at, cut in zip(range(self.low, self.high), cuts, strict=True):
            texts.append(self.rows.texts[at][cut:])
            columns.append(self.rows.columns[at] + cut)
        return View(Rows(texts, self.rows.rows[self.low : self.high], columns), 0, len(texts))

    def blocks(self) -> list[View]:
        """Cut at blank lines, the last block first. Several blank lines stay with the block behind them."""
        texts, found, start, at = self.rows.texts, [], self.low, self.low + 1
        last = self.high - 1
        while at < last:
            if texts[at]:
                at += 1
            else:
                found.append(View(self.rows, start, at))
                start = at + 1
                at = start + 1
        found.append(View(self.rows, start, self.high))
        found.reverse()
        return found

    def places(self) -> Iterator[tuple[int, int, str]]:
        """Row, column and text of each line."""
        for at in range(self.low, self.high):
            yield self.rows.rows[at], self.rows.columns[at], self.rows.texts[at]


def join(views: list[View]) -> View:
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
        rows += view.rows.rows[view.low : view.high]
        columns += view.rows.columns[view.low : view.high]
    return View(Rows(texts, rows, columns), 0, len(texts))


def concatenate(views: list[View]) -> View:
    """Several views as one, line upon line."""
    texts = [line for view in views for line in view.lines]
    rows = [row for view in views for row in view.rows.rows[view.low : view.high]]
    columns = [column for view in views for column in view.rows.columns[view.low : view.high]]
    return View(Rows(texts, rows, columns), 0, len(texts))
