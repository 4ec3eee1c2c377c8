"""Detects code after a ``SystemExit``, which was not executed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
Place = tuple[int | None, int | None, int | None, int | None]
"""Lines and columns in which an expression begins and ends."""
_LEAVING = ("exit", "quit")
"""Functions whose argument may also end the program."""


def left_out(stop: SystemExit, path: str, trees: Iterable[ast.Module]) -> int | None:
    """The line at which a page's code was left before its end; None if it was left at its end. ``trees`` are those
    of the file ``path``, one for each fence, with the line numbers that frames use."""
    known = [(tree, _start(tree.body[0]), tree.body[-1].end_lineno or 0) for tree in trees if tree.body]
    # Not what a class may put in its place.
    trace = vars(BaseException)["__traceback__"].__get__(stop)
    for one in _each(trace):
        frame, line = one.tb_frame, one.tb_lineno
        if frame.f_code.co_filename != path:
            continue
        tree = next((tree for tree, first, last in known if first <= line <= last), None)
        if tree is None:
            continue
        first = None if frame.f_code.co_name == "<module>" else frame.f_code.co_firstlineno
        body = tree.body if first is None else _body(tree, first)
        if body is not None and _more_behind(body, line, _place(one)):
            return line
    return None


def _each(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _place(trace: TracebackType) -> Place:
    """The position of the expression that a frame was executing."""
    return next(islice(trace.tb_frame.f_code.co_positions(), trace.tb_lasti // 2, None))


def _body(tree: ast.Module, first: int) -> list[ast.stmt] | None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and _start(node) == first:
            return node.body
    return None


def _start(node: ast.stmt) -> int:
    """The first line of a statement, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _more_behind(body: list[ast.stmt], line: int, place: Place) -> bool:
    """Whether code follows a line: in its statement, in its block or in the blocks around it."""
    for at, node in enumerate(body):
        if _start(node) <= line <= (node.end_lineno or node.lineno):
            return (
                at + 1 < len(body)
                or _more_within(node, place)
                or any(_more_behind(block, line, place) for block in _blocks(node) if _holds(block, line))
            )
    return False


def _more_within(node: ast.stmt, place: Place) -> bool:
    """Whether a statement uses the value of an expression in it: asserts it, passes it on."""
    if isinstance(node, ast.Assert):
        return True
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or place[0] is None:
        return False
    named = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    whole = call.lineno, call.end_lineno, call.col_offset, call.end_col_offset
    return named not in _LEAVING and place != whole


def _holds(block: list[ast.stmt], line: int) -> bool:
    return bool(block) and _start(block[0]) <= line <= (block[-1].end_lineno or block[-1].lineno)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(node, _SCOPES):
        return
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
    for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield handler.body
