"""Finds the exception that a comment after the last statement of Python code states: ``t[0] = 1 # TypeError``."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from kbtools.fences.python.pycode import Places

_STATED = re.compile(
    r"""[ \t]*;?[ \t]*\#+\s*
    (?:(?:raises|throws):?\s+|(?:->|=>|→|❌)\s*)?
    (?P<name>(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Interrupt)|StopIteration|StopAsyncIteration))
    (?:\s*[.!…]*|:\s*(?P<message>\S.*?)\s*[.…]*)\s*""",
    re.VERBOSE,
)
_COMPOUND = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)


class StatedException(NamedTuple):
    """The exception with which code should end."""

    name: str
    match: str | None
    """A regular expression for the stated message."""
    is_certain: bool
    """Whether it must be raised. After an expression, a name may also be its output or value."""


def find(tree: ast.Module, places: Places) -> StatedException | None:
    """The stated exception; None if the comment contains anything else."""
    last = tree.body[-1] if tree.body else None
    if last is None or isinstance(last, _COMPOUND) or last.end_lineno is None or last.end_col_offset is None:
        return None
    line = places.lines[last.end_lineno - 1]
    found = _STATED.fullmatch(line, places.column(last.end_lineno, last.end_col_offset))
    if found is None:
        return None
    match = re.escape(found["message"]) if found["message"] else None
    return StatedException(found["name"], match, not isinstance(last, ast.Expr))
