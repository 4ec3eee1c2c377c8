"""Builds plain values with positions from YAML events, within limits on depth, size and aliases.

PyYAML's loaders compose the whole document first; 30,000 nested brackets crash them, and a few merge keys take
gigabytes. Here events are processed one by one, and parsing ends as soon as a limit is exceeded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kbtools.fields.model import Path, Row
from kbtools.fields.scalars import UnreadableScalar, kind_of, quoted, typed
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.text.source import Span
from kbtools.text.yaml_events import event_parser, event_types, yaml_errors

MAX_DEPTH = 50
MAX_NODES = 20_000
MAX_ALIASED = 1_000
"""Maximum number of values repeated by aliases, in total."""

WIKILINK = re.compile(r"\[\[([^\[\]\r\n\x85\u2028\u2029]+)\]\]")


_TAG = re.compile(r"(?:&\S++\s++)?(!\S*+)")


class BrokenYaml(Exception):
    """The text is not valid YAML from here on. All offsets refer to the parsed text."""

    def __init__(self, reason: str, at: int, since: int, last: int) -> None:
        super().__init__(reason)
        self.reason = reason
        """libyaml's message, or ours."""
        self.at = at
        """Where the error was detected."""
        self.since = since
        """The start of the broken construct, or ``at``."""
        self.last = last
        """The start of the last complete scalar, or -1."""


class LimitExceeded(Exception):
    """There are more values than in any realistic frontmatter."""

    def __init__(self, at: int) -> None:
        super().__init__("too many values")
        self.at = at


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that the same mapping already contains."""

    name: str
    key: Span
    first: int


@dataclass(slots=True)
class ComposedBlock:
    """The result of parsing; spans are offsets into the parsed text."""

    data: dict[str, object] = field(default_factory=dict)
    rows: dict[Path, Row] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    mapping: bool = True
    """False if the text contains anything but ``key: value`` lines."""


def read(text: str, parser: Callable[[str], Any] | None = None) -> ComposedBlock:
    """Parses one YAML document. Raises BrokenYaml if the text is not valid YAML, is nested deeper than MAX_DEPTH or
    contains what frontmatter cannot, and LimitExceeded for more than MAX_NODES values."""
    if text.startswith("\ufeff"):  # skipped, not counted: otherwise all positions would be off by one
        raise BrokenYaml("forbidden character", 0, 0, -1)
    reader = None
    try:
        reader = _Reader(text, (parser or event_parser())(text))
        return reader.document()
    except yaml_errors() as error:
        raise _broken(error, reader.last if reader else -1) from None


def _broken(error: Any, last: int) -> BrokenYaml:
    if not hasattr(error, "problem_mark"):
        # Errors of the reader: characters that YAML forbids, lone surrogates. ``recovery`` finds their positions.
        return BrokenYaml("forbidden character", 0, 0, last)
    reason = f"{error.context}: {error.problem}" if error.context else str(error.problem)
    marks = [mark.index for mark in (error.problem_mark, error.context_mark) if mark]
    return BrokenYaml(reason, marks[0] if marks else 0, marks[-1] if marks else 0, last)


class _Reader:
    __slots__ = ("aliased", "anchors", "end", "last", "next", "nodes", "out", "text")

    def __init__(self, text: str, parser: Any) -> None:
        self.text = text
        self.next: Callable[[], Any] = parser.get_event
        self.out = ComposedBlock()
        self.nodes = 0
        self.aliased = 0
        self.anchors: dict[str, tuple[object, int] | None] = {}
        self.end = 0
        """The end of the last value: libyaml ends a block collection only at the next token."""
        self.last = -1

    def document(self) -> ComposedBlock:
        scalar, mapping_start, _, _, _, stream_end = event_types()
        self.next()
        if type(self.next()) is stream_end:
            return self.out
        event = self.next()
        if type(event) is not mapping_start:
            lone = type(event) is scalar
            self.out.mapping = lone and event.implicit[0] and kind_of(event.value) == "null"
            if lone:
                self.last = event.start_mark.index
                self.next()  # the next event distinguishes a stray line from a block that is not frontmatter at all
            return self.out
        self.out.data = self.mapping(event, (), 1)
        if self.out.duplicates:
            self.forget_lost_rows()
        self.next()
        event = self.next()
        if type(event) is not stream_end:
            at = event.start_mark.index
            raise BrokenYaml("a second document", at, at, self.last)
        return self.out

    def mapping(self, start: Any, path: Path, depth: int) -> dict[str, object]:
        scalar, _, _, mapping_end, _, _ = event_types()
        rows, advance = self.out.rows, self.next
        result: dict[str, object] = {}
        merged: list[dict[str, object]] = []
        before = self.open(start, depth)
        while True:
            event = advance()
            if type(event) is mapping_end:
                break
            self.last = key_start = event.start_mark.index
            if type(event) is not scalar:
                raise BrokenYaml("a key that is not text", key_start, key_start, self.last)
            if event.tag is not None:
                self.properties(event)
            name: str = event.value
            key_end = event.end_mark.index
            below = (*path, name)
            merge = name == "<<" and event.implicit[0]
            if name in result:
                self.out.duplicates.append(Duplicate(name, Span(key_start, key_end), rows[below][0]))
            event = advance()
            if type(event) is scalar:
                value = self.scalar(event)
                if self.last == self.end:
                    # An empty value. libyaml places it before the next token in brackets; here it is after the colon.
                    colon = self.text.find(":", key_end, self.last)
                    self.last = self.end = colon + 1 or self.last
                rows[below] = (key_start, key_end, self.last, self.end, event.value)
            else:
                value_start = event.start_mark.index
                rows[below] = (key_start, key_end, value_start, value_start, "")  # a collection precedes its items
                value = self.collection(event, below, depth + 1)
                rows[below] = (key_start, key_end, value_start, self.end, value if type(value) is str else "")
            if merge:
                self.merge(value, rows[below], merged)
            else:
                result[name] = value
        if merged:
            whole: dict[str, object] = {}
            for part in reversed(merged):
                whole |= part
            result = whole | result
        self.close(start, event, result, before)
        return result

    def forget_lost_rows(self) -> None:
        """Drops the items of values that a later value of the same key replaced, and sorts the rest."""
        kept: dict[Path, Row] = {}
        for path, row in sorted(self.out.rows.items(), key=lambda item: item[1][0] if item[1][0] >= 0 else item[1][2]):
            start = row[0] if row[0] >= 0 else row[2]
            around = kept.get(path[:-1])
            if len(path) == 1 or (around is not None and around[2] <= start and row[3] <= around[3]):
                kept[path] = row
        self.out.rows = kept

    def merge(self, value: object, row: Row, merged: list[dict[str, object]]) -> None:
        parts = value if isinstance(value, list) else [value]
        mappings = [part for part in parts if isinstance(part, dict)]
        if len(mappings) == len(parts):
            merged += mappings
        elif self.aliased <= MAX_ALIASED:  # otherwise it was reported already
            self.report(row[2], row[3], "`<<` merges mappings, and this is none", "write its fields out")

    def collection(self, event: Any, path: Path, depth: int) -> object:
        """A mapping, a list, a link that looks like a list, or the value of an alias."""
        _, mapping_start, sequence_start, _, _, _ = event_types()
        if type(event) is sequence_start:
            return self.sequence(event, path, depth)
        if type(event) is mapping_start:
            return self.mapping(event, path, depth)
        return self.alias(event)

    def sequence(self, start: Any, path: Path, depth: int) -> list[object] | str:
        scalar, _, _, _, sequence_end, _ = event_types()
        rows, advance = self.out.rows, self.next
        here = start.start_mark.index
        if self.text.startswith("[[", here):
            link = WIKILINK.match(self.text, here)
            if link and self.is_link(link):
                return self.wikilink(start, link)
        result: list[object] = []
        before = self.open(start, depth)
        while True:
            event = advance()
            if type(event) is sequence_end:
                break
            below = (*path, len(result))
            if type(event) is scalar:
                value = self.scalar(event)
                rows[below] = (-1, -1, self.last, self.end, event.value)
            else:
                at = event.start_mark.index
                rows[below] = (-1, -1, at, at, "")
                value = self.collection(event, below, depth + 1)
                rows[below] = (-1, -1, at, self.end, value if type(value) is str else "")
            result.append(value)
        self.close(start, event, result, before)
        return result

    def scalar(self, event: Any) -> object:
        self.nodes += 1
        start = self.last = event.start_mark.index
        self.end = event.end_mark.index
        if self.nodes > MAX_NODES:
            raise LimitExceeded(start)
        text: str = event.value
        value: object = text
        if event.implicit[0]:
            try:
                value = typed(text)
            except UnreadableScalar as error:
                edit = Edit(Span(start, self.end), quoted(text))
                fix = Fix("put it in quotes", Applicability.SAFE, (edit,))
                self.report(start, self.end, str(error), "correct it, or put it in quotes", fix)
        elif event.style in ("|", ">"):
            # The mark is after line ends that belong to the page, not to the value.
            self.end = start + len(self.text[start : self.end].rstrip("\r\n\x85\u2028\u2029 \t"))
        if event.tag is not None:
            self.properties(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        return value

    def alias(self, event: Any) -> object:
        start, self.end = event.start_mark.index, event.end_mark.index
        known = self.anchors.get(event.anchor)
        if known is None:
            message = f"`*{event.anchor}` repeats a value named `&{event.anchor}`, and there is none before it"
            fix = Fix("put it in quotes", Applicability.SAFE, (Edit(Span(start, self.end), f'"*{event.anchor}"'),))
            self.report(start, self.end, message, "put it in quotes if it is text", fix)
            return f"*{event.anchor}"
        value, nodes = known
        self.aliased += nodes
        self.nodes += nodes
        if self.aliased > MAX_ALIASED:
            if self.aliased - nodes <= MAX_ALIASED:
                message = f"aliases repeat more than {MAX_ALIASED:,} values"
                self.report(start, self.end, message, "write the values out where they are needed")
            self.aliased = MAX_ALIASED + 1
            self.nodes -= nodes
            return None
        return value

    def open(self, start: Any, depth: int) -> int:
        """Begins a collection; returns the number of values before it, for ``close``."""
        self.nodes += 1
        at = start.start_mark.index
        if self.nodes > MAX_NODES:
            raise LimitExceeded(at)
        if depth > MAX_DEPTH:
            raise BrokenYaml(f"nested more than {MAX_DEPTH} deep", at, at, self.last)
        if start.flow_style:
            self.last = at
        if start.tag is not None:
            self.properties(start)
        if start.anchor is not None:
            self.anchors[start.anchor] = None  # only at its end: `&a [*a]` must not contain itself
        return self.nodes - 1

    def close(self, start: Any, end: Any, value: object, before: int) -> None:
        if start.flow_style:
            self.end = end.end_mark.index
        if start.anchor is not None:
            self.anchors[start.anchor] = (value, self.nodes - before)

    def properties(self, event: Any) -> None:
        """Rejects tags: a tag could only change the type that readers expect, or name Python code."""
        start = event.start_mark.index
        found = _TAG.match(self.text, start)
        span = Span(*found.span(1)) if found else Span(start, start + 1)
        shown = span.of(self.text)[:60]
        help = "remove the tag, or put the value in quotes if it is text"
        self.report(span.start, span.end, f"the tag `{shown}` is not read here", help)

    def is_link(self, link: re.Match[str]) -> bool:
        """Whether ``[[…]]`` is an unquoted link, and not a list in a list."""
        inner = link[1]
        if any(c in inner for c in "\"'{}"):
            return False
        return not any(kind_of(part.strip()) in ("int", "float") for part in inner.split(",", 3))

    def wikilink(self, start: Any, link: re.Match[str]) -> str:
        open_, opening, closing = 1, event_types()[1:3], event_types()[3:5]
        while open_:
            kind = type(self.next())
            open_ += (kind in opening) - (kind in closing)
        self.nodes += 1
        span = Span(*link.span())
        self.last, self.end = span.start, span.end
        # With a comma it could also be a list in a list, which is unlikely in frontmatter; no fix is offered.
        surely = Applicability.UNSAFE if "," in link[1] else Applicability.SAFE
        fix = Fix("put the link in quotes", surely, (Edit(span, quoted(link[0])),))
        message = f"without quotes, YAML reads {link[0]} as a list in a list, not as a link"
        self.out.problems.append(Problem("unquoted-wikilink", span, message, f"write {quoted(link[0])}", fix))
        if start.anchor is not None:
            self.anchors[start.anchor] = (link[0], 1)
        return link[0]

    def report(self, start: int, end: int, message: str, help: str, fix: Fix | None = None) -> None:
        self.out.problems.append(Problem("invalid-yaml", Span(start, end), message, help, fix))
