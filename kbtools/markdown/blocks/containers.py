"""Container blocks: admonitions, details, tabs, HTML elements with Markdown, quotations."""

from __future__ import annotations

import re

from kbtools.markdown.blocks.block_parser import ALL_ITEMS, ALL_LISTS, DEEPEST, Parser, ParserState
from kbtools.markdown.blocks.raw_html import MARK
from kbtools.markdown.line_kinds import DETAILS, HASH, INDENT, QUOTE, TAB
from kbtools.markdown.source_lines import LineRange
from kbtools.markdown.tree import Leaf, Node


def admonition(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``!!! type "Title"`` and the indented blocks below it."""
    block = blocks[-1]
    at = parser.line_of_kind("admonition", parent, blocks)
    if at >= 0:
        inner, rest = block.cut(at + 1, block.high).detab()
        parser.chunk(parent.add("div", "admonition"), inner)
        parser.push(blocks, rest)
        return True
    last = parent.last
    if last is None or last.tag != "div" or "admonition" not in last.kind:
        return False
    return _continue_container(parser, last, last.last, blocks)


def details(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``??? type "Title"`` and the indented blocks below it; its title can be a heading."""
    block = blocks[-1]
    at = parser.line_of_kind("details", parent, blocks)
    if at >= 0:
        node = parent.add("details")
        summary = node.add("summary")
        m = DETAILS.match(block.base.texts[at])
        title = m["title"] if m and m["title"] else ""
        if title.startswith("#") and (h := HASH.match(title)):
            parser.heading(summary, len(h["level"]), h["header"].strip(), block.cut(at, at + 1))
        inner, rest = block.cut(at + 1, block.high).detab()
        parser.chunk(node, inner)
        parser.push(blocks, rest)
        return True
    last = parent.last
    if last is None or last.tag != "details":
        return False
    return _continue_container(parser, last, last.last, blocks)


def tabbed(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """``=== "Title"`` and the indented blocks below it, in alternate style."""
    block = blocks[-1]
    at = parser.line_of_kind("tab", parent, blocks)
    last = parent.last
    if at >= 0:
        m = TAB.match(block.base.texts[at])
        if last is None or last.kind != "tabbed-set" or (m is not None and "!" in (m["special"] or "")):
            last = parent.add("div", "tabbed-set")
            last.add("div", "tabbed-content")
            parser.tabs += 1
        inner, rest = block.cut(at + 1, block.high).detab()
        parser.chunk(last.children[-1].add("div", "tabbed-block"), inner)
        parser.push(blocks, rest)
        return True
    if last is None or last.kind != "tabbed-set":
        return False
    return _continue_tab(parser, last, blocks)


def _continue_tab(parser: Parser, group: Node, blocks: list[LineRange]) -> bool:
    """A block under a tab, perhaps under a list in it: pymdownx.tabbed's ``parse_content``."""
    block = blocks[-1]
    width, first = 0, block.first
    tab: Node | None = group
    child = group.children[-1].last
    node = tab
    while child is not None and node is not None and first.startswith(INDENT * 2):
        if child.kind == "tabbed-block":
            inner = child.last
            if inner is None or inner.tag not in ALL_LISTS:
                break
            child = inner
        elif child.tag not in ALL_LISTS:
            break
        node = child.last
        child = node.last if node is not None else None
        first = first[4:]
        width += 4
    if node is None or not first.startswith(INDENT):
        return False
    if node is group:
        content = group.children[-1].last
        node = content if content is not None else group
    return _fill(parser, node, width + 4, blocks)


def _continue_container(parser: Parser, node: Node, child: Node | None, blocks: list[LineRange]) -> bool:
    """A block under an admonition, perhaps under a list in it: admonition's ``parse_content``."""
    width, first = 0, blocks[-1].first
    inside: Node | None = node
    while child is not None and inside is not None and first.startswith(INDENT * 2) and child.tag in ALL_LISTS:
        inside = child.last
        child = inside.last if inside is not None else None
        first = first[4:]
        width += 4
    if inside is None or not first.startswith(INDENT):
        return False
    return _fill(parser, inside, width + 4, blocks)


def _fill(parser: Parser, node: Node, width: int, blocks: list[LineRange]) -> bool:
    inner, rest = blocks.pop().detab(width)
    if node.tag in ALL_ITEMS:
        node.wrap_text()
    parser.chunk(node, inner)
    parser.push(blocks, rest)
    return True


def element(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """An element of raw HTML whose content is Markdown."""
    block = blocks[-1]
    m = MARK.match(block.first)
    if m is None or int(m[1]) not in parser.elements:
        return False
    blocks.pop()
    element, view = parser.elements[int(m[1])]
    node = parent.add(element.tag, element.attributes.get("class", ""))
    if name := element.attributes.get("id"):
        parser.ids.append(name)
    if element.state != "off":
        parser.opened.add(int(m[1]))
    if element.state == "block":
        parser.chunk(node, view)
    elif element.state == "span" and len(view):
        leaf = Leaf([view])
        if re.fullmatch("h[1-6]", element.tag):
            leaf.level, leaf.name = int(element.tag[1]), element.attributes.get("id")
            leaf.title = "\n".join(view.lines).strip()
            leaf.rows = view.base.rows[view.low], view.base.rows[view.high - 1]
        parser.leaves.append(leaf)
    if m.end() < len(block.first):
        rest = block.strip_first(m.end())
        parser.push(blocks, rest)
    elif len(block) > 1:
        parser.push(blocks, block.cut(block.low + 1, block.high))
    return True


CALLOUT = re.compile(r"\[!(?P<kind>[^\W\d_][\w-]*)\](?P<fold>[+-]?)(?=\s|$)")
"""How the first line of a quote begins that is a callout: ``[!note]``, ``[!tip]- Title``."""


def quote(parser: Parser, parent: Node, blocks: list[LineRange]) -> bool:
    """The lines from the first that starts with ``>``, lazy ones included."""
    block = blocks[-1]
    at = block.find("quote")
    if at < 0 or parser.depth >= DEEPEST - 4:
        return False
    blocks.pop()
    if at > block.low:
        parser.parse(parent, [block.cut(block.low, at)])
    cuts = []
    for line in block.base.texts[at : block.high]:
        m = QUOTE.match(line)
        cuts.append(len(line) if line.strip() == ">" else m.end() if m else 0)
    inner = block.cut(at, block.high).strip(cuts)
    if CALLOUT.match(inner.first):  # its title is a block of its own
        title, rest = inner.cut(inner.low, inner.low + 1), inner.cut(inner.low + 1, inner.high)
        parser.within(ParserState.BLOCK_QUOTE, parent.add("callout"), [*title.blocks(), *rest.blocks()])
        return True
    last = parent.last
    node = last if last is not None and last.tag == "blockquote" else parent.add("blockquote")
    parser.within(ParserState.BLOCK_QUOTE, node, inner.blocks())
    return True
