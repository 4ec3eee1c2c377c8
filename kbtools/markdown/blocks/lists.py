"""Lists and the indented blocks of their items."""

from __future__ import annotations

import re

from kbtools.markdown.blocks.block_parser import ALL_ITEMS, ALL_LISTS, Parser, ParserState
from kbtools.markdown.line_kinds import DEFINITION, INDENT, ITEM, NESTED_ITEM, OLIST, ULIST
from kbtools.markdown.source_lines import LineRange, concatenate
from kbtools.markdown.tree import Leaf, Node

_LISTS, _ITEMS = frozenset(("ul", "ol")), frozenset(("li",))


def list_indent(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """An indented block in or behind a list."""
    return _under_list(parser, parent, blocks, _LISTS, _ITEMS)


def definition_indent(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """An indented block in or behind a list or a definition list."""
    return _under_list(parser, parent, blocks, ALL_LISTS, ALL_ITEMS)


def _under_list(
    parser: Parser, parent: Node, blocks: list[LineRange], lists: frozenset[str], items: frozenset[str]
) -> bool:
    """An indented block in or behind a list: ``ListIndentProcessor``."""
    block, last = blocks[-1], parent.last
    if not block.first.startswith(INDENT) or parser.is_state(ParserState.DETABBED):
        return False
    if parent.tag not in items and (last is None or last.tag not in lists):
        return False
    blocks.pop()
    first = block.first
    deepest = (len(first) - len(first.lstrip(" "))) // 4
    level, sibling = (1 if parser.is_state(ParserState.LIST) else 0), parent
    while deepest > level:
        child = sibling.last
        if child is None or (child.tag not in lists and child.tag not in items):
            break
        if child.tag in lists:
            level += 1
        sibling = child
    block = block.loose_detab(4 * level)
    if parent.tag in items:
        target = last if last is not None and last.tag in lists else parent
        parser.within(ParserState.DETABBED, target, [block])
    elif sibling.tag in items:
        parser.within(ParserState.DETABBED, sibling, [block])
    elif sibling.last is not None and sibling.last.tag in items:
        sibling.last.wrap_text()
        parser.within(ParserState.DETABBED, sibling.last, block.blocks())
    else:
        node = sibling.add("dd" if "dl" in lists else "li")
        parser.within(ParserState.DETABBED, node, [block])
    return True


def ordered_list(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``1. item``, and the items directly below."""
    return bool(OLIST.match(blocks[-1].first)) and _list_of(parser, "ol", parent, blocks)


def bullet_list(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``- item``, and the items directly below."""
    return bool(ULIST.match(blocks[-1].first)) and _list_of(parser, "ul", parent, blocks)


def _list_of(parser: Parser, tag: str, parent: Node, blocks: list[LineRange]) -> bool:
    items = _items(blocks.pop())
    last = parent.last
    if last is not None and last.tag in _LISTS:
        node = last
        if node.last is not None:
            node.last.wrap_text()
            inner = node.last.last
            if inner is not None and inner.tail is not None:
                node.last.add("p").text = inner.tail
                inner.tail = None
        parser.within(ParserState.LOOSE_LIST, node.add("li"), [items.pop(0)])
    elif parent.tag in _LISTS:
        node = parent
    else:
        node = parent.add(tag)
    parser.state.append(ParserState.LIST)
    for item in items:
        if item.is_prose() and item.first:
            parser.paragraph(node.add("li"), item)
        elif item.first.startswith(INDENT) and node.last is not None:
            parser.parse(node.last, [item])
        else:
            parser.parse(node.add("li"), [item])
    parser.state.pop()
    return True


def definitions(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``: definition`` below its terms, or below a paragraph that is them."""
    block = blocks[-1]
    at = block.find("definition")
    if at < 0:
        return False
    terms = [n for n in range(block.low, at) if block.base.texts[n].strip()]
    last = parent.last
    if not terms and last is None:
        return False
    blocks.pop()
    m = DEFINITION.match(block.base.texts[at])
    below = block.cut(at + 1, block.high)
    if re.match(r" {0,3}[^ :]", below.first):
        inner, rest = below, below.cut(below.high, below.high)
    else:
        inner, rest = below.detab()
    head = block.cut(at, at + 1).strip_first(m.end() if m else 0)
    d = concatenate([head, inner]) if len(inner) and (len(inner) > 1 or inner.first) else head
    state = ParserState.LIST
    term_leaves = [Leaf([block.cut(n, n + 1)]) for n in terms]
    parser.leaves += term_leaves
    found = bool(terms)
    if not terms and last is not None and last.tag == "p":
        state, found = ParserState.LOOSE_LIST, True
        parent.children.pop()
        last = parent.last
    if last is not None and last.tag == "dl":
        dl = last
        if not found and dl.last is not None and dl.last.tag == "dd" and dl.last.children:
            state = ParserState.LOOSE_LIST
    else:
        dl = parent.add("dl")
    if found:
        dl.add("dt")
    parser.within(state, dl.add("dd"), [d])
    parser.push(blocks, rest)
    return True


def _items(block: LineRange) -> list[LineRange]:
    """The items of a list, each with the lines that belong to it: ``OListProcessor.get_items``."""
    items: list[tuple[int, int, int]] = []  # from, to, characters off the first line
    for at in range(block.low, block.high):
        line = block.base.texts[at]
        if m := ITEM.match(line):
            items.append((at, at + 1, m.end()))
        elif NESTED_ITEM.match(line) and items and items[-1][2] != 0:
            items.append((at, at + 1, 0))
        elif items:
            items[-1] = (items[-1][0], at + 1, items[-1][2])
    found = []
    for low, high, cut in items:
        view = block.cut(low, high)
        found.append(view.strip_first(cut) if cut else view)
    return found
