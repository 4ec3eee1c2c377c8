"""AST transforms that capture outputs and parts of assertions, with positions kept.

No expression is evaluated twice, or in another order or scope.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from kbtools.fences.python.pycode import depth_within

PRINT, CAPTURE, VALUE, SHOW, PART, HELD = (
    f"__kb_{name}__" for name in ("print", "capture", "value", "show", "part", "held")
)
"""Helpers called by the transformed code: they are added to builtins."""
Place = tuple[int, int]
"""Where a statement begins: its line in the code, from 1, and its column in UTF-8 bytes."""
_DEPTH = 60
"""Maximum depth of analysed conditions, because copying is recursive."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOLDERS = (ast.stmt, ast.excepthandler, ast.match_case)


class _Watch(ast.NodeTransformer):
    """Makes the statements at some positions record what they print and the values of their expressions."""

    def __init__(self, places: frozenset[Place], turn: int) -> None:
        self.places, self.turn = places, turn

    def generic_visit(self, node: ast.AST) -> ast.AST:
        node = super().generic_visit(node)
        place = (node.lineno, node.col_offset) if isinstance(node, ast.stmt) else None
        return self.watched(node, place) if isinstance(node, ast.stmt) and place in self.places else node

    def watched(self, node: ast.stmt, place: Place) -> ast.stmt:
        key = ast.Tuple([ast.Constant(number) for number in (self.turn, *place)], ast.Load())
        if isinstance(node, _SCOPES):
            return node
        if isinstance(node, ast.Expr):
            call = node.value
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print":
                call.func = _call(PRINT, call.func, key, call.func)
                return node
            node.value = _call(VALUE, node.value, key, node.value)
        made = ast.With([ast.withitem(_call(CAPTURE, node, key))], [node])
        return ast.copy_location(made, node)


def watch(tree: ast.Module, places: frozenset[Place], turn: int) -> ast.Module:
    """The tree in which the statements at these positions are captured, for the snippet with this number."""
    return _Watch(places, turn).visit(tree) if places else tree


def show(tree: ast.Module) -> ast.Module:
    """Passes the value of every expression statement outside functions and classes to the display hook."""
    for node in _statements(tree):
        if isinstance(node, ast.Expr):
            node.value = _call(SHOW, node.value, node.value)
    return tree


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements outside functions and classes, and the functions and classes."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, _SCOPES):
            todo += [child for child in ast.iter_child_nodes(node) if isinstance(child, _HOLDERS)]


Known = dict[int, tuple[ast.Assert, tuple[ast.expr, ...]]]


def asserts(tree: ast.Module) -> Known:
    """Makes assertions outside functions and classes record the values of their parts. Returns all assertions by
    line, as written, with the parts of the transformed ones, in the order of their numbers.

    An assertion of a tuple is left to the compiler, which warns that it is always true. Assertions in functions are
    unchanged, because ``torch.compile`` and similar tools analyse functions; the values of their names are looked up
    after a failure.
    """
    found: Known = {}
    for node in _statements(tree):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Tuple) and depth_within(node.test, _DEPTH):
            written = copy.deepcopy(node)
            wrap = _Wrap(written.lineno)
            node.test = _call(HELD, written.test, ast.Constant(written.lineno), wrap.condition(node.test))
            found[written.lineno] = (written, tuple(wrap.parts))
        elif isinstance(node, _SCOPES):
            found.update((inner.lineno, (inner, ())) for inner in ast.walk(node) if isinstance(inner, ast.Assert))
    return found


class _Wrap:
    """Wraps the parts of a condition that may explain a failure."""

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
        """The values that an operand consists of, one level down."""
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


def _call(name: str, place: ast.expr | ast.stmt, *arguments: ast.expr) -> ast.Call:
    """A call of one of the helpers, with the position of the node it replaces."""
    made = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    new: list[ast.AST] = [made, made.func]
    for argument in arguments:
        if isinstance(argument, (ast.Constant, ast.Tuple)) and not hasattr(argument, "lineno"):
            new += ast.walk(argument)
    for node in new:
        ast.copy_location(node, place)
    return made
