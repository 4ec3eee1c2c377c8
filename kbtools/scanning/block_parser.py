"""The block parser without its blocks: it hands each block to the first processor that takes it."""

from __future__ import annotations

from collections.abc import Callable

from kbtools.scanning.rawhtml import Element
from kbtools.scanning.rows import View
from kbtools.scanning.tree import Leaf, Node

_DEEPEST = 60  # containers within one another; the renderer's own limit is Python's stack

Processor = Callable[["Parser", Node, list[View]], bool]
"""Takes what it can of the last block of a list, puts back what it leaves; False if the block is none of its own."""


class Parser:
    """Where the parser stands, and what it has found so far."""

    def __init__(
        self,
        restore: Callable[[int, str], View | None],
        elements: dict[int, tuple[Element, View]],
        relevant: Callable[[frozenset[str]], tuple[Processor, ...]],
    ) -> None:
        self.restore = restore
        """The source lines of a fence by its number, given the prefix at hand: an indented code block shows them."""
        self.elements = elements
        self.opened: set[int] = set()
        """Elements of raw HTML whose content was read as Markdown; that of the others is shown as it stands."""
        self.relevant = relevant
        """The processors, by priority, that care about lines of these kinds."""
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
            for processor in self.relevant(frozenset(block.rows.by_kind)):
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

    def heading(self, parent: Node, level: int, title: str, view: View) -> None:
        node = parent.add(f"h{level}")
        rows = view.rows.rows[view.low], view.rows.rows[view.high - 1]
        node.text = Leaf([view.cut(view.low, view.low + 1)], level, title, rows)
        self.leaves.append(node.text)

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
