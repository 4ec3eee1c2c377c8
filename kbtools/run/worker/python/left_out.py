"""Detects code after a ``SystemExit``, which did not run."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def left_out(trace: TracebackType | None, path: str, trees: Iterable[ast.Module]) -> int | None:
    """The line at which a page's code was left with more of it behind; None where it was left at its end.

    ``trees`` are those of the file ``path``, one for each fence, with the lines that frames name.
    """
    known = [(tree, tree.body[0].lineno, tree.body[-1].end_lineno or 0) for tree in trees if tree.body]
    for frame, line in traceback.walk_tb(trace):
        if frame.f_code.co_filename != path:
            continue
        tree = next((tree for tree, first, last in known if first <= line <= last), None)
        if tree is None:
            continue
        first = None if frame.f_code.co_name == "<module>" else frame.f_code.co_firstlineno
        body = tree.body if first is None else _body(tree, first)
        if body is not None and _more_behind(body, line):
            return line
    return None


def _body(tree: ast.Module, first: int) -> list[ast.stmt] | None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            starts = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if starts == first:
                return node.body
    return None


def _more_behind(body: list[ast.stmt], line: int) -> bool:
    """Whether statements follow the one at a line, in its block or in those around it."""
    for at, node in enumerate(body):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            return at + 1 < len(body) or any(
                _more_behind(block, line) for block in _blocks(node) if _holds(block, line)
            )
    return False


def _holds(block: list[ast.stmt], line: int) -> bool:
    return bool(block) and block[0].lineno <= line <= (block[-1].end_lineno or block[-1].lineno)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(node, _SCOPES):
        return
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
    for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield handler.body
