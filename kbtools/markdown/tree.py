"""Element tree of the block parser, reduced to what parsing needs."""

from __future__ import annotations

from dataclasses import dataclass

from kbtools.markdown.source_lines import LineRange


class Node:
    """An element of the tree, with the operations that the block parser needs."""

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

    views: list[LineRange]
    level: int = 0
    """Of a heading; 0 for all else."""
    title: str = ""
    """A heading's text as written."""
    rows: tuple[int, int] = (0, 0)
    """A heading's first and last row."""
    name: str | None = None
    """The id of an element of raw HTML that is a heading."""
