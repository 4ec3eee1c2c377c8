"""Builds the block structure of a page: code, headings, and text for inline parsing.

A port of Python-Markdown 3.11's ``blockprocessors`` and of the block processors of admonition, def_list, footnotes,
tables, abbr, attr_list, md_in_html, pymdownx.details, pymdownx.tabbed and pymdownx.arithmatex, in the order of their
priorities. Blocks are views on lines, searches go through an index, so a page costs time in proportion to its length.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from kbtools.markdown.blocks import containers, tables
from kbtools.markdown.blocks import definitions as notes
from kbtools.markdown.blocks import leaf_blocks as text_blocks
from kbtools.markdown.blocks import lists as list_blocks
from kbtools.markdown.blocks.block_parser import Parser, Processor
from kbtools.markdown.blocks.raw_html import Element
from kbtools.markdown.line_kinds import KIND_NAMES
from kbtools.markdown.source_lines import LineRange, Lines
from kbtools.markdown.tree import Node

# By priority. A processor is only called for lines that include one of its kinds.
_PROCESSORS: tuple[tuple[Processor, tuple[str, ...]], ...] = (
    (containers.admonition, ("admonition", "indented")),
    (containers.element, ("other",)),
    (containers.details, ("details", "indented")),
    (containers.tabbed, ("tab", "indented")),
    (text_blocks.empty, KIND_NAMES),
    (list_blocks.list_indent, ("indented",)),
    (list_blocks.definition_indent, ("indented",)),
    (text_blocks.indented_code, ("indented",)),
    (text_blocks.display_math, ("other",)),
    (tables.table, ("table",)),
    (text_blocks.hash_heading, ("hash",)),
    (text_blocks.setext_heading, ("underline",)),
    (text_blocks.rule, ("rule",)),
    (list_blocks.ordered_list, ("olist",)),
    (list_blocks.bullet_list, ("ulist",)),
    (list_blocks.definitions, ("definition",)),
    (containers.quote, ("quote",)),
    (notes.footnote, ("footnote",)),
    (notes.abbreviation, ("abbreviation",)),
    (notes.reference, ("reference",)),
)


@lru_cache(maxsize=512)
def _relevant(kinds: frozenset[str]) -> tuple[Processor, ...]:
    return tuple(processor for processor, needs in _PROCESSORS if not kinds.isdisjoint(needs))


def parse(
    rows: Lines, restore: Callable[[int, str], LineRange | None], elements: dict[int, tuple[Element, LineRange]]
) -> Parser:
    """Parse a whole page, footnotes last, as they are rendered."""
    parser = Parser(restore, elements, _relevant)
    parser.chunk(Node("div"), LineRange(rows, 0, len(rows.texts)))
    parent = Node("div")
    for name in list(parser.footnotes):
        parser.ids.append(f"fn:{name}")
        parser.noted.add(name)
        parser.chunk(parent, parser.footnotes[name])
        parent.children.clear()
    return parser
