"""Changes to a snippet's syntax tree that let its outputs and its assertions be told apart; places stay as they are.

No expression is evaluated twice, nor in another order or scope than the page says.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from kbtools.codefence.pycode import depth_within

WATCH, SHOW, PART, HELD = "__kb_watch__", "__kb_show__", "__kb_part__", "__kb_held__"
"""Helpers the changed code calls: they are added to builtins."""
_DEPTH = 60
"""Levels of a condition that are looked into: copying recurses."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOLDERS = (ast.stmt, ast.excepthandler, ast.match_case)


class Watch(ast.NodeTransformer):
    """Wraps the callee of every ``print(...)`` that begins or ends on one of the lines."""

    def __init__(self, lines: frozenset[int]) -> None:
        self.lines = lines

    def line_of(self, node: ast.expr) -> int | None:
        return next((n for n in (node.end_lineno, node.lineno) if n in self.lines), None)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not _is_print(node):
            return node
        line = self.line_of(node)
        if line is not None:
            callee = node.func
            node.func = _call(WATCH, callee, ast.Constant(line), callee)
        return node


def show(tree: ast.Module, lines: frozenset[int]) -> ast.Module:
    """Hand the value of every expression that is a statement outside functions and classes to the display hook.

    Output of those on one of the lines is told apart, as that of ``print`` is.
    """
    found = [node for node in _statements(tree) if isinstance(node, ast.Expr)]
    watch = Watch(lines)
    places = [None if _is_print(node.value) else watch.line_of(node.value) for node in found]
    if lines:
        tree = watch.visit(tree)
    for node, line in zip(found, places, strict=True):
        node.value = _call(SHOW, node.value, ast.Constant(line), node.value)
    return tree


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements outside functions and classes, and those themselves."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, _SCOPES):
            todo += [child for child in ast.iter_child_nodes(node) if isinstance(child, _HOLDERS)]


Known = dict[int, tuple[ast.Assert, tuple[ast.expr, ...]]]


def asserts(tree: ast.Module) -> Known:
    """Let the assertions outside functions and classes hand over the values of their parts.

    Returns all assertions by line, as written, with the parts of those that are changed, in the order of their
    numbers. Those in functions are left alone, since ``torch.compile`` and the like read functions; of these the names
    are looked up once they have failed.
    """
    found: Known = {}
    for node in _statements(tree):
        if isinstance(node, ast.Assert) and depth_within(node.test, _DEPTH):
            written = copy.deepcopy(node)
            wrap = _Wrap(written.lineno)
            node.test = _call(HELD, written.test, ast.Constant(written.lineno), wrap.condition(node.test))
            found[written.lineno] = (written, tuple(wrap.parts))
        elif isinstance(node, _SCOPES):
            found.update((inner.lineno, (inner, ())) for inner in ast.walk(node) if isinstance(inner, ast.Assert))
    return found


class _Wrap:
    """Wraps the parts of a condition that say why it does not hold."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.parts: list[ast.expr] = []

    def condition(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.BoolOp):
            node.values = [self.condition(value) for value in node.values]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self.condition(node.operand)
        elif isinstance(node, ast.Compare):
            node.left = self.value(node.left)
            node.comparators = [self.value(operand) for operand in node.comparators]
        elif isinstance(node, ast.Call):
            self.within(node)
        else:
            return self.value(node)
        return node

    def value(self, node: ast.expr, *, deep: bool = True) -> ast.expr:
        if isinstance(node, (ast.Constant, ast.Starred, ast.GeneratorExp, ast.Lambda, ast.Slice)):
            return node
        written = copy.deepcopy(node)
        number = len(self.parts)
        self.parts.append(written)
        if deep:
            self.within(node)
        return _call(PART, written, ast.Constant(self.line), ast.Constant(number), node)

    def within(self, node: ast.expr) -> None:
        """The values an operand is made of, one level down."""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.value(node.func.value, deep=False)
            node.args = [self.value(argument, deep=False) for argument in node.args]
            for keyword in node.keywords:
                if keyword.arg is not None:
                    keyword.value = self.value(keyword.value, deep=False)
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node.value = self.value(node.value, deep=False)
        elif isinstance(node, ast.BinOp):
            node.left, node.right = self.value(node.left, deep=False), self.value(node.right, deep=False)


def _is_print(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _call(name: str, place: ast.expr, *arguments: ast.expr) -> ast.Call:
    """A call of one of the helpers, at the place of the expression it stands for."""
    made = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    for new in (made, made.func, *(a for a in arguments if isinstance(a, ast.Constant))):
        ast.copy_location(new, place)
    return made
