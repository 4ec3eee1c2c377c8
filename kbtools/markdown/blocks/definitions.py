"""Definitions shown elsewhere: footnotes, abbreviations, link references."""

from __future__ import annotations

from kbtools.markdown.blocks.block_parser import Parser
from kbtools.markdown.line_kinds import ABBREVIATION, FOOTNOTE, INDENT, REFERENCE
from kbtools.markdown.source_lines import LineRange, concatenate, join
from kbtools.markdown.tree import Node


def footnote(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``[^name]: text`` with what is indented behind it."""
    block = blocks[-1]
    at = block.find("footnote")
    if at < 0:
        return False
    blocks.pop()
    texts = block.base.texts
    m = FOOTNOTE.match(texts[at])
    while True:
        head = block.cut(at, at + 1).strip_first(m.end() if m else 0)
        name = m[1] if m else ""
        following = block.cut(at + 1, block.high).find("footnote")
        if following != at + 1:
            break
        _define(parser, name, [head])
        at, m = following, FOOTNOTE.match(texts[following])
    if following >= 0:
        body = [concatenate([head, block.cut(at + 1, following).loose_detab()])]
        blocks.append(block.cut(following, block.high))
    else:
        body = [concatenate([head, block.cut(at + 1, block.high).loose_detab()])]
        while blocks and blocks[-1].first.startswith(INDENT):
            more = blocks.pop()
            split = more.find("footnote")
            if split >= 0:
                body.append(more.cut(more.low, split).loose_detab())
                blocks.append(more.cut(split, more.high))
                break
            body.append(more.loose_detab())
    _define(parser, name, body)
    at = block.find("footnote")
    if not block.cut(block.low, at).is_blank():
        blocks.append(block.cut(block.low, at))
    return True


def _define(parser: Parser, name: str, body: list[LineRange]) -> None:
    if name in parser.noted:
        # Defined again inside itself or a later footnote: too late to be shown.
        parser.dropped.append(join(body))
        return
    if name in parser.footnotes:
        parser.dropped.append(parser.footnotes[name])
    parser.footnotes[name] = join(body)


def abbreviation(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``*[name]: text``."""
    block = blocks[-1]
    at = block.find("abbreviation")
    if at < 0:
        return False
    line = block.base.texts[at]
    m = ABBREVIATION.match(line)
    used = 1
    if m and not line[m.end() :].strip():
        used = 2
        if at + 1 >= block.high or not block.base.texts[at + 1].strip():
            return False
    if not m or not line[2 : line.rfind("]", 0, m.end())].strip():
        return False
    _remove(parser, block, at, at + used, blocks)
    return True


def reference(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``[name]: address``."""
    block = blocks[-1]
    at = block.find("reference")
    while at >= 0:
        m = REFERENCE.match("\n".join(block.base.texts[at : min(at + 3, block.high)]))
        if m:
            end = at + m[0].count("\n") + 1
            parser.references.append((m["name"], block.cut(at, end)))
            _remove(parser, block, at, end, blocks)
            return True
        at = block.cut(at + 1, block.high).find("reference")
    return False


def _remove(parser: Parser, block: LineRange, low: int, high: int, blocks: list[LineRange]) -> None:
    blocks.pop()
    parser.dropped.append(block.cut(low, high))
    for part in (block.cut(high, block.high), block.cut(block.low, low)):
        if len(part) and not part.is_blank():
            blocks.append(part)
