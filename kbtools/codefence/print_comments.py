"""Comments that say what a ``print`` shows: ``print(x)  #> 3`` and ``print(x)  # tensor([2., 4.])``.

With ``.repl``, also those behind an expression whose value is shown: ``x.sum()  # tensor(6.)``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbtools.codefence.printed_value import brackets_opened, value_end
from kbtools.codefence.pycode import Places
from kbtools.source import Span

_BLANK = re.compile(r"[ \t\f;]*")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a comment says a print call prints."""

    span: Span
    text: str
    code_line: int
    """1-based line of the code the text begins on."""
    print_line: int
    """1-based line of the code the call (or, with ``.repl``, the expression) begins on."""


def find(
    tree: ast.Module, places: Places, *, repl: bool = False, nodes: Iterable[ast.AST] | None = None
) -> tuple[Shown, ...]:
    """The expectations written as comments, in order.

    ``nodes``: all of the tree, for those who have been through it.
    """
    found = []
    writers = [*_prints(ast.walk(tree) if nodes is None else nodes), *(_displayed(tree.body) if repl else ())]
    for call in sorted(writers, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0)):
        line = call.end_lineno or call.lineno
        text = places.lines[line - 1]
        rest = places.column(line, call.end_col_offset or 0)
        blank = _BLANK.match(text, rest)
        start = blank.end() if blank else rest
        if text.startswith("#", start):
            shown = _trailing(places, line, start, call.lineno)
        elif start >= len(text):
            shown = _marked(places, line + 1, call.lineno)
        else:
            shown = None
        if shown is not None:
            found.append(shown)
    return tuple(found)


def _prints(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in nodes:
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            continue
        call = node.value
        elsewhere = any(keyword.arg in ("file", None) for keyword in call.keywords)
        if isinstance(call.func, ast.Name) and call.func.id == "print" and not elsewhere:
            yield call


def _displayed(body: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """The expressions a prompt shows the value of: statements outside functions and classes, but no ``print``."""
    todo = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Expr):
            call = node.value
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"):
                yield call
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            todo += ast.iter_child_nodes(node)


def _trailing(places: Places, line: int, column: int, print_line: int) -> Shown | None:
    text = places.lines[line - 1]
    if text.startswith("#>", column):
        return _marked(places, line, print_line, column)
    start = column + 1
    body = text[start:]
    end = value_end(body)
    if end is not None:
        return _shown(places, [(line, start, start + end)], print_line)
    # A long tensor goes on in the comment lines below, until its brackets are closed; a remark may follow them.
    parts, bodies, depth = [(line, start, len(text))], [body], brackets_opened(body)
    while depth is not None and depth > 0:
        line += 1
        text = places.lines[line - 1] if line <= len(places.lines) else ""
        start = len(text) - len(text.lstrip()) + 1
        if text[start - 1 : start] != "#" or text.startswith("#>", start - 1):
            return None
        parts.append((line, start, len(text)))
        bodies.append(text[start:])
        more = brackets_opened(bodies[-1].partition("#")[0])
        depth = None if more is None else depth + more
    joined = "\n".join(bodies)
    end = value_end(joined) if len(parts) > 1 else None
    if end is None:
        return None
    line, start, stop = parts[-1]
    stop -= len(joined) - end
    return _shown(places, [*parts[:-1], (line, start, stop)], print_line) if stop > start else None


def _marked(places: Places, line: int, print_line: int, column: int | None = None) -> Shown | None:
    """``#>`` from a column on, or in the lines below; every following ``#>`` line goes on."""
    parts = []
    while line <= len(places.lines):
        text = places.lines[line - 1]
        start = len(text) - len(text.lstrip()) if column is None else column
        if not text.startswith("#>", start):
            break
        parts.append((line, start + 2, len(text)))
        column = None
        line += 1
    if not parts:
        return None
    if len(parts) == 1:
        # A remark after a value is told from text that holds a "#".
        line, start, stop = parts[0]
        end = value_end(places.lines[line - 1][start:stop])
        parts = [(line, start, start + end if end is not None else stop)]
    return _shown(places, parts, print_line)


def _shown(places: Places, parts: list[tuple[int, int, int]], print_line: int) -> Shown:
    texts = []
    for at, (line, start, stop) in enumerate(list(parts)):
        raw = places.lines[line - 1][start:stop]
        stripped = raw.strip(" \t")
        first = start + (len(raw) - len(raw.lstrip(" \t")) if stripped else 0)
        texts.append(stripped)
        parts[at] = (line, first, first + len(stripped))
    (first, start, _), (last, _, stop) = parts[0], parts[-1]
    return Shown(places.span(first, start, last, stop), "\n".join(texts), first, print_line)
