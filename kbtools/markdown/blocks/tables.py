"""Recognizes tables by counting cells as Python-Markdown does."""

from __future__ import annotations

import re
from bisect import bisect_right

from kbtools.markdown.blocks.block_parser import Parser
from kbtools.markdown.source_lines import LineRange
from kbtools.markdown.tree import Leaf, Node

_PIPES = re.compile(r"\\\\|(\\`+)|(`+)|\\\||(\|)")
_END_BORDER = re.compile(r"(?<!\\)(?:\\\\)*\|$")


def table(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """A block whose second line rules off as many cells as the first has."""
    block = blocks[-1]
    if len(block) < 2 or block.find("table") < 0:
        return False
    rows = [line.strip(" ") for line in block.base.texts[block.low : block.low + 2]]
    if not set(rows[1]) <= set("|:- "):
        return False
    border = rows[0].startswith("|") or _END_BORDER.search(rows[0]) is not None
    width = _cells(rows[0], border)
    if width < 2:
        if width != 1 or not border:
            return False
        for line in block.base.texts[block.low + 1 : block.high]:
            row = line.strip(" ")
            if not row.startswith("|") and _END_BORDER.search(row) is None:
                return False
    if _cells(rows[1], border) != width:
        return False
    blocks.pop()
    parent.add("table")
    shown = [block.cut(at, at + 1) for at in range(block.low, block.high) if at != block.low + 1]
    parser.table_rows += shown
    parser.leaves += (Leaf([row]) for row in shown)
    return True


def is_table_rule(line: str) -> bool:
    """Whether a line, without what contains it, could rule off the head of a table."""
    return "-" in line and "|" in line and set(line) <= set("|:- ")


def count_cells(row: str) -> int:
    """The cells of a row by itself."""
    row = row.strip(" ")
    return _cells(row, row.startswith("|") or _END_BORDER.search(row) is not None)


def _cells(row: str, border: bool) -> int:
    """How many cells a row of a table has; pipes in inline code and escaped ones do not count."""
    if border:
        row = row.removeprefix("|")
        row = _END_BORDER.sub("", row, count=1)
    ticks: list[tuple[int, int, int]] = []  # where, length as a closing run, length as an opening one
    pipes: list[int] = []
    for m in _PIPES.finditer(row):
        if m[1]:
            ticks.append((m.start(1), len(m[1]) - 1, len(m[1]) - 2))
        elif m[2]:
            ticks.append((m.start(2), len(m[2]), len(m[2])))
        elif m[3]:
            pipes.append(m.start(3))
    if not ticks or not pipes:
        return len(pipes) + 1
    return len(pipes) - _pipes_in_code(ticks, pipes) + 1


def _pipes_in_code(ticks: list[tuple[int, int, int]], pipes: list[int]) -> int:
    by_length: dict[int, list[int]] = {}
    for index, (_, length, _) in enumerate(ticks):
        by_length.setdefault(length, []).append(index)
    regions, index = [], 0
    while index < len(ticks):
        start, _, length = ticks[index]
        same = by_length.get(length, [])
        where = bisect_right(same, index)
        if length and where < len(same):
            regions.append((start, ticks[same[where]][0]))
            index = same[where]
        index += 1
    inside = region = 0
    for pipe in pipes:
        while region < len(regions) and regions[region][1] < pipe:
            region += 1
        inside += region < len(regions) and regions[region][0] < pipe
    return inside
