"""Blocks that hold text alone: indented code, display math, headings, rules."""

from __future__ import annotations

import re

from kbtools.scanning.block_parser import Parser
from kbtools.scanning.lines import ETX, STX
from kbtools.scanning.rows import HASH, INDENT, Rows, View
from kbtools.scanning.tree import Node

_FENCE_MARK = re.compile(rf"^([> ]*){STX}wzxhzdk:([0-9]+){ETX}$")
_ENVIRONMENT = re.compile(r"\\begin\{([a-z]+\*?)\}(?:\\.|[^\\])+$", re.DOTALL)


def empty(parser: Parser, parent: Node, blocks: list[View]) -> bool:
    """A blank line."""
    block = blocks[-1]
    if block.first:
        return False
    blocks.pop()
    if len(block) > 1:
        parser.push(blocks, block.cut(block.low + 1, block.high))
    return True


def indented_code(parser: Parser, parent: Node, blocks: list[View]) -> bool:
    """A block indented by four; fences in it are shown as they are written."""
    block = blocks[-1]
    if not block.first.startswith(INDENT):
        return False
    blocks.pop()
    inner, rest = _revert(parser, block).detab()
    last = parent.last
    if last is None or last.tag != "pre" or last.kind != "code":
        parent.add("pre", "code")
    parser.code.append(inner)
    parser.push(blocks, rest)
    return True


def _revert(parser: Parser, block: View) -> View:
    """Put back the source of fences that stand in a block of indented code."""
    if "other" not in block.rows.by_kind and not any(STX in line for line in block.lines):
        return block
    parts: list[View] = []
    start = block.low
    for at in range(block.low, block.high):
        line = block.rows.texts[at]
        m = _FENCE_MARK.match(line) if STX in line else None
        if m is None or int(m[2]) in parser.literal:
            continue
        source = parser.restore(int(m[2]), m[1])
        if source is not None:
            parser.literal.add(int(m[2]))
            parts += (block.cut(start, at), source)
            start = at + 1
    if not parts:
        return block
    parts.append(block.cut(start, block.high))
    texts = [line for part in parts for line in part.lines]
    rows = [row for part in parts for row in part.rows.rows[part.low : part.high]]
    columns = [column for part in parts for column in part.rows.columns[part.low : part.high]]
    return View(Rows(texts, rows, columns), 0, len(texts))


def display_math(parser: Parser, parent: Node, blocks: list[View]) -> bool:
    """A block that is one formula: ``$$…$$``, ``\\[…\\]`` or an environment."""
    block = blocks[-1]
    if not block.first.startswith(("$$", "\\[", "\\begin{")):
        return False
    if not block.lines[-1].rstrip(" ").endswith(("$$", "\\]", "}")):
        return False
    text = "\n".join(block.lines)
    if text.startswith("\\begin{"):
        m = _ENVIRONMENT.match(text)
        if m is None or not text.rstrip(" ").endswith(f"\\end{{{m[1]}}}"):
            return False
    elif not _is_display(text.rstrip(" ")):
        return False
    blocks.pop()
    parent.add("div", "arithmatex")
    parser.math.append(block)
    return True


def hash_heading(parser: Parser, parent: Node, blocks: list[View]) -> bool:
    """``# Heading`` on any line of a block."""
    block = blocks[-1]
    at = block.find("hash")
    if at < 0:
        return False
    blocks.pop()
    if at > block.low:
        parser.parse(parent, [block.cut(block.low, at)])
    m = HASH.match(block.rows.texts[at])
    if m:
        parser.heading(parent, len(m["level"]), m["header"].strip(), block.cut(at, at + 1))
    rest = block.cut(at + 1, block.high)
    if parser.is_state("looselist") and rest.find("indented") >= 0:
        rest = rest.loose_detab()
    parser.push(blocks, rest)
    return True


def setext_heading(parser: Parser, parent: Node, blocks: list[View]) -> bool:
    """A first line that is underlined."""
    block = blocks[-1]
    if len(block) < 2 or block.cut(block.low + 1, block.low + 2).find("underline") < 0:
        return False
    blocks.pop()
    level = 1 if block.rows.texts[block.low + 1].startswith("=") else 2
    parser.heading(parent, level, block.first.strip(), block.cut(block.low, block.low + 2))
    parser.push(blocks, block.cut(block.low + 2, block.high))
    return True


def rule(parser: Parser, parent: Node, blocks: list[View]) -> bool:
    """``---`` on any line of a block."""
    block = blocks[-1]
    at = block.find("rule")
    if at < 0:
        return False
    blocks.pop()
    if at > block.low:
        parser.parse(parent, [block.cut(block.low, at)])
    parent.add("hr")
    parser.push(blocks, block.cut(at + 1, block.high))
    return True


def _is_display(text: str) -> bool:
    """Whether a block, without blanks at its end, is one display formula: backslashes pair off inside it."""
    inner, closer = text[2:-2], text[-2:]
    if len(text) < 5 or closer != ("$$" if text.startswith("$$") else "\\]"):
        return False
    return not (len(inner) - len(inner.rstrip("\\"))) % 2
