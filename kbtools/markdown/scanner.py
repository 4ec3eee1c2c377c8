"""Scans a page: spans of frontmatter, fences, headings, comments and opaque text, as the site renders them.

The renderer is Python-Markdown with pymdownx.superfences and the extensions of a Material site. The scanner follows its
order: it extracts fences and raw HTML, then parses blocks and inline markup, and records the span of each element.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from kbtools.markdown import attributes, inline, link_syntax
from kbtools.markdown.blocks import block_processors, raw_html
from kbtools.markdown.blocks.block_parser import Parser
from kbtools.markdown.fences import fence_problems, fences
from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.markdown.headings import Ids, plain_text, slugify, split_attributes
from kbtools.markdown.line_kinds import COMMONMARK_ITEM, REFERENCE
from kbtools.markdown.source_lines import LineRange, Lines, SourceLines
from kbtools.markdown.structure import BlockId, Comment, Fence, Heading, MarkdownLink, Structure, outside, union
from kbtools.markdown.tree import Leaf
from kbtools.text.diagnostics import Problem
from kbtools.text.source import Span

_BLOCK_ID = re.compile(r"\^([A-Za-z0-9-]++)(?=[ \t]*+(?:[\r\n]|\Z))")
_BEFORE_BLOCK_ID = re.compile(r"[ \t>]*\Z|.*(?:[ \t]|\]\]|\$\$)\Z", re.DOTALL)
"""What a line may hold before the id of a block: signs of a quotation alone, or what ends in a blank or an element."""
_ALONE = re.compile(r"\s*\^[A-Za-z0-9-]+\s*")
_PERCENT = re.compile(r"((?:(?<=[\r\n])|\A) {0,3})?%%")
_POINTED_DEFINITION = re.compile(
    r"(?:(?<=[\r\n])|\A)[ >]*\[(?P<name>[^\[\]\r\n]+)\]:[ \t]*<(?P<address>[^<>\r\n]*[ \t][^<>\r\n]*)>"
)


def scan(text: str) -> Structure:
    """Finds all elements of a page with their spans. Pure and total; takes linear time."""
    return _Scan(text, frontmatter_span(text) if text.startswith("---") else None).run()


class _Scan:
    """The steps of one scan, and what each has found so far."""

    def __init__(self, text: str, frontmatter: Span | None) -> None:
        self.text = text
        self.frontmatter = frontmatter
        begin = self.frontmatter.end if self.frontmatter else 0
        self.body = SourceLines(text, begin)
        self.opened: list[fences.Block] = []
        self.closed: list[fences.Block] = []
        """All fences that superfences extracts, in order."""
        self.heading_ids: list[str] = []
        """Those that attribute lists and HTML give."""
        self.hidden: set[int] = set()
        """Numbers of fences inside comments."""
        self.comments: list[Span] = []
        self.element_text: dict[int, list[tuple[int, int]]] = {}
        """The text of each HTML element with a ``markdown`` attribute, without that of elements inside it."""
        self.opaque: list[tuple[int, int]] = []
        self.raw: list[tuple[int, int]] = []
        self.math: list[tuple[int, int]] = []
        self.tags: list[tuple[int, int]] = []
        """Of HTML within lines."""
        self.links: list[MarkdownLink] = []
        self.broken: tuple[Span, ...] = ()
        """What is meant as code although the site shows it otherwise."""

    def run(self) -> Structure:
        texts, rows = self.body.texts, list(range(len(self.body.texts)))
        if "```" in self.text or "~~~" in self.text:
            texts, rows = self.set_fences_aside()
        lines = Lines(texts, rows, [0] * len(texts))
        elements: dict[int, tuple[raw_html.Element, LineRange]] = {}
        if "<" in self.text:
            joined = "\n".join(texts)
            if raw_html.has_markup(joined):
                lines, elements = self.take_html_out(joined, rows)
        tree = block_processors.parse(lines, self.restore, elements)
        found = self.shown_fences(tree)
        self.opaque += ((fence.span.start, fence.span.end) for fence in found)
        for view in tree.code:
            self.opaque += self.view_spans(view)
        for view in tree.math:
            self.math += self.view_spans(view)
        for number, spans in self.element_text.items():
            if number not in tree.opened:
                self.raw += spans
        self.inline(tree)
        self.opaque += (*self.math, *self.raw, *self.tags)
        headings = self.headings(tree)
        problems = self.irregular_fences(tree)
        if self.frontmatter:
            self.opaque.append((0, self.frontmatter.end))
        opaque = union(self.opaque)
        if "%%" in self.text and self.obsidian_comments(opaque):
            opaque = union(self.opaque)
        ids = self.ids(tree, opaque)
        return Structure(
            self.frontmatter,
            tuple(found),
            headings,
            tuple(Comment(span, self.comment_text(span)) for span in sorted(self.comments)),
            self.block_ids(tree.leaves, opaque),
            opaque,
            problems,
            outside(self.links, opaque),
            tuple(span for view in tree.table_rows for _, span in self.view_lines(view)),
            union(self.raw),
            union(self.math),
            ids,
        )

    # -- fences

    def set_fences_aside(self) -> tuple[list[str], list[int]]:
        texts: list[str] = []
        rows: list[int] = []
        at = 0
        source = self.body.texts
        for block in fences.find(source):
            self.opened.append(block)
            if block.end is not fences.End.CLOSED:
                continue
            texts += source[at : block.first]
            rows += range(at, block.first)
            texts.append(source[block.first][: block.prefix] + raw_html.mark(len(self.closed)))
            rows.append(block.first)
            self.closed.append(block)
            at = block.last + 1
        texts += source[at:]
        rows += range(at, len(source))
        return texts, rows

    def restore(self, number: int, prefix: str) -> LineRange | None:
        """The source lines of a fence, without the prefix that containers removed from its placeholder."""
        if number >= len(self.closed):
            return None
        block = self.closed[number]
        cut = block.prefix - len(prefix)
        rows = list(range(block.first, block.last + 1))
        texts = [self.body.texts[row][cut:] for row in rows]
        return LineRange(Lines(texts, rows, [cut] * len(rows)), 0, len(rows))

    def shown_fences(self, tree: Parser) -> list[Fence]:
        gone = tree.literal | self.hidden
        for view in tree.dropped:
            gone |= {int(m[1]) for line in view.lines for m in raw_html.MARK.finditer(line)}
        return [fences.to_fence(self.body, block) for n, block in enumerate(self.closed) if n not in gone]

    def irregular_fences(self, tree: Parser) -> tuple[Problem, ...]:
        if not fence_problems.is_suspicious(self.body, self.opened, bool(tree.literal)):
            return ()
        quiet = [(span.start, span.end) for span in self.comments]
        for view in tree.code:
            quiet += ((self.body.starts[row], end) for row, (_, end) in self.view_rows(view))
        literal = frozenset(self.closed[number].first for number in tree.literal)
        findings = fence_problems.check(self.body, sorted(quiet), literal)
        self.broken = findings.broken
        self.opaque += ((span.start, span.end) for span in findings.broken)
        return findings.problems

    # -- raw HTML

    def take_html_out(
        self, joined: str, rows: list[int]
    ) -> tuple[Lines, dict[int, tuple[raw_html.Element, LineRange]]]:
        out = raw_html.extract(joined, len(self.closed))
        starts = [0]
        for row_text in joined.split("\n"):
            starts.append(starts[-1] + len(row_text) + 1)
        places = _Places(starts, rows)
        self.raw += ((self.at(places, start), self.at(places, end)) for start, end in out.raw)
        self.hidden |= out.lost
        for start, end in out.comments:
            self.hidden |= {int(m[1]) for m in raw_html.MARK.finditer(joined, start, end)}
            self.comments.append(Span(self.at(places, start), self.at(places, end)))
        elements = {}
        for number, element in out.elements.items():
            elements[number] = (element, _whole(places.lines(_trim(element.text))))
            self.element_text[number] = [
                (self.at(places, at), self.at(places, at + len(text)))
                for text, at in element.text
                if at >= 0 and text.strip()
            ]
        return places.lines(out.text), elements

    def at(self, places: _Places, offset: int) -> int:
        row, column = places.place(offset)
        return self.body.offset(row, column)

    # -- inline markup

    def inline(self, tree: Parser) -> None:
        if not tree.references and not any(mark in self.text for mark in ("`", "$", "<", "%%", "\\(", "](")):
            return
        names = {link_syntax.name_of(name) for name, _ in tree.references}
        used: set[str] = set()
        kinds = {"math": self.math, "tag": self.tags}
        for leaf in tree.leaves:
            lines = [place for view in leaf.views for place in view.places()]
            text = "\n".join(line for _, _, line in lines) if len(lines) > 1 else lines[0][2] if lines else ""
            markup = inline.parse(text, names)
            if not (markup.opaque or markup.links):
                continue
            starts = [0]
            for _, _, line in lines:
                starts.append(starts[-1] + len(line) + 1)

            def at(offset: int, lines: list[tuple[int, int, str]] = lines, starts: list[int] = starts) -> int:
                return self.leaf_offset(lines, starts, offset)

            for span in markup.opaque:
                start, end = at(span.start), at(span.end)
                kinds.get(span.kind, self.opaque).append((start, end))
                if span.kind == "comment":
                    self.comments.append(Span(start, end))
                    self.hidden |= {int(m[1]) for m in raw_html.MARK.finditer(text, span.start, span.end)}
            for link in markup.links:
                if link.name is not None:
                    used.add(link.name)
                    continue
                kind: Literal["link", "image"] = "image" if link.is_image else "link"
                start, end, address, address_end = map(at, link[1:5])
                self.links.append(MarkdownLink(kind, start, end, address, address_end, link.is_pointed))
        self.links += self.definitions(tree, used)
        if "]: <" in self.text:
            self.links += self.pointed_definitions()

    def definitions(self, tree: Parser, used: set[str]) -> Iterator[MarkdownLink]:
        """Definitions of reference links with their positions; of two with the same name, the last is used."""
        last = {link_syntax.name_of(name): view for name, view in tree.references}
        for name, view in tree.references:
            lines = list(view.places())
            text = "\n".join(line for _, _, line in lines)
            m = REFERENCE.match(text)
            if m is None:
                continue
            starts = [0]
            for _, _, line in lines:
                starts.append(starts[-1] + len(line) + 1)
            low, high = m.span("address")
            pointed = m["address"].startswith("<") and m["address"].endswith(">") and high - low > 1
            key = link_syntax.name_of(name)
            start, end, address, address_end = (
                self.leaf_offset(lines, starts, p) for p in (m.start(), m.end(), low + pointed, high - pointed)
            )
            is_used = key in used and last[key] is view
            yield MarkdownLink("definition", start, end, address, address_end, pointed, is_used)

    def pointed_definitions(self) -> Iterator[MarkdownLink]:
        """``[name]: <Two words.md>``: a definition to CommonMark, and so to Obsidian, but not to Python-Markdown."""
        for m in _POINTED_DEFINITION.finditer(self.text, self.body.starts[0]):
            start = m.start("name") - 1
            yield MarkdownLink("definition", start, m.end(), *m.span("address"), True, is_used=False)

    def leaf_offset(self, lines: list[tuple[int, int, str]], starts: list[int], at: int) -> int:
        index = min(bisect_right(starts, at), len(lines)) - 1
        row, column, _ = lines[index]
        return self.body.offset(row, column + at - starts[index])

    def view_rows(self, view: LineRange) -> Iterator[tuple[int, tuple[int, int]]]:
        for row, column, text in view.places():
            if text.strip():
                yield row, (self.body.offset(row, column), self.body.ends[row])

    def view_lines(self, view: LineRange) -> Iterator[tuple[int, Span]]:
        for row, column, _ in view.places():
            yield row, Span(self.body.offset(row, column), self.body.ends[row])

    def view_spans(self, view: LineRange) -> Iterator[tuple[int, int]]:
        return (span for _, span in self.view_rows(view))

    # -- other elements

    def headings(self, tree: Parser) -> tuple[Heading, ...]:
        leaves = [leaf for leaf in tree.leaves if leaf.level]
        if not leaves:
            return ()
        footnotes = set(tree.footnotes)
        split = [split_attributes(leaf.title) for leaf in leaves]
        named = [leaf.name or name for leaf, (_, name) in zip(leaves, split, strict=True)]
        tabs = (f"__tabbed_{n + 1}_1" for n in range(tree.tabs))
        self.heading_ids = [name for name in named if name]
        ids = Ids((*tree.ids, *tabs, *self.heading_ids))
        found = []
        for leaf, (title, _), name in zip(leaves, split, named, strict=True):
            text = plain_text(title, footnotes)
            start, end = self.body.starts[leaf.rows[0]], self.body.ends[leaf.rows[1]]
            raw = " ".join(title.split())
            known = name or ids.unique(slugify(text))
            found.append(Heading(leaf.level, text, known, start, end, raw if raw != text else ""))
        return tuple(sorted(found, key=lambda heading: (heading.start, heading.end)))

    def comment_text(self, span: Span) -> str:
        return self.text[span.start + 4 : span.end - 3]

    def obsidian_comments(self, opaque: tuple[Span, ...]) -> bool:
        """Comments of several blocks: from a line that starts with ``%%`` to the next ``%%`` outside code."""
        starts = [span.start for span in opaque]
        opened, found = -1, False
        for m in _PERCENT.finditer(self.text):
            index = bisect_right(starts, m.end() - 1) - 1
            if index >= 0 and m.end() - 1 < opaque[index].end:
                continue
            if opened >= 0:
                self.opaque.append((opened, m.end()))
                opened, found = -1, True
            elif m[1] is not None:
                opened = m.end() - 2
        return found

    def block_ids(self, leaves: list[Leaf], opaque: tuple[Span, ...]) -> tuple[BlockId, ...]:
        """Names at the end of a block, or of a line above a list's item, which ends a block for Obsidian; the site
        goes on with the paragraph there when no blank line stands between. Others are text."""
        if "^" not in self.text:
            return ()
        starts = [span.start for span in opaque]
        ends = {span.end for span in opaque} | {link.end for link in self.links}
        found = []
        for row in sorted({row for leaf in leaves for row in self.last_rows(leaf)}):
            m = _BLOCK_ID.search(self.text, self.body.offset(row, 0), self.body.ends[row])
            if m is None:
                continue
            before = self.text[self.body.starts[row] : m.start()]
            if m.start() not in ends and _BEFORE_BLOCK_ID.match(before) is None:
                continue
            index = bisect_right(starts, m.start()) - 1
            if index < 0 or m.start() >= opaque[index].end:
                found.append(BlockId(m[1], Span(*m.span())))
        return tuple(found)

    def ids(self, tree: Parser, opaque: tuple[Span, ...]) -> tuple[str, ...]:
        """Ids that the page gives its elements; also collects the links in raw HTML."""
        found = [*tree.ids, *self.heading_ids]
        if self.raw or self.tags:
            ids, links = attributes.of_tags(
                self.text, union([*self.raw, *self.tags]), sorted([*self.comments, *self.broken])
            )
            found += ids
            self.links += links
        if "{" in self.text:
            found += attributes.of_lists(self.text, self.body.starts[0], opaque)
        return tuple(dict.fromkeys(found))

    @staticmethod
    def last_rows(leaf: Leaf) -> Iterator[int]:
        """The rows of a leaf whose line ends a block: that of its last line, and that of each line before an item."""
        places = [(row, text) for view in leaf.views for row, _, text in view.places() if text.strip()]
        yield from (row for (row, _), (_, below) in pairwise(places) if COMMONMARK_ITEM.match(below))
        yield from (row for row, text in places if _ALONE.fullmatch(text))
        yield from (row for row, _ in places[-1:])


class _Places:
    """Maps positions in the joined lines to positions in the source."""

    def __init__(self, starts: list[int], rows: list[int]) -> None:
        self.starts, self.rows = starts, rows

    def place(self, offset: int) -> tuple[int, int]:
        index = min(bisect_right(self.starts, offset), len(self.rows)) - 1
        return self.rows[index], offset - self.starts[index]

    def lines(self, runs: list[tuple[str, int]]) -> Lines:
        """Runs of text as lines; a line's place is that of its first character that is of the page."""
        texts: list[str] = []
        rows: list[int] = []
        columns: list[int] = []
        parts: list[str] = []
        place = (0, 0)
        known, width = False, 0

        def end_line() -> None:
            texts.append(parts[0] if len(parts) == 1 else "".join(parts))
            rows.append(place[0])
            columns.append(place[1])

        for text, at in runs:
            offset = at
            for number, part in enumerate(text.split("\n")):
                if number:
                    end_line()
                    parts, known, width = [], False, 0
                if part:
                    if not known and at >= 0:
                        row, column = self.place(offset)
                        place, known = (row, column - width), True
                    parts.append(part)
                    width += len(part)
                offset += len(part) + 1
        end_line()
        return Lines(texts, rows, columns)


def _trim(runs: list[tuple[str, int]]) -> list[tuple[str, int]]:
    kept = list(runs)
    while kept:
        text, at = kept.pop()
        if text := text.rstrip("\n"):
            kept.append((text, at))
            break
    return kept


def _whole(rows: Lines) -> LineRange:
    return LineRange(rows, 0, len(rows.texts))
