"""Parses the Python code of a fence, and maps positions in its syntax tree to spans of the page."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kbtools.fences.dialects import without_options
from kbtools.fences.python.hints import hint
from kbtools.markdown.structure import Fence
from kbtools.text.source import Span

MAX_DEPTH = 150
"""Maximum nesting depth for the recursive analyses; real code stays far below."""

_ON_LINE = re.compile(r"\b(on|at) line (\d+)\b")
SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")
_SYNTAX, _VALUE = ("SyntaxError",), ("ValueError",)
_SURROGATES = ("\ud800", "\udfff")


class Places:
    """Positions in a fence's code as spans of its page: prefixes of containers are skipped."""

    __slots__ = ("_bytes", "_fence", "_shifts", "above", "lines")

    def __init__(self, fence: Fence, above: int = 0) -> None:
        """``above`` is the page's line of the opening fence, from 1: the code begins on the next one."""
        self.lines = fence.code.split("\n")
        self.above = above
        self._fence = fence
        self._bytes: dict[int, list[int]] = {}
        self._shifts: Mapping[int, int] = {}

    def behind(self, lines: list[str], shifts: Mapping[int, int]) -> Places:
        """The same positions, for code with the first ``shifts[line]`` characters of its lines removed."""
        inner = Places(self._fence, self.above)
        inner.lines, inner._shifts = lines, shifts
        return inner

    @property
    def text(self) -> str:
        """The code."""
        return "\n".join(self.lines)

    def column(self, line: int, utf8: int) -> int:
        """The code point column of a syntax tree's column in UTF-8 bytes, both from 0."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if text.isascii():
            return min(utf8, len(text))
        starts = self._bytes.get(line)
        if starts is None:
            starts, at = [], 0
            for char in text:
                starts.append(at)
                at += len(char.encode("utf-8", "surrogatepass"))
            self._bytes[line] = starts
        return bisect_left(starts, utf8)

    def offset(self, line: int, column: int) -> int:
        """The page's offset of a code line (from 1) and a column in code points (from 0), clipped to the fence."""
        spans = self._fence.lines
        if not spans:
            return self._fence.info.end
        if line > len(spans):
            return spans[-1].end
        span = spans[max(line, 1) - 1]
        return min(span.start + max(column, 0) + self._shifts.get(line, 0), span.end)

    def span(self, line: int, column: int, end_line: int, end_column: int) -> Span:
        start = self.offset(line, column)
        return Span(start, max(start, self.offset(end_line, end_column)))

    def line(self, line: int) -> Span:
        """The span of a code line, without surrounding blanks."""
        line = min(max(line, 1), max(len(self._fence.lines), 1))
        text = self.lines[line - 1]
        start = len(text) - len(text.lstrip())
        return self.span(line, start, line, max(start, len(text.rstrip())))

    def node(self, node: ast.AST) -> Span:
        """The span of a syntax node."""
        line = int(getattr(node, "lineno", 1))
        end = int(getattr(node, "end_lineno", None) or line)
        first = self.column(line, getattr(node, "col_offset", 0))
        return self.span(line, first, end, self.column(end, getattr(node, "end_col_offset", 0) or 0))

    def name(self, node: ast.Name) -> Span:
        """The span of a name that is read; Python 3.11 misplaces nodes inside f-strings, so the text is searched."""
        column = self.column(node.lineno, node.col_offset)
        text = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        if not text.startswith(node.id, column):
            column = text.find(node.id)
            if column < 0:
                return self.line(node.lineno)
        return self.span(node.lineno, column, node.lineno, column + len(node.id))


class Fault(NamedTuple):
    """An error in code or data, and its span on the page."""

    span: Span
    message: str
    help: str | None = None
    raised: tuple[str, ...] = ()
    """For code that does not parse, the names of the exceptions that Python raises."""
    is_excerpt: bool = False
    """The code or data is obviously incomplete."""

    def is_meant(self, raises: str | None) -> bool:
        """Whether ``raises=`` on the fence says that the code should not parse."""
        return (raises or "").rpartition(".")[2] in self.raised


class Code(NamedTuple):
    """Parsed code."""

    tree: ast.Module
    nodes: Sequence[ast.AST] | None
    """All nodes of the tree, in the order of ``ast.walk``; None if it is nested more than ``MAX_DEPTH`` levels deep."""


def runnable(code: str) -> tuple[str, int]:
    """The code as it is run, with line numbers kept, and by how many columns its lines are shorter: the common
    indentation of the fence is removed, and a cell magic that only measures it."""
    lines = without_options(code).split("\n")
    first = next((line for line in lines if line.strip()), "")
    prefix = first[: len(first) - len(first.lstrip(" \t"))]
    by = len(prefix) if prefix and all(line.startswith(prefix) or not line.strip() for line in lines) else 0
    return "\n".join(line[by:] for line in lines) if by else "\n".join(lines), by


def parse(places: Places, first: int = 1, last: int | None = None) -> Code | Fault:
    """The tree of the code, or of its lines from ``first`` to ``last``, or why it does not parse.

    Top-level ``await`` is allowed, as in a notebook. Errors of the compiler's later passes (``return`` outside a
    function) are included.
    """
    lines = places.lines[first - 1 : last]
    code = "\n".join(lines)
    for number, line in enumerate(lines, first):
        for column, char in enumerate(line) if not line.isascii() or "\0" in line else ():
            if char == "\0" or _SURROGATES[0] <= char <= _SURROGATES[1]:
                what = "a NUL character" if char == "\0" else f"a lone surrogate (U+{ord(char):04X})"
                span = places.span(number, column, number, column + 1)
                return Fault(span, f"{what} cannot stand in Python code", raised=_SYNTAX)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():  # an invalid escape is reported to the author when the code runs
            warnings.simplefilter("ignore")
            tree = compile(code, "<fence>", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
            assert isinstance(tree, ast.Module)
            nodes = nodes_within(tree, MAX_DEPTH)
            if nodes is not None:
                compile(tree, "<fence>", "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        return _fault(places, error, first)
    except (RecursionError, MemoryError):
        return Fault(places.line(first), "this code is nested too deeply for Python to read")
    except (ValueError, OverflowError) as error:
        return Fault(places.line(first), f"Python cannot read this code: {error}", raised=_VALUE)
    if first > 1:
        ast.increment_lineno(tree, first - 1)
    return Code(tree, nodes)


def depth_within(tree: ast.AST, limit: int) -> bool:
    """Whether no node is more than ``limit`` levels deep. Not recursive."""
    return nodes_within(tree, limit) is not None


def nodes_within(tree: ast.AST, limit: int) -> list[ast.AST] | None:
    """All nodes of a tree, in the order of ``ast.walk``; None if a node is more than ``limit`` levels deep."""
    nodes, level = [tree], [tree]
    for _ in range(limit):
        below: list[ast.AST] = []
        for node in level:
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, ast.AST):
                    below.append(value)
                elif type(value) is list:
                    below += [item for item in value if isinstance(item, ast.AST)]
        if not below:
            return nodes
        nodes += below
        level = below
    return None


def _fault(places: Places, error: SyntaxError, first: int) -> Fault:
    above = first - 1
    line = min(max(error.lineno or 1, 1) + above, len(places.lines))
    text = places.lines[line - 1]
    message = (error.msg or "invalid syntax").removesuffix(f" on line {error.lineno}")
    message = _ON_LINE.sub(lambda m: f"{m[1]} line {places.above + above + int(m[2])}", message)
    span = places.line(line)
    shown = (error.text or "").rstrip("\n")
    if error.offset and error.offset > 0 and (error.text is None or text.startswith(shown)):
        # Columns count from 1: code points from the parser, UTF-8 bytes from the later passes (they give no text).
        end_line = min(error.end_lineno + above if error.end_lineno else line, len(places.lines))
        start, end = error.offset - 1, (error.end_offset or 0) - 1
        if error.text is None:
            start, end = places.column(line, start), places.column(end_line, end)
        if (end_line, end) <= (line, start):
            end_line, end = line, start + 1
        span = places.span(line, start, end_line, end) or span
    raised = tuple(cls.__name__ for cls in type(error).__mro__ if issubclass(cls, SyntaxError))
    return Fault(span, message, hint(f"{raised[0]}: {message}", places.text, line), raised)
