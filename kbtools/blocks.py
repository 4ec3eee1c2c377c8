"""The block structure of a page as Python-Markdown builds it: what is code, a heading, a text for inline markup.

A port of Python-Markdown 3.11's ``blockprocessors`` and of the block processors of admonition, def_list, footnotes,
tables, abbr, attr_list, md_in_html, pymdownx.details, pymdownx.tabbed and pymdownx.arithmatex, in the order of their
priorities. Blocks are views on lines, searches go through an index, so a page costs time in proportion to its length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from kbtools.lines import ETX, STX
from kbtools.rawhtml import MARK, Element
from kbtools.rows import (
    ABBREVIATION,
    DEFINITION,
    DETAILS,
    FOOTNOTE,
    HASH,
    INDENT,
    ITEM,
    KIND_NAMES,
    NESTED_ITEM,
    OLIST,
    QUOTE,
    REFERENCE,
    TAB,
    ULIST,
    Rows,
    View,
    join,
)

_DEEPEST = 60  # containers within one another; the renderer's own limit is Python's stack
_FENCE_MARK = re.compile(rf"^([> ]*){STX}wzxhzdk:([0-9]+){ETX}$")
_PIPES = re.compile(r"\\\\|(\\`+)|(`+)|\\\||(\|)")
_END_BORDER = re.compile(r"(?<!\\)(?:\\\\)*\|$")
_MATH = re.compile(r"\$\$(?:\\.|[^\\])+\$\$ *$|\\\[(?:\\[^\]]|[^\\])+\\\] *$", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\begin\{([a-z]+\*?)\}(?:\\.|[^\\])+$", re.DOTALL)
_LISTS, _ITEMS = frozenset(("ul", "ol")), frozenset(("li",))
_ALL_LISTS, _ALL_ITEMS = frozenset(("dl", "ul", "ol")), frozenset(("dd", "li"))


_Processor = Callable[["Blocks", "Node", list[View]], bool]


class Node:
    """An element of the tree, with just what the block parser asks of it."""

    __slots__ = ("children", "kind", "tag", "tail", "text")

    def __init__(self, tag: str, kind: str = "") -> None:
        self.tag, self.kind = tag, kind
        self.children: list[Node] = []
        self.text: Leaf | None = None
        self.tail: Leaf | None = None

    @property
    def last(self) -> Node | None:
        return self.children[-1] if self.children else None

    def add(self, tag: str, kind: str = "") -> Node:
        child = Node(tag, kind)
        self.children.append(child)
        return child

    def wrap_text(self) -> None:
        if self.text is not None:
            p = Node("p")
            p.text, self.text = self.text, None
            self.children.insert(0, p)


@dataclass(slots=True)
class Leaf:
    """A text that inline markup is looked for in; markup does not reach beyond it."""

    views: list[View]
    level: int = 0
    """Of a heading; 0 for all else."""
    title: str = ""
    """A heading's text as written."""
    rows: tuple[int, int] = (0, 0)
    """A heading's first and last row."""
    name: str | None = None
    """The id of an element of raw HTML that is a heading."""


class Blocks:
    """Parses lines into leaves, headings and code."""

    def __init__(self, restore: Callable[[int, str], View | None], elements: dict[int, tuple[Element, View]]) -> None:
        self.restore = restore
        """The source lines of a fence by its number, given the prefix at hand: an indented code block shows them."""
        self.elements = elements
        self.leaves: list[Leaf] = []
        self.code: list[View] = []
        self.math: list[View] = []
        self.literal: set[int] = set()
        """Fences shown as text, in an indented code block or behind it."""
        self.dropped: list[View] = []
        """Lines that define something and are not shown."""
        self.ids: list[str] = []
        self.state: list[str] = []
        self.depth = 0
        self.tabs = 0
        self.footnotes: dict[str, View] = {}
        self.noted: set[str] = set()

    def document(self, rows: Rows) -> None:
        """Parse a whole page, footnotes last, as they are rendered."""
        self.chunk(Node("div"), View(rows, 0, len(rows.texts)))
        parent = Node("div")
        for name in list(self.footnotes):
            self.ids.append(f"fn:{name}")
            self.noted.add(name)
            self.chunk(parent, self.footnotes[name])
            parent.children.clear()

    def chunk(self, parent: Node, view: View) -> None:
        self.parse(parent, view.blocks())

    def parse(self, parent: Node, blocks: list[View]) -> None:
        """Consume blocks, the last of the list first."""
        self.depth += 1
        if self.depth > _DEEPEST:
            while blocks:
                self.paragraph(parent, blocks.pop())
        while blocks:
            block = blocks[-1]
            if block.is_prose():
                blocks.pop()
                if block.first:
                    self.paragraph(parent, block)
                elif len(block) > 1:
                    self.push(blocks, block.cut(block.low + 1, block.high))
                continue
            for processor in _relevant(frozenset(block.rows.by_kind)):
                if processor(self, parent, blocks):
                    break
            else:
                self.paragraph(parent, blocks.pop())
        self.depth -= 1

    def within(self, state: str, parent: Node, blocks: list[View]) -> None:
        self.state.append(state)
        self.parse(parent, blocks)
        self.state.pop()

    def is_state(self, state: str) -> bool:
        return bool(self.state) and self.state[-1] == state

    @staticmethod
    def push(blocks: list[View], view: View) -> None:
        """Put what is left of a block back, unless nothing is."""
        if len(view) > 1 or view.first:
            blocks.append(view)

    # -- containers that are marked on a line and indented below

    def admonition(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("admonition")
        if at >= 0:
            blocks.pop()
            if at > block.low:
                self.parse(parent, [block.cut(block.low, at)])
            inner, rest = block.cut(at + 1, block.high).detab()
            self.chunk(parent.add("div", "admonition"), inner)
            self.push(blocks, rest)
            return True
        last = parent.last
        if last is None or last.tag != "div" or "admonition" not in last.kind:
            return False
        return self.continue_container(last, last.last, blocks)

    def details(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("details")
        if at >= 0:
            blocks.pop()
            if at > block.low:
                self.parse(parent, [block.cut(block.low, at)])
            node = parent.add("details")
            summary = node.add("summary")
            m = DETAILS.match(block.rows.texts[at])
            title = m["title"] if m and m["title"] else ""
            if title.startswith("#") and (h := HASH.match(title)):
                self.heading(summary, len(h["level"]), h["header"].strip(), block.cut(at, at + 1))
            inner, rest = block.cut(at + 1, block.high).detab()
            self.chunk(node, inner)
            self.push(blocks, rest)
            return True
        last = parent.last
        if last is None or last.tag != "details":
            return False
        return self.continue_container(last, last.last, blocks)

    def tabbed(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("tab")
        last = parent.last
        if at >= 0:
            blocks.pop()
            if at > block.low:
                self.parse(parent, [block.cut(block.low, at)])
            last = parent.last
            m = TAB.match(block.rows.texts[at])
            if last is None or last.kind != "tabbed-set" or (m is not None and "!" in (m["special"] or "")):
                last = parent.add("div", "tabbed-set")
                last.add("div", "tabbed-content")
                self.tabs += 1
            inner, rest = block.cut(at + 1, block.high).detab()
            self.chunk(last.children[-1].add("div", "tabbed-block"), inner)
            self.push(blocks, rest)
            return True
        if last is None or last.kind != "tabbed-set":
            return False
        return self.continue_tab(last, blocks)

    def continue_tab(self, group: Node, blocks: list[View]) -> bool:
        """A block under a tab, perhaps under a list in it: pymdownx.tabbed's ``parse_content``."""
        block = blocks[-1]
        width, first = 0, block.first
        tab: Node | None = group
        child = group.children[-1].last
        node = tab
        while child is not None and node is not None and first.startswith(INDENT * 2):
            if child.kind == "tabbed-block":
                inner = child.last
                if inner is None or inner.tag not in _ALL_LISTS:
                    break
                child = inner
            elif child.tag not in _ALL_LISTS:
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
        return self.fill(node, width + 4, blocks)

    def continue_container(self, node: Node, child: Node | None, blocks: list[View]) -> bool:
        """A block under an admonition, perhaps under a list in it: admonition's ``parse_content``."""
        width, first = 0, blocks[-1].first
        inside: Node | None = node
        while child is not None and inside is not None and first.startswith(INDENT * 2) and child.tag in _ALL_LISTS:
            inside = child.last
            child = inside.last if inside is not None else None
            first = first[4:]
            width += 4
        if inside is None or not first.startswith(INDENT):
            return False
        return self.fill(inside, width + 4, blocks)

    def fill(self, node: Node, width: int, blocks: list[View]) -> bool:
        inner, rest = blocks.pop().detab(width)
        if node.tag in _ALL_ITEMS:
            node.wrap_text()
        self.chunk(node, inner)
        self.push(blocks, rest)
        return True

    def element(self, parent: Node, blocks: list[View]) -> bool:
        """An element of raw HTML whose content is Markdown."""
        block = blocks[-1]
        m = MARK.match(block.first)
        if m is None or int(m[1]) not in self.elements:
            return False
        blocks.pop()
        element, view = self.elements[int(m[1])]
        node = parent.add(element.tag, element.attributes.get("class", ""))
        if name := element.attributes.get("id"):
            self.ids.append(name)
        if element.state == "block":
            self.chunk(node, view)
        elif element.state == "span" and len(view):
            leaf = Leaf([view])
            if re.fullmatch("h[1-6]", element.tag):
                leaf.level, leaf.name = int(element.tag[1]), element.attributes.get("id")
                leaf.title = "\n".join(view.lines).strip()
                leaf.rows = view.rows.rows[view.low], view.rows.rows[view.high - 1]
            self.leaves.append(leaf)
        if m.end() < len(block.first):
            rest = block.strip_first(m.end())
            self.push(blocks, rest)
        elif len(block) > 1:
            self.push(blocks, block.cut(block.low + 1, block.high))
        return True

    # -- blank lines and indentation

    def empty(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        if block.first:
            return False
        blocks.pop()
        if len(block) > 1:
            self.push(blocks, block.cut(block.low + 1, block.high))
        return True

    def list_indent(self, parent: Node, blocks: list[View]) -> bool:
        return self.under_list(parent, blocks, _LISTS, _ITEMS)

    def definition_indent(self, parent: Node, blocks: list[View]) -> bool:
        return self.under_list(parent, blocks, _ALL_LISTS, _ALL_ITEMS)

    def under_list(self, parent: Node, blocks: list[View], lists: frozenset[str], items: frozenset[str]) -> bool:
        """An indented block in or behind a list: ``ListIndentProcessor``."""
        block, last = blocks[-1], parent.last
        if not block.first.startswith(INDENT) or self.is_state("detabbed"):
            return False
        if parent.tag not in items and (last is None or last.tag not in lists):
            return False
        blocks.pop()
        first = block.first
        deepest = (len(first) - len(first.lstrip(" "))) // 4
        level, sibling = (1 if self.is_state("list") else 0), parent
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
            self.within("detabbed", target, [block])
        elif sibling.tag in items:
            self.within("detabbed", sibling, [block])
        elif sibling.last is not None and sibling.last.tag in items:
            sibling.last.wrap_text()
            self.within("detabbed", sibling.last, block.blocks())
        else:
            node = sibling.add("dd" if "dl" in lists else "li")
            self.within("detabbed", node, [block])
        return True

    def indented_code(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        if not block.first.startswith(INDENT):
            return False
        blocks.pop()
        inner, rest = self.revert(block).detab()
        last = parent.last
        if last is None or last.tag != "pre" or last.kind != "code":
            parent.add("pre", "code")
        self.code.append(inner)
        self.push(blocks, rest)
        return True

    def revert(self, block: View) -> View:
        """Put back the source of fences that stand in a block of indented code."""
        if "other" not in block.rows.by_kind and not any(STX in line for line in block.lines):
            return block
        parts: list[View] = []
        start = block.low
        for at in range(block.low, block.high):
            line = block.rows.texts[at]
            m = _FENCE_MARK.match(line) if STX in line else None
            if m is None or int(m[2]) in self.literal:
                continue
            source = self.restore(int(m[2]), m[1])
            if source is not None:
                self.literal.add(int(m[2]))
                parts += (block.cut(start, at), source)
                start = at + 1
        if not parts:
            return block
        parts.append(block.cut(start, block.high))
        texts = [line for part in parts for line in part.lines]
        rows = [row for part in parts for row in part.rows.rows[part.low : part.high]]
        columns = [column for part in parts for column in part.rows.columns[part.low : part.high]]
        return View(Rows(texts, rows, columns), 0, len(texts))

    # -- math, tables, headings, rules

    def display_math(self, parent: Node, blocks: list[View]) -> bool:
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
        self.math.append(block)
        return True

    def table(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        if len(block) < 2 or block.find("table") < 0:
            return False
        rows = [line.strip(" ") for line in block.rows.texts[block.low : block.low + 2]]
        if set(rows[1]) > set("|:- ") or not set(rows[1]) <= set("|:- "):
            return False
        border = rows[0].startswith("|") or _END_BORDER.search(rows[0]) is not None
        width = _cells(rows[0], border)
        if width < 2:
            if width != 1 or not border:
                return False
            for line in block.rows.texts[block.low + 1 : block.high]:
                row = line.strip(" ")
                if not row.startswith("|") and _END_BORDER.search(row) is None:
                    return False
        if _cells(rows[1], border) != width:
            return False
        blocks.pop()
        parent.add("table")
        self.leaves += (Leaf([block.cut(at, at + 1)]) for at in range(block.low, block.high) if at != block.low + 1)
        return True

    def heading(self, parent: Node, level: int, title: str, view: View) -> None:
        node = parent.add(f"h{level}")
        rows = view.rows.rows[view.low], view.rows.rows[view.high - 1]
        node.text = Leaf([view.cut(view.low, view.low + 1)], level, title, rows)
        self.leaves.append(node.text)

    def hash_heading(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("hash")
        if at < 0:
            return False
        blocks.pop()
        if at > block.low:
            self.parse(parent, [block.cut(block.low, at)])
        m = HASH.match(block.rows.texts[at])
        if m:
            self.heading(parent, len(m["level"]), m["header"].strip(), block.cut(at, at + 1))
        rest = block.cut(at + 1, block.high)
        if self.is_state("looselist") and rest.find("indented") >= 0:
            rest = rest.loose_detab()
        self.push(blocks, rest)
        return True

    def setext_heading(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        if len(block) < 2 or block.cut(block.low + 1, block.low + 2).find("underline") < 0:
            return False
        blocks.pop()
        level = 1 if block.rows.texts[block.low + 1].startswith("=") else 2
        self.heading(parent, level, block.first.strip(), block.cut(block.low, block.low + 2))
        self.push(blocks, block.cut(block.low + 2, block.high))
        return True

    def rule(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("rule")
        if at < 0:
            return False
        blocks.pop()
        if at > block.low:
            self.parse(parent, [block.cut(block.low, at)])
        parent.add("hr")
        self.push(blocks, block.cut(at + 1, block.high))
        return True

    # -- lists and quotes

    def ordered_list(self, parent: Node, blocks: list[View]) -> bool:
        return bool(OLIST.match(blocks[-1].first)) and self.list_of("ol", parent, blocks)

    def bullet_list(self, parent: Node, blocks: list[View]) -> bool:
        return bool(ULIST.match(blocks[-1].first)) and self.list_of("ul", parent, blocks)

    def list_of(self, tag: str, parent: Node, blocks: list[View]) -> bool:
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
            self.within("looselist", node.add("li"), [items.pop(0)])
        elif parent.tag in _LISTS:
            node = parent
        else:
            node = parent.add(tag)
        self.state.append("list")
        for item in items:
            if item.is_prose() and item.first:
                self.paragraph(node.add("li"), item)
            elif item.first.startswith(INDENT) and node.last is not None:
                self.parse(node.last, [item])
            else:
                self.parse(node.add("li"), [item])
        self.state.pop()
        return True

    def definitions(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("definition")
        if at < 0:
            return False
        terms = [n for n in range(block.low, at) if block.rows.texts[n].strip()]
        last = parent.last
        if not terms and last is None:
            return False
        blocks.pop()
        m = DEFINITION.match(block.rows.texts[at])
        below = block.cut(at + 1, block.high)
        if re.match(r" {0,3}[^ :]", below.first):
            inner, rest = below, below.cut(below.high, below.high)
        else:
            inner, rest = below.detab()
        head = block.cut(at, at + 1).strip_first(m.end() if m else 0)
        d = _concatenate([head, inner]) if len(inner) and (len(inner) > 1 or inner.first) else head
        state = "list"
        term_leaves = [Leaf([block.cut(n, n + 1)]) for n in terms]
        self.leaves += term_leaves
        found = bool(terms)
        if not terms and last is not None and last.tag == "p":
            state, found = "looselist", True
            parent.children.pop()
            last = parent.last
        if last is not None and last.tag == "dl":
            dl = last
            if not found and dl.last is not None and dl.last.tag == "dd" and dl.last.children:
                state = "looselist"
        else:
            dl = parent.add("dl")
        if found:
            dl.add("dt")
        self.within(state, dl.add("dd"), [d])
        self.push(blocks, rest)
        return True

    def quote(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("quote")
        if at < 0 or self.depth >= _DEEPEST - 4:
            return False
        blocks.pop()
        if at > block.low:
            self.parse(parent, [block.cut(block.low, at)])
        cuts = []
        for line in block.rows.texts[at : block.high]:
            m = QUOTE.match(line)
            cuts.append(len(line) if line.strip() == ">" else m.end() if m else 0)
        inner = block.cut(at, block.high).strip(cuts)
        last = parent.last
        node = last if last is not None and last.tag == "blockquote" else parent.add("blockquote")
        self.within("blockquote", node, inner.blocks())
        return True

    # -- definitions that are not shown where they stand

    def footnote(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("footnote")
        if at < 0:
            return False
        blocks.pop()
        texts = block.rows.texts
        m = FOOTNOTE.match(texts[at])
        while True:
            head = block.cut(at, at + 1).strip_first(m.end() if m else 0)
            name = m[1] if m else ""
            following = block.cut(at + 1, block.high).find("footnote")
            if following != at + 1:
                break
            self.define(name, [head])
            at, m = following, FOOTNOTE.match(texts[following])
        if following >= 0:
            body = [_concatenate([head, block.cut(at + 1, following).loose_detab()])]
            blocks.append(block.cut(following, block.high))
        else:
            body = [_concatenate([head, block.cut(at + 1, block.high).loose_detab()])]
            while blocks and blocks[-1].first.startswith(INDENT):
                more = blocks.pop()
                split = more.find("footnote")
                if split >= 0:
                    body.append(more.cut(more.low, split).loose_detab())
                    blocks.append(more.cut(split, more.high))
                    break
                body.append(more.loose_detab())
        self.define(name, body)
        at = block.find("footnote")
        if not block.cut(block.low, at).is_blank():
            blocks.append(block.cut(block.low, at))
        return True

    def define(self, name: str, body: list[View]) -> None:
        if name in self.noted:
            # Defined again inside itself or a later footnote: too late to be shown.
            self.dropped.append(join(body))
            return
        if name in self.footnotes:
            self.dropped.append(self.footnotes[name])
        self.footnotes[name] = join(body)

    def abbreviation(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("abbreviation")
        if at < 0:
            return False
        line = block.rows.texts[at]
        m = ABBREVIATION.match(line)
        used = 1
        if m and not line[m.end() :].strip():
            used = 2
            if at + 1 >= block.high or not block.rows.texts[at + 1].strip():
                return False
        if not m or not line[2 : line.rfind("]", 0, m.end())].strip():
            return False
        self.remove(block, at, at + used, blocks)
        return True

    def reference(self, parent: Node, blocks: list[View]) -> bool:
        block = blocks[-1]
        at = block.find("reference")
        while at >= 0:
            m = REFERENCE.match("\n".join(block.rows.texts[at : min(at + 3, block.high)]))
            if m:
                self.remove(block, at, at + m[0].count("\n") + 1, blocks)
                return True
            at = block.cut(at + 1, block.high).find("reference")
        return False

    def remove(self, block: View, low: int, high: int, blocks: list[View]) -> None:
        blocks.pop()
        self.dropped.append(block.cut(low, high))
        for part in (block.cut(high, block.high), block.cut(block.low, low)):
            if len(part) and not part.is_blank():
                blocks.append(part)

    def paragraph(self, parent: Node, block: View) -> None:
        if block.is_blank():
            return
        last = parent.last
        if not self.is_state("list"):
            node = parent.add("p")
            node.text = Leaf([block])
            self.leaves.append(node.text)
        elif last is not None:
            last.tail = self.extend(last.tail, block)
        else:
            parent.text = self.extend(parent.text, block)

    def extend(self, leaf: Leaf | None, block: View) -> Leaf:
        if leaf is None:
            leaf = Leaf([block])
            self.leaves.append(leaf)
        else:
            leaf.views.append(block)
        return leaf


# By priority. A processor is only asked about lines among which there is one of its kinds.
_PROCESSORS: tuple[tuple[_Processor, tuple[str, ...]], ...] = (
    (Blocks.admonition, ("admonition", "indented")),
    (Blocks.element, ("other",)),
    (Blocks.details, ("details", "indented")),
    (Blocks.tabbed, ("tab", "indented")),
    (Blocks.empty, KIND_NAMES),
    (Blocks.list_indent, ("indented",)),
    (Blocks.definition_indent, ("indented",)),
    (Blocks.indented_code, ("indented",)),
    (Blocks.display_math, ("other",)),
    (Blocks.table, ("table",)),
    (Blocks.hash_heading, ("hash",)),
    (Blocks.setext_heading, ("underline",)),
    (Blocks.rule, ("rule",)),
    (Blocks.ordered_list, ("olist",)),
    (Blocks.bullet_list, ("ulist",)),
    (Blocks.definitions, ("definition",)),
    (Blocks.quote, ("quote",)),
    (Blocks.footnote, ("footnote",)),
    (Blocks.abbreviation, ("abbreviation",)),
    (Blocks.reference, ("reference",)),
)


@lru_cache(maxsize=512)
def _relevant(kinds: frozenset[str]) -> tuple[_Processor, ...]:
    return tuple(processor for processor, needs in _PROCESSORS if not kinds.isdisjoint(needs))


def _is_display(text: str) -> bool:
    """Whether a block, without blanks at its end, is one display formula: backslashes pair off inside it."""
    inner, closer = text[2:-2], text[-2:]
    if len(text) < 5 or closer != ("$$" if text.startswith("$$") else "\\]"):
        return False
    return not (len(inner) - len(inner.rstrip("\\"))) % 2


def _concatenate(views: list[View]) -> View:
    texts = [line for view in views for line in view.lines]
    rows = [row for view in views for row in view.rows.rows[view.low : view.high]]
    columns = [column for view in views for column in view.rows.columns[view.low : view.high]]
    return View(Rows(texts, rows, columns), 0, len(texts))


def _items(block: View) -> list[View]:
    """The items of a list, each with the lines that belong to it: ``OListProcessor.get_items``."""
    items: list[tuple[int, int, int]] = []  # from, to, characters off the first line
    for at in range(block.low, block.high):
        line = block.rows.texts[at]
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
