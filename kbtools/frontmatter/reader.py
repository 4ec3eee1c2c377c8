"""YAML to plain values, driven by libyaml's events: positions are kept, and no page can make it slow or big.

PyYAML's loaders compose the whole document first; 30,000 nested brackets crash them and a few merge keys cost
gigabytes. Here each event is looked at as it comes, and the bounds below end the reading at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kbtools.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.frontmatter.model import Path, Row
from kbtools.frontmatter.scalars import UnreadableScalar, kind_of, quoted, typed
from kbtools.source import Span

MAX_DEPTH = 50
MAX_NODES = 20_000
MAX_ALIASED = 1_000
"""Values that aliases may repeat, all together."""

WIKILINK = re.compile(r"\[\[([^\[\]\r\n\x85\u2028\u2029]+)\]\]")


_TAG = re.compile(r"(?:&\S++\s++)?(!\S*+)")


class Broken(Exception):
    """The text stops being YAML here. All offsets are into the text that was read."""

    def __init__(self, reason: str, at: int, since: int, last: int) -> None:
        super().__init__(reason)
        self.reason = reason
        """libyaml's words, or ours."""
        self.at = at
        """Where it was noticed."""
        self.since = since
        """Where the construct that broke began, or ``at``."""
        self.last = last
        """Where the last whole scalar began, or -1."""


class TooMuch(Exception):
    """More values than any page's metadata holds."""

    def __init__(self, at: int) -> None:
        super().__init__("too many values")
        self.at = at


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that the same mapping already has."""

    name: str
    key: Span
    first: int


@dataclass(slots=True)
class Reading:
    """What was read; spans are offsets into the text that was read."""

    data: dict[str, object] = field(default_factory=dict)
    rows: dict[Path, Row] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    mapping: bool = True
    """False when the text holds something else than ``key: value`` lines."""


@cache
def event_parser() -> Callable[[str], Any]:
    """libyaml's event parser, or PyYAML's own where PyYAML was built without it."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return python_parser()
    return CParser


@cache
def python_parser() -> Callable[[str], Any]:
    """PyYAML's event parser in pure Python: the same events, some thirty times slower."""
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonParser(Reader, Scanner, Parser, Composer):
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

    return PythonParser


def read(text: str, parser: Callable[[str], Any] | None = None) -> Reading:
    """Read one YAML document.

    Raises Broken where the text is no YAML, nests deeper than MAX_DEPTH or holds what cannot be a page's metadata,
    and TooMuch beyond MAX_NODES values.
    """
    from yaml import YAMLError
    from yaml.error import MarkedYAMLError

    reader = None
    try:
        if text.startswith("\ufeff"):  # skipped, not counted: all marks would be one off
            raise Broken("forbidden character", 0, 0, -1)
        reader = _Reader(text, (parser or event_parser())(text))
        return reader.document()
    except MarkedYAMLError as error:
        last = reader.last if reader else -1
        problem, context = error.problem_mark, error.context_mark
        at = problem.index if problem else context.index if context else 0
        reason = f"{error.context}: {error.problem}" if error.context else str(error.problem)
        raise Broken(reason, at, context.index if context else at, last) from None
    except (YAMLError, UnicodeEncodeError):
        # The reader's errors: characters YAML forbids, lone surrogates. Where is for ``recovery`` to find.
        raise Broken("forbidden character", 0, 0, -1) from None


class _Reader:
    __slots__ = ("aliased", "anchors", "end", "last", "next", "nodes", "out", "text", "types")

    def __init__(self, text: str, parser: Any) -> None:
        import yaml

        self.text = text
        self.next: Callable[[], Any] = parser.get_event
        self.out = Reading()
        self.nodes = 0
        self.aliased = 0
        self.anchors: dict[str, tuple[object, int] | None] = {}
        self.end = 0
        """Where the last value ended: libyaml ends a block collection only at the next token."""
        self.last = -1
        self.types: tuple[Any, ...] = (
            yaml.ScalarEvent,
            yaml.MappingStartEvent,
            yaml.SequenceStartEvent,
            yaml.MappingEndEvent,
            yaml.SequenceEndEvent,
        )

    def document(self) -> Reading:
        import yaml

        self.next()
        if type(self.next()) is yaml.StreamEndEvent:
            return self.out
        event: Any = self.next()
        if type(event) is not yaml.MappingStartEvent:
            lone = type(event) is self.types[0]
            self.out.mapping = lone and event.implicit[0] and kind_of(event.value) == "null"
            if lone:
                self.last = event.start_mark.index
                self.next()  # what follows a lone scalar tells a stray line from a block that is no metadata at all
            return self.out
        self.out.data = self.mapping(event, (), 1)
        self.next()
        event = self.next()
        if type(event) is not yaml.StreamEndEvent:
            at = event.start_mark.index
            raise Broken("a second document", at, at, self.last)
        return self.out

    def mapping(self, start: Any, path: Path, depth: int) -> dict[str, object]:
        scalar, mapping_start, sequence_start, mapping_end, _ = self.types
        rows = self.out.rows
        result: dict[str, object] = {}
        merged: list[dict[str, object]] = []
        begun: dict[str, int] = {}
        before = self.open(start, depth)
        while True:
            event = self.next()
            if type(event) is mapping_end:
                break
            key_start = event.start_mark.index
            if type(event) is not scalar:
                raise Broken("a key that is no text", key_start, key_start, self.last)
            if event.tag is not None:
                self.properties(event)
            name: str = event.value
            key_end = event.end_mark.index
            self.last = key_start
            if name in begun:
                self.out.duplicates.append(Duplicate(name, Span(key_start, key_end), begun[name]))
            else:
                begun[name] = key_start
            merge = name == "<<" and event.implicit[0]
            below = (*path, name)

            event = self.next()
            kind = type(event)
            # Set now, so that a collection stands before its parts, and a key before a value that breaks off.
            rows[below] = (key_start, key_end, 0, 0, "")
            value: object
            if kind is scalar:
                value = self.scalar(event)
                raw, value_start = event.value, event.start_mark.index
            else:
                raw, value_start = "", event.start_mark.index
                if kind is mapping_start:
                    value = self.mapping(event, below, depth + 1)
                elif kind is sequence_start:
                    value = self.sequence(event, below, depth + 1)
                    if type(value) is str:
                        raw = value
                else:
                    value = self.alias(event)
            rows[below] = (key_start, key_end, value_start, self.end, raw)
            if merge:
                parts = value if isinstance(value, list) else [value]
                mappings = [part for part in parts if isinstance(part, dict)]
                if len(mappings) == len(parts):
                    merged += mappings
                else:
                    self.report(value_start, self.end, "`<<` merges mappings, and this is none", "write its fields out")
            else:
                result[name] = value
        if merged:
            whole: dict[str, object] = {}
            for part in reversed(merged):
                whole |= part
            result = whole | result
        self.close(start, event, result, before)
        return result

    def sequence(self, start: Any, path: Path, depth: int) -> list[object] | str:
        scalar, mapping_start, sequence_start, _, sequence_end = self.types
        rows = self.out.rows
        here = start.start_mark.index
        link = WIKILINK.match(self.text, here) if self.text.startswith("[[", here) else None
        if link and self.is_link(link):
            return self.wikilink(start, link)
        result: list[object] = []
        before = self.open(start, depth)
        while True:
            event = self.next()
            kind = type(event)
            if kind is sequence_end:
                break
            value_start = event.start_mark.index
            below = (*path, len(result))
            rows[below] = (-1, -1, value_start, value_start, "")
            raw = ""
            value: object
            if kind is scalar:
                value = self.scalar(event)
                raw = event.value
            elif kind is mapping_start:
                value = self.mapping(event, below, depth + 1)
            elif kind is sequence_start:
                value = self.sequence(event, below, depth + 1)
                if type(value) is str:
                    raw = value
            else:
                value = self.alias(event)
            rows[below] = (-1, -1, value_start, self.end, raw)
            result.append(value)
        self.close(start, event, result, before)
        return result

    def scalar(self, event: Any) -> object:
        self.nodes += 1
        self.end = event.end_mark.index
        self.last = event.start_mark.index
        if self.nodes > MAX_NODES:
            raise TooMuch(self.last)
        value: object = event.value
        if event.style in ("|", ">"):
            # The mark is behind the line ends that belong to the page, not to the value.
            kept = len(self.text[self.last : self.end].rstrip("\r\n\x85\u2028\u2029 \t"))
            self.end = self.last + kept
        if event.implicit[0]:
            try:
                value = typed(event.value)
            except UnreadableScalar as error:
                fix = Fix(
                    "put it in quotes",
                    Applicability.SAFE,
                    (Edit(Span(self.last, self.end), quoted(event.value)),),
                )
                self.report(self.last, self.end, str(error), "correct it, or put it in quotes", fix)
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
        """Begin a collection; gives the number of values before it, for ``close``."""
        self.nodes += 1
        at = start.start_mark.index
        if self.nodes > MAX_NODES:
            raise TooMuch(at)
        if depth > MAX_DEPTH:
            raise Broken(f"nested more than {MAX_DEPTH} deep", at, at, self.last)
        if start.flow_style:
            self.last = at
        if start.tag is not None:
            self.properties(start)
        if start.anchor is not None:
            self.anchors[start.anchor] = None  # not before its end: `&a [*a]` must not contain itself
        return self.nodes - 1

    def close(self, start: Any, end: Any, value: object, before: int) -> None:
        if start.flow_style:
            self.end = end.end_mark.index
        if start.anchor is not None:
            self.anchors[start.anchor] = (value, self.nodes - before)

    def properties(self, event: Any) -> None:
        """Refuse a tag: it could only change the type a reader of the page expects, or name Python code."""
        start = event.start_mark.index
        found = _TAG.match(self.text, start)
        span = Span(*found.span(1)) if found else Span(start, start + 1)
        shown = span.of(self.text)[:60]
        help = "remove the tag, or put the value in quotes if it is text"
        self.report(span.start, span.end, f"the tag `{shown}` is not read here", help)

    def is_link(self, link: re.Match[str]) -> bool:
        """Whether ``[[…]]`` is a link someone forgot to quote, and not a list in a list."""
        inner = link[1]
        if any(c in inner for c in "\"'{}"):
            return False
        return not any(kind_of(part.strip()) in ("int", "float") for part in inner.split(",", 3))

    def wikilink(self, start: Any, link: re.Match[str]) -> str:
        open_, opening, closing = 1, self.types[1:3], self.types[3:]
        while open_:
            kind = type(self.next())
            open_ += (kind in opening) - (kind in closing)
        self.nodes += 1
        span = Span(*link.span())
        self.last, self.end = span.start, span.end
        # With a comma it might yet be a list in a list; nobody writes those in metadata, but let a person look.
        surely = Applicability.UNSAFE if "," in link[1] else Applicability.SAFE
        fix = Fix("put the link in quotes", surely, (Edit(span, quoted(link[0])),))
        message = f"without quotes, YAML reads {link[0]} as a list in a list, not as a link"
        self.out.problems.append(Problem("unquoted-wikilink", span, message, f"write {quoted(link[0])}", fix))
        if start.anchor is not None:
            self.anchors[start.anchor] = (link[0], 1)
        return link[0]

    def report(self, start: int, end: int, message: str, help: str, fix: Fix | None = None) -> None:
        self.out.problems.append(Problem("invalid-yaml", Span(start, end), message, help, fix))
