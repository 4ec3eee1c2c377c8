"""Block parser: passes each block of lines to the first processor that accepts it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from kbtools.markdown.blocks.raw_html import Element
from kbtools.markdown.source_lines import LineRange
from kbtools.markdown.tree import Leaf, Node

DEEPEST = 60  # containers within one another; the renderer's own limit is Python's stack

ALL_LISTS, ALL_ITEMS = frozenset(("dl", "ul", "ol")), frozenset(("dd", "li"))
"""Tags of lists and of their items."""


class ParserState(Enum):
    """State that Python-Markdown's processors pass to nested ones: ``parser.state``."""

    LIST = auto()
    LOOSE_LIST = auto()
    """In an item that holds paragraphs of its own."""
    DETABBED = auto()
    """In what an indented block below a list holds, its indentation taken off."""
    BLOCK_QUOTE = auto()


Processor = Callable[["Parser", Node, list[LineRange]], bool]
"""Consumes as much as it can of the last block of a list and puts the rest back; False if it does not accept it."""


class Parser:
    """State of the parser, and the elements found so far."""

    def __init__(
        self,
        restore: Callable[[int, str], LineRange | None],
        elements: dict[int, tuple[Element, LineRange]],
        relevant: Callable[[frozenset[str]], tuple[Processor, ...]],
    ) -> None:
        self.restore = restore
        """The source lines of a fence by its number, given the prefix at hand: an indented code block shows them."""
        self.elements = elements
        self.opened: set[int] = set()
        """Elements of raw HTML whose content was read as Markdown; that of the others is shown as it stands."""
        self.relevant = relevant
        """Cached processors, by priority, for lines of these kinds."""
        self.leaves: list[Leaf] = []
        self.code: list[LineRange] = []
        self.math: list[LineRange] = []
        self.literal: set[int] = set()
        """Fences shown as text, in an indented code block or behind it."""
        self.dropped: list[LineRange] = []
        """Lines of definitions, which are not rendered."""
        self.references: list[tuple[str, LineRange]] = []
        """Definitions of links, by name, with the lines they stand on."""
        self.table_rows: list[LineRange] = []
        self.ids: list[str] = []
        self.state: list[ParserState] = []
        self.depth = 0
        self.tabs = 0
        self.footnotes: dict[str, LineRange] = {}
        self.noted: set[str] = set()

    def chunk(self, parent: Node, view: LineRange) -> None:
        self.parse(parent, view.blocks())

    def parse(self, parent: Node, blocks: list[LineRange]) -> None:
        """Consume blocks, the last of the list first."""
        self.depth += 1
        if self.depth > DEEPEST:
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
            for processor in self.relevant(frozenset(block.base.by_kind)):
                if processor(self, parent, blocks):
                    break
            else:
                self.paragraph(parent, blocks.pop())
        self.depth -= 1

    def line_of_kind(self, kind: str, parent: Node, blocks: list[LineRange]) -> int:
        """The first line of a kind in the last block, or -1. The block is taken, and parsed up to that line."""
        block = blocks[-1]
        at = block.find(kind)
        if at >= 0:
            blocks.pop()
            if at > block.low:
                self.parse(parent, [block.cut(block.low, at)])
        return at

    def within(self, state: ParserState, parent: Node, blocks: list[LineRange]) -> None:
        self.state.append(state)
        self.parse(parent, blocks)
        self.state.pop()

    def is_state(self, state: ParserState) -> bool:
        return bool(self.state) and self.state[-1] is state

    @staticmethod
    def push(blocks: list[LineRange], view: LineRange) -> None:
        """Put the rest of a block back, unless it is empty."""
        if len(view) > 1 or view.first:
            blocks.append(view)

    def heading(self, parent: Node, level: int, title: str, view: LineRange) -> None:
        node = parent.add(f"h{level}")
        rows = view.base.rows[view.low], view.base.rows[view.high - 1]
        node.text = Leaf([view.cut(view.low, view.low + 1)], level, title, rows)
        self.leaves.append(node.text)

    def paragraph(self, parent: Node, block: LineRange) -> None:
        if block.is_blank():
            return
        last = parent.last
        if not self.is_state(ParserState.LIST):
            node = parent.add("p")
            node.text = Leaf([block])
            self.leaves.append(node.text)
        elif last is not None:
            last.tail = self.extend(last.tail, block)
        else:
            parent.text = self.extend(parent.text, block)

    def extend(self, leaf: Leaf | None, block: LineRange) -> Leaf:
        if leaf is None:
            leaf = Leaf([block])
            self.leaves.append(leaf)
        else:
            leaf.views.append(block)
        return leaf
