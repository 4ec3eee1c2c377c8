"""Finds the output that Python code itself states: ``print(x) #> 3``, ``print(x) # tensor([2., 4.])``, ``x + 1 #
3``.

A marked comment (``#>``) belongs to the statement before or above it, of any kind. An unmarked comment counts after
or directly below an expression statement, if it reads as a value: see ``value_forms``.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from kbtools.fences import value_forms
from kbtools.fences.expected import numbered
from kbtools.fences.expected.form import Form
from kbtools.fences.python.pycode import Places
from kbtools.text.source import Span

_BLANK = re.compile(r"[ \t\f]*;?[ \t\f]*")
_MARK = "#>"
_YIELDS = "the statement yields"
_ELSEWHERE = "it is printed to a file"
_NUMBERS = "it numbers the lines of the snippet"
_BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.Match)
"""Compound statements; a marked comment with their own indentation states all of their output."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Output stated by the code of a fence: a comment beside a statement, or a result below a prompt."""

    span: Span
    """The text that ``--update`` replaces."""
    text: str
    line: int
    """1-based line of the code where the statement begins."""
    column: int = 0
    """0-based column of the statement, in UTF-8 bytes as syntax trees count."""
    block: bool = False
    """It is on lines of its own; an empty span is the position for them."""
    form: Form = Form.OUTPUT
    value: bool = False
    """The statement is an expression: if it prints nothing, its value is compared."""
    short: int | None = None
    """Length of the text without the brackets at its end, if they may be a remark."""
    comment: Span | None = None
    """From ``#`` to the end of the line, if the text is a comment on one line."""
    why_not: str | None = None
    """Why it cannot be compared."""


class Found(NamedTuple):
    """The stated output of code, and marked comments that belong to no statement."""

    shown: tuple[Shown, ...]
    stray: tuple[Span, ...]


def find(tree: ast.Module, places: Places, *, repl: bool = False, nodes: Iterable[ast.AST] | None = None) -> Found:
    """The output that comments of the code state, in order. ``repl``: values of all expressions are displayed.
    ``nodes``: all nodes of the tree, if the caller has them."""
    if not any("#" in line for line in places.lines):
        return Found((), ())
    finder = _Finder(places, ast.walk(tree) if nodes is None else nodes, repl=repl)
    shown = sorted(finder.run(), key=lambda one: one.span)
    stray = (span for line, span in _marked_comments(places) if line not in finder.marks)
    return Found(tuple(shown), tuple(stray))


def _marked_comments(places: Places) -> Iterator[tuple[int, Span]]:
    """The marked comments that do not continue another, each with its line."""
    if not any(_MARK in line for line in places.lines):
        return
    last = -1
    try:
        for token in tokenize.generate_tokens(io.StringIO(places.text).readline):
            if token.type == tokenize.COMMENT and _is_mark(token.string):
                (line, start), (_, end) = token.start, token.end
                own = not token.line[:start].strip()
                if not (own and line == last + 1):
                    yield line, places.span(line, start, line, end)
                last = line
    except (tokenize.TokenError, SyntaxError):
        return


def _is_mark(text: str, start: int = 0) -> bool:
    return text.startswith(_MARK, start) and not text.startswith("#>>", start)


class _Finder:
    def __init__(self, places: Places, nodes: Iterable[ast.AST], *, repl: bool) -> None:
        self.places, self.repl = places, repl
        self.marks: set[int] = set()
        """Lines with a non-empty marked comment."""
        self.ends: dict[tuple[int, int], list[ast.stmt]] = {}
        """Statements by end, outer ones first."""
        for node in nodes:
            if isinstance(node, ast.stmt):
                end = node.end_lineno or node.lineno, node.end_col_offset or 0
                self.ends.setdefault(end, []).append(node)

    def run(self) -> Iterator[Shown]:
        for (line, utf8), statements in self.ends.items():
            text = self.places.lines[line - 1]
            blank = _BLANK.match(text, self.places.column(line, utf8))
            start = blank.end() if blank else len(text)
            inner = max(statements, key=lambda node: (node.lineno, node.col_offset))
            shown = None
            if text.startswith("#", start):
                shown = self.trailing(inner, line, start)
            if shown is None and (start >= len(text) or text.startswith("#", start)):
                shown = self.below(statements, inner, line + 1)
            if shown is None and start >= len(text):
                shown = self.commented_below(statements, line + 1)
            if shown is not None:
                yield shown

    @cached_property
    def numbered(self) -> Mapping[int, int]:
        """Lines with comments that number them, and where the text after the numbers begins."""
        return numbered.find(self.places, frozenset(line for line, _ in self.ends))

    def below(self, statements: list[ast.stmt], inner: ast.stmt, line: int) -> Shown | None:
        """A marked comment on the lines below: with the indentation of a loop it states the output of the whole
        loop."""
        if line > len(self.places.lines):
            return None
        text = self.places.lines[line - 1]
        column = len(text) - len(text.lstrip())
        if not _is_mark(text, column):
            return None
        outer = [
            n for n in statements if isinstance(n, _BLOCKS) and self.places.column(n.lineno, n.col_offset) == column
        ]
        return self.marked(outer[0] if outer else inner, line)

    def trailing(self, node: ast.stmt, line: int, column: int) -> Shown | None:
        text = self.places.lines[line - 1]
        if _is_mark(text, column):
            return self.marked(node, line, column)
        if not _shows_values(node, repl=self.repl):
            return None
        start = column + 1
        body = text[start:]
        label = _label(node)
        value = value_forms.find(body, label=label)
        if value is not None:
            numbers = value.start < len(body) and body[value.start].isdigit() and line in self.numbered
            if numbers and body[self.numbered[line] - start :].strip():
                start = self.numbered[line]
                value, numbers = value_forms.find(text[start:]), False
            if value is None:
                return None
            shown = self.valued(node, [(line, start + value.start, start + value.end)], column, value)
            return replace(shown, why_not=_NUMBERS) if numbers else shown
        return self.spanning(node, line, start)

    def spanning(self, node: ast.stmt, line: int, start: int) -> Shown | None:
        """A long tensor that begins in a comment, at a column, and continues in the comment lines below until its
        brackets are closed; a remark may follow."""
        first, body = line, self.places.lines[line - 1][start:]
        parts, bodies, depth = [(line, start, start + len(body))], [body], value_forms.brackets_opened(body)
        while depth is not None and depth > 0:
            line += 1
            text = self.places.lines[line - 1] if line <= len(self.places.lines) else ""
            start = len(text) - len(text.lstrip()) + 1
            if text[start - 1 : start] != "#" or _is_mark(text, start - 1):
                return None
            parts.append((line, start, len(text)))
            bodies.append(text[start:])
            more = value_forms.brackets_opened(bodies[-1].partition("#")[0])
            depth = None if more is None else depth + more
        joined = "\n".join(bodies)
        value = value_forms.find(joined) if len(parts) > 1 else None
        if value is None or value.end <= len(joined) - len(bodies[-1]):
            return None
        line, start, stop = parts[-1]
        stop -= len(joined) - value.end
        parts[0] = (first, parts[0][1] + value.start, parts[0][2])
        return self.valued(node, [*parts[:-1], (line, start, stop)], None, value)

    def commented_below(self, statements: list[ast.stmt], line: int) -> Shown | None:
        """Unmarked comments directly below, with the indentation of the statement: a value, alone or behind a word
        for output, or the lines below such a word. Loops and other blocks need the word. Several lines are all that
        is printed."""
        bodies = self.comments_from(line)
        if not bodies or self.comments_precede:
            return None
        column = len(self.places.lines[line - 1]) - len(self.places.lines[line - 1].lstrip())
        own = (node for node in statements if self.places.column(node.lineno, node.col_offset) == column)
        node = next((node for node in own if isinstance(node, (ast.Expr, *_BLOCKS))), None)
        is_block = isinstance(node, _BLOCKS)
        if node is None or not (is_block or _shows_values(node, repl=self.repl)):
            return None
        parts = [(line + n, column + 1, column + 1 + len(body)) for n, body in enumerate(bodies)]
        if value_forms.is_heading(bodies[0]) and len(bodies) > 1:
            return replace(self.valued(node, parts[1:], None, value_forms.StatedValue(0, 0)), form=Form.TRANSCRIPT)
        value = value_forms.find(bodies[0], label=_label(node))
        if value is None:
            return None if is_block else self.spanning(node, line, column + 1)
        if bodies[0].split()[:1] == ["return"]:
            return None  # code
        announced = bodies[0][: value.start].strip() != ""
        several = [value_forms.is_value(body.strip()) for body in bodies]
        count = 1
        if announced and len(bodies) > 1 and _indentation(bodies[1]) > _indentation(bodies[0]):
            count = next((n for n, body in enumerate(bodies) if n and _indentation(body) < 2), len(bodies))
        elif not announced and all(several[:2]):
            count = several.index(False) if False in several else len(several)
        if count == 1 and not announced:
            goes_on = line < len(self.places.lines) and self.places.lines[line].strip()[:1] not in ("", "#")
            # Before a statement a number is a step.
            if is_block or (goes_on and bodies[0][value.start : value.end].strip().isdigit()):
                return None
        end = value.end if count == 1 else len(bodies[0])
        first = (line, column + 1 + value.start, column + 1 + end)
        if count > 1:
            whole = self.valued(node, [first, *parts[1:count]], None, value._replace(short=None))
            return replace(whole, form=Form.TRANSCRIPT)
        return self.valued(node, [first], column, value)

    def comments_from(self, line: int) -> list[str]:
        """The texts of the unmarked comments on consecutive lines of their own, with equal indentation."""
        found: list[str] = []
        indentation = None
        for at in range(line - 1, len(self.places.lines)):
            text = self.places.lines[at]
            before, sign, body = text.partition("#")
            indentation = before if indentation is None else indentation
            if not sign or before.strip() or before != indentation or _is_mark(text, len(before)):
                break
            found.append(body)
        return found

    @cached_property
    def comments_precede(self) -> bool:
        """Whether comments of this code show values above the statements that give them."""
        ends = {line for (line, _), nodes in self.ends.items() if isinstance(nodes[-1], ast.Expr)}
        for node in (node for nodes in self.ends.values() for node in nodes if isinstance(node, ast.Expr)):
            above = node.lineno - 1
            while above and self.places.lines[above - 1].strip().startswith("#"):
                above -= 1
            first = self.places.lines[above].strip()
            if above < node.lineno - 1 and above not in ends and value_forms.find(first[1:]) is not None:
                return True
        return False

    def marked(self, node: ast.stmt, line: int, column: int | None = None) -> Shown | None:
        """The text after ``#>`` from a column on, or in the lines below; adjacent ``#>`` lines continue it."""
        parts = []
        while line <= len(self.places.lines):
            text = self.places.lines[line - 1]
            start = len(text) - len(text.lstrip()) if column is None else column
            if not _is_mark(text, start):
                break
            parts.append((line, start + 2, len(text)))
            self.marks.add(line)
            column = None
            line += 1
        if not parts:
            return None
        if len(parts) == 1:
            # Tells a remark after a value from text that contains a "#".
            line, start, stop = parts[0]
            text = self.places.lines[line - 1][start:stop]
            head = text.partition("#")[0]
            if "#" in text and value_forms.is_value(head):
                parts = [(line, start, start + len(head))]
        span, text = self.text(parts)
        comment = self.comment(parts[0][0], parts[0][1] - 2) if len(parts) == 1 else None
        line, at = _place(node)
        return Shown(span, text, line, at, value=isinstance(node, ast.Expr), comment=comment, why_not=why_not(node))

    def valued(
        self, node: ast.stmt, parts: list[tuple[int, int, int]], column: int | None, value: value_forms.StatedValue
    ) -> Shown:
        span, text = self.text(parts)
        line, at = _place(node)
        return Shown(
            span,
            text,
            line,
            at,
            form=Form.COMMENT,
            value=not is_print(node),
            short=None if value.short is None else value.short - value.start,
            comment=self.comment(parts[0][0], column) if column is not None else None,
            why_not=why_not(node),
        )

    def comment(self, line: int, column: int) -> Span:
        return self.places.span(line, column, line, len(self.places.lines[line - 1].rstrip()))

    def text(self, parts: list[tuple[int, int, int]]) -> tuple[Span, str]:
        texts = []
        for at, (line, start, stop) in enumerate(list(parts)):
            raw = self.places.lines[line - 1][start:stop]
            stripped = raw.strip(" \t")
            first = start + (len(raw) - len(raw.lstrip(" \t")) if stripped else 0)
            texts.append(stripped)
            parts[at] = (line, first, first + len(stripped))
        (first, start, _), (last, _, stop) = parts[0], parts[-1]
        return self.places.span(first, start, last, stop), "\n".join(texts)


def _place(node: ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())


def is_print(node: ast.stmt) -> bool:
    """Whether a statement is a call of ``print``."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    return isinstance(node.value.func, ast.Name) and node.value.func.id == "print"


def _shows_values(node: ast.stmt, *, repl: bool) -> bool:
    """Whether an unmarked comment after a statement may state its output."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Call) and is_print(node):
        return all(keyword.arg for keyword in node.value.keywords)
    return repl or not isinstance(node.value, (ast.Constant, ast.JoinedStr, ast.Yield, ast.YieldFrom))


def why_not(node: ast.stmt) -> str | None:
    """Why the output of a statement is not compared."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return None
    if any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in ast.walk(node)):
        return _YIELDS
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and is_print(node):
        files = (keyword.value for keyword in node.value.keywords if keyword.arg == "file")
        return None if all(ast.unparse(file) == "sys.stdout" for file in files) else _ELSEWHERE
    return None


def _label(node: ast.stmt) -> str:
    """The text at the start of a ``print`` that looks like a label: ``sum:``, ``x =``."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and is_print(node) and node.value.args):
        return ""
    first = node.value.args[0]
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    text = first.value if isinstance(first, ast.Constant) else None
    text = text.strip() if isinstance(text, str) else ""
    return text if text[-1:] in (":", "=", "?") and "\n" not in text else ""
