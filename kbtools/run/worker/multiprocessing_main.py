"""``__main__`` for child processes that a snippet starts with multiprocessing's spawn and forkserver methods.

Such a process runs the main module's file again under another name, and unpickles its arguments by names defined
there. For a session, that file defines the page's functions, classes, imports and constants again, but does nothing
else that the page does, like a script guarded by ``if __name__ == "__main__":``.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_VALUES = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp)
_PLAIN = (*_VALUES, ast.expr_context, ast.operator, ast.unaryop)
_TROUBLE = re.compile(r"Can't get attribute|Can't pickle|cannot pickle|PicklingError|attribute lookup \S+ on __main__")
HINT = (
    "a process started afresh (spawn, forkserver) knows the functions, classes, imports and constants of the page's "
    'fences, and nothing else of the session: give it what it needs, or put it into a fence with file="data.py" and '
    "import it from there"
)


def begin() -> bytes:
    """The beginning of the main module's file, which makes kbtools importable even if it is not on the module path."""
    place = str(Path(__file__).parents[3])
    define = "from kbtools.run.worker.multiprocessing_main import define as __kb_define__"
    code = f"import sys; sys.path.insert(0, {place!a}); import kbtools; del sys.path[0], sys, kbtools; {define}\n"
    return code.encode("ascii")


def line_of(page: str, code: str, line: int) -> bytes:
    """The line of the main module's file for code that the session has run; ``line`` is its fence's."""
    return f"__kb_define__(globals(), {page!a}, {code!a}, {line})\n".encode("ascii")


_FLAGS = [0]
"""``from __future__ import`` flags, which apply to the rest of the session."""


def define(namespace: dict[str, Any], page: str, code: str, line: int) -> None:
    """Executes the definitions of code in ``namespace``. Definitions that fail are left out; code that needs them
    raises NameError."""
    _remember(page, code, line)
    try:
        parse = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | _FLAGS[0]
        tree = compile(code, page, "exec", parse, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return
    assert isinstance(tree, ast.Module)
    ast.increment_lineno(tree, line)
    for statement in tree.body:
        if isinstance(statement, _DEFINITIONS) or _is_constant(statement):
            with suppress(Exception):
                compiled = compile(ast.Module([statement], []), page, "exec", _FLAGS[0], dont_inherit=True)
                _FLAGS[0] |= compiled.co_flags & _FUTURE
                exec(compiled, namespace)


def _is_constant(statement: ast.stmt) -> bool:
    """Whether a statement is an assignment without calls."""
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    return all(isinstance(node, _PLAIN) for node in ast.walk(statement.value))


def _remember(page: str, code: str, line: int) -> None:
    """Registers the page's lines for tracebacks."""
    held = [text + "\n" for text in code.split("\n")]
    lines = list(linecache.cache[page][2]) if page in linecache.cache else []  # type: ignore[misc]
    lines += ["\n"] * (line + len(held) - len(lines))
    lines[line : line + len(held)] = held
    linecache.cache[page] = (1, None, lines, page)


def hint(message: str) -> str | None:
    """A hint for a pickling error, if the text describes one."""
    return HINT if _TROUBLE.search(message) else None
