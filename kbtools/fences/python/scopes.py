"""Python's scoping rules for single syntax nodes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_TABLES = frozenset({"globals", "locals", "vars", "dir"})

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def arguments(args: ast.arguments) -> Iterator[ast.arg]:
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from (argument for argument in (args.vararg, args.kwarg) if argument is not None)


def bindings(body: Iterable[ast.AST]) -> tuple[dict[str, None], set[str], set[str]]:
    """The names a body binds in its own scope, and those it declares global and nonlocal."""
    bound: dict[str, None] = {}
    shared: set[str] = set()
    outer: set[str] = set()
    todo = list(body)[::-1]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            bound[node.id] = None
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound[node.name] = None
            todo += node.decorator_list  # a walrus in it binds here; the body is a scope of its own
            continue
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, Comprehension):
            # Its targets are its own, but a walrus in it binds here.
            bound.update((n.target.id, None) for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            continue
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update((alias.asname or alias.name.split(".")[0], None) for alias in node.names)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name is not None:
            bound[node.name] = None
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            bound[node.rest] = None
        elif isinstance(node, ast.Global):
            shared.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            outer.update(node.names)
        todo += list(ast.iter_child_nodes(node))[::-1]
    return bound, shared, outer


def last_part(node: ast.AST | None) -> str:
    """``suppress`` of ``contextlib.suppress`` and of ``suppress``; "" for anything but a name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_table(node: ast.AST) -> bool:
    """Whether it is a call like ``globals()``, which returns names as a mapping."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TABLES and not node.args


def asked_for(test: ast.AST) -> frozenset[str]:
    """The names whose existence a condition tests: ``"x" in globals()``."""
    asked: set[str] = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            asked.update(node.left.value for table in node.comparators if is_table(table))
    return frozenset(asked)


def catches_name_error(kind: ast.AST | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(catches_name_error(item) for item in kind.elts)
    return kind is None or last_part(kind) in ("NameError", "Exception", "BaseException")
