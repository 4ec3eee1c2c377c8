"""Leaf blocks: indented code, display math, headings, thematic breaks."""

from __future__ import annotations

import re

from kbtools.markdown.blocks.block_parser import Parser, ParserState
from kbtools.markdown.line_kinds import HASH, INDENT
from kbtools.markdown.marks import ETX, STX
from kbtools.markdown.source_lines import LineRange, concatenate
from kbtools.markdown.tree import Node

_FENCE_MARK = re.compile(rf"^([> ]*){STX}wzxhzdk:([0-9]+){ETX}$")
_ENVIRONMENT = re.compile(r"\\begin\{([a-z]+\*?)\}(?:\\.|[^\\])+$", re.DOTALL)


def empty(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """A blank line."""
    block = blocks[-1]
    if block.first:
        return False
    blocks.pop()
    if len(block) > 1:
        parser.push(blocks, block.cut(block.low + 1, block.high))
    return True


def indented_code(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
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


def _revert(parser: Parser, block: LineRange) -> LineRange:
    """Put back the source of fences that stand in a block of indented code."""
    if "other" not in block.base.by_kind and not any(STX in line for line in block.lines):
        return block
    parts: list[LineRange] = []
    start = block.low
    for at in range(block.low, block.high):
        line = block.base.texts[at]
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
    return concatenate(parts)


def display_math(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
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


def hash_heading(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``# Heading`` on any line of a block."""
    block = blocks[-1]
    at = parser.line_of_kind("hash", parent, blocks)
    if at < 0:
        return False
    m = HASH.match(block.base.texts[at])
    if m:
        parser.heading(parent, len(m["level"]), m["header"].strip(), block.cut(at, at + 1))
    rest = block.cut(at + 1, block.high)
    if parser.is_state(ParserState.LOOSE_LIST) and rest.find("indented") >= 0:
        rest = rest.loose_detab()
    parser.push(blocks, rest)
    return True


def setext_heading(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """A first line that is underlined."""
    block = blocks[-1]
    if len(block) < 2 or block.cut(block.low + 1, block.low + 2).find("underline") < 0:
        return False
    blocks.pop()
    level = 1 if block.base.texts[block.low + 1].startswith("=") else 2
    parser.heading(parent, level, block.first.strip(), block.cut(block.low, block.low + 2))
    parser.push(blocks, block.cut(block.low + 2, block.high))
    return True


def rule(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``---`` on any line of a block."""
    block = blocks[-1]
    at = parser.line_of_kind("rule", parent, blocks)
    if at < 0:
        return False
    parent.add("hr")
    parser.push(blocks, block.cut(at + 1, block.high))
    return True


def _is_display(text: str) -> bool:
    """Whether a block, without blanks at its end, is one display formula: backslashes pair off inside it."""
    inner, closer = text[2:-2], text[-2:]
    if len(text) < 5 or closer != ("$$" if text.startswith("$$") else "\\]"):
        return False
    return not (len(inner) - len(inner.rstrip("\\"))) % 2
