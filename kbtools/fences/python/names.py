"""Analyses which names a snippet binds and reads in its module scope."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kbtools.fences.python.pycode import MAX_DEPTH, depth_within
from kbtools.fences.python.scopes import (
    Comprehension,
    arguments,
    asked_for,
    bindings,
    catches_name_error,
    is_table,
    last_part,
)
from kbtools.text.source import Span

# site adds these to builtins; the module's own names exist in every session.
BUILTINS = frozenset(dir(builtins)) | {"exit", "quit", "help", "copyright", "credits", "license"}
MODULE_NAMES = frozenset(
    {
        "__name__",
        "__file__",
        "__doc__",
        "__builtins__",
        "__spec__",
        "__loader__",
        "__package__",
        "__annotations__",
        "__dict__",
    }
)
_CLASS_NAMES = frozenset({"__qualname__", "__module__", "__class__"})


@dataclass(frozen=True, slots=True)
class Read:
    """A name that the snippet reads without having bound it."""

    name: str
    span: Span
    late: bool
    """Read in a function's body: it must exist when the function is called."""
    guarded: bool
    """The code handles its absence (``except NameError``, ``"x" in globals()``), or it is unknown (``import *``)."""
    builtin: bool
    """A builtin has the same name; it is a read of the session only if the session has rebound it."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names that a snippet binds, deletes and reads at module scope, in order of appearance."""

    defines: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    open: bool = False
    """It may bind unknown names: by a star import, ``exec``, ``globals().update``, or code that does not parse."""


UNKNOWN = Names(open=True)


def analyse(tree: ast.Module, place: Callable[[ast.Name], Span], *, flat: bool = False) -> Names:
    """The names of a snippet. Code nested more than ``MAX_DEPTH`` levels deep counts as unknown.

    ``flat`` skips that test.
    """
    if not flat and not depth_within(tree, MAX_DEPTH):
        return UNKNOWN
    walk = _Walk(place)
    walk.run(tree)
    late = [read for read in walk.reads if not (read.late and read.name in walk.ever)]
    first: dict[tuple[str, bool], Read] = {}
    for read in sorted(late, key=lambda read: read.span):
        key = (read.name, read.late)
        if key not in first or (first[key].guarded and not read.guarded):
            first[key] = read
    reads = tuple(sorted(first.values(), key=lambda read: read.span))
    removed = tuple(name for name in walk.removed if name not in walk.scopes[0].bound)
    return Names(tuple(walk.scopes[0].bound), removed, reads, walk.open)


def without_underscore(found: Names) -> Names:
    """The names of code at a prompt, which binds ``_`` to the last displayed value."""
    reads = tuple(read for read in found.reads if read.name != "_")
    return Names(found.defines, found.removes, reads, found.open)


class _Scope:
    def __init__(
        self,
        kind: str,
        bound: dict[str, None] | None = None,
        globals: frozenset[str] = frozenset(),
        direct: frozenset[str] = frozenset(),
    ) -> None:
        self.kind = kind
        """module, function, class or inner (a comprehension)."""
        self.bound: dict[str, None] = bound if bound is not None else {}
        self.globals = globals
        self.direct = direct
        """Names that a class body binds: before that, it looks them up in the module, skipping surrounding
        functions."""


class _Walk:
    """Visits the module's statements in order; function bodies are visited late."""

    def __init__(self, place: Callable[[ast.Name], Span]) -> None:
        self.place = place
        self.scopes = [_Scope("module")]
        self.reads: list[Read] = []
        self.ever: set[str] = set()
        self.removed: dict[str, None] = {}
        self.open = False
        self.future = False
        self.guards: list[frozenset[str] | None] = []
        """Names whose absence is handled here; None for all names."""
        self.conditional = 0
        self.loops: list[frozenset[str]] = []
        """For each surrounding loop, the names that its body binds: a later iteration may find them bound."""

    def run(self, tree: ast.Module) -> None:
        self.body(tree.body)

    # --- binding and reading

    def bind(self, name: str) -> None:
        scope = next(s for s in reversed(self.scopes) if s.kind != "inner")
        if scope.kind == "function":
            if name in scope.globals:
                self._bind_module(name)
            return
        if scope.kind == "module" or name in scope.globals:
            self._bind_module(name)
        else:
            scope.bound[name] = None

    def _bind_module(self, name: str) -> None:
        self.scopes[0].bound[name] = None
        self.ever.add(name)

    def unbind(self, node: ast.Name) -> None:
        self.read(node)
        scope = self.scopes[-1]
        if scope.kind == "function" and node.id not in scope.globals:
            return
        if self.conditional == 0:
            scope.bound.pop(node.id, None)
            if scope.kind == "module":
                self.removed[node.id] = None

    def read(self, node: ast.Name) -> None:
        name, late = node.id, False
        for depth in range(len(self.scopes) - 1, 0, -1):
            scope = self.scopes[depth]
            late = late or scope.kind == "function"
            if name in scope.globals:
                break
            if depth == len(self.scopes) - 1 and name in scope.direct and name not in scope.bound:
                break
            # Names of a class body are visible to its own statements only, not to functions and comprehensions in it.
            if name in scope.bound and (scope.kind != "class" or depth == len(self.scopes) - 1):
                return
            if name in _CLASS_NAMES and any(s.kind == "class" for s in self.scopes):
                return
        late = late or any(scope.kind == "function" for scope in self.scopes)
        if name in MODULE_NAMES or (not late and name in self.scopes[0].bound):
            return
        guarded = self.open or any(names is None or name in names for names in self.guards)
        if self.conditional and any(name in names for names in self.loops):
            guarded = True
        self.reads.append(Read(name, self.place(node), late, guarded, name in BUILTINS))

    # --- statements

    def on_Constant(self, node: ast.Constant) -> None:
        """A constant has no children of interest: this avoids visiting the fields of the most frequent nodes."""

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def branch(self, statements: Iterable[ast.stmt]) -> None:
        self.conditional += 1
        self.body(statements)
        self.conditional -= 1

    def statement(self, node: ast.AST) -> None:
        kind = type(node)
        if kind not in _METHODS:
            _METHODS[kind] = getattr(_Walk, "on_" + kind.__name__, None)
        method = _METHODS[kind]
        if method is not None:
            method(self, node)
            return
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                self.statement(value)
            elif type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        self.statement(item)

    def each(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.statement(node)

    def on_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node)
        elif isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        else:
            self.unbind(node)

    def on_Assign(self, node: ast.Assign) -> None:
        self.each([node.value, *node.targets])
        for target in node.targets:
            if isinstance(target, ast.Subscript) and is_table(target.value):
                if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
                    self._bind_module(target.slice.value)
                else:
                    self.open = True

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target)
        self.each([node.value, node.target])

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.each([node.value])
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.each([node.target])
        if not self.future and self.scopes[-1].kind != "function":  # Python evaluates the annotation last
            self.each([node.annotation])

    def on_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.each([node.value])
        self.bind(node.target.id)

    def on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.split(".")[0])

    def on_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.open = True
            else:
                self.bind(alias.asname or alias.name)
        if node.module == "__future__" and any(alias.name == "annotations" for alias in node.names):
            self.future = True

    def on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.each([node.iter])
        self.loops.append(frozenset(bindings(node.body)[0]))
        self.each([node.target])
        self.body(node.body)
        self.loops.pop()
        self.branch(node.orelse)

    on_AsyncFor = on_For

    def on_While(self, node: ast.While) -> None:
        self.each([node.test])
        self.loops.append(frozenset(bindings(node.body)[0]))
        self.body(node.body)
        self.loops.pop()
        self.branch(node.orelse)

    def on_If(self, node: ast.If) -> None:
        self.guards.append(asked_for(node.test))
        self.each([node.test])
        self.branch(node.body)
        self.branch(node.orelse)
        self.guards.pop()

    def on_IfExp(self, node: ast.IfExp) -> None:
        self.guards.append(asked_for(node.test))
        self.each([node.test])
        self.conditional += 1
        self.each([node.body, node.orelse])
        self.conditional -= 1
        self.guards.pop()

    def on_BoolOp(self, node: ast.BoolOp) -> None:
        self.guards.append(asked_for(node))
        self.each(node.values[:1])
        self.conditional += 1
        self.each(node.values[1:])
        self.conditional -= 1
        self.guards.pop()

    def on_Try(self, node: ast.Try) -> None:
        self.guards.append(None if any(catches_name_error(h.type) for h in node.handlers) else frozenset())
        self.conditional += 1
        self.body(node.body)
        self.guards.pop()
        for handler in node.handlers:
            self.each([handler.type])
            had = handler.name is None or handler.name in self.scopes[-1].bound
            if handler.name is not None:
                self.bind(handler.name)
            self.body(handler.body)
            if handler.name is not None and not had:  # `as e` is unbound again when the handler ends
                self.scopes[-1].bound.pop(handler.name, None)
        self.body(node.orelse)
        self.conditional -= 1
        self.body(node.finalbody)

    on_TryStar = on_Try

    def on_With(self, node: ast.With | ast.AsyncWith) -> None:
        caught = False
        for item in node.items:
            self.each([item.context_expr, item.optional_vars])
            call = item.context_expr
            if isinstance(call, ast.Call) and last_part(call.func) in ("suppress", "raises"):
                caught = caught or any(catches_name_error(arg) for arg in call.args)
        self.guards.append(None if caught else frozenset())
        self.body(node.body)
        self.guards.pop()

    on_AsyncWith = on_With

    def on_Match(self, node: ast.Match) -> None:
        self.each([node.subject])
        for case in node.cases:
            self.each([case.pattern, case.guard])
            self.branch(case.body)

    def on_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.each([getattr(node, "pattern", None)])
        if node.name is not None:
            self.bind(node.name)

    on_MatchStar = on_MatchAs

    def on_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.each([*node.keys, *node.patterns])
        if node.rest is not None:
            self.bind(node.rest)

    def on_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "exec":
            self.open = True
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in ("update", "setdefault")
            and is_table(node.func.value)
        ):
            self.open = True
        self.each([node.func, *node.args, *node.keywords])

    # --- scopes

    def on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.each(node.decorator_list)
        parameters = list(arguments(node.args))
        self.each([*node.args.defaults, *node.args.kw_defaults])
        generic = {getattr(p, "name", "") for p in getattr(node, "type_params", ())}
        if not self.future:
            self.scopes.append(_Scope("inner", dict.fromkeys(generic)))
            self.each([*(parameter.annotation for parameter in parameters), node.returns])
            self.scopes.pop()
        self.bind(node.name)
        local, shared, outer = bindings(node.body)
        names = dict.fromkeys(
            [*(a.arg for a in parameters), *generic, *(n for n in local if n not in shared and n not in outer)]
        )
        self.function(_Scope("function", names, frozenset(shared)), node.body)

    on_AsyncFunctionDef = on_FunctionDef

    def on_Lambda(self, node: ast.Lambda) -> None:
        self.each([*node.args.defaults, *node.args.kw_defaults])
        names = dict.fromkeys([*(a.arg for a in arguments(node.args)), *bindings([node.body])[0]])
        self.function(_Scope("function", names), [node.body])

    def function(self, scope: _Scope, body: Iterable[ast.AST]) -> None:
        self.scopes.append(scope)
        kept = self.conditional, self.loops, self.guards
        self.conditional, self.loops = 0, []
        self.each(body)
        self.conditional, self.loops, self.guards = kept
        self.scopes.pop()

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        self.each([*node.decorator_list])
        generic = {getattr(p, "name", "") for p in getattr(node, "type_params", ())}
        self.scopes.append(_Scope("inner", dict.fromkeys(generic)))
        self.each([*node.bases, *node.keywords])
        local, shared, outer = bindings(node.body)
        direct = frozenset(local) - shared - outer
        self.scopes.append(_Scope("class", globals=frozenset(shared), direct=direct))
        self.body(node.body)
        self.scopes.pop()
        self.scopes.pop()
        self.bind(node.name)

    def on_ListComp(self, node: Comprehension) -> None:
        self.each([node.generators[0].iter])  # the first iterable is evaluated outside
        self.scopes.append(_Scope("inner"))
        for at, generator in enumerate(node.generators):
            if at:
                self.each([generator.iter])
            for name in ast.walk(generator.target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    self.scopes[-1].bound[name.id] = None
                elif isinstance(name, ast.Name):
                    self.read(name)
            self.each(generator.ifs)
        if isinstance(node, ast.DictComp):
            self.each([node.key, node.value])
        else:
            self.each([node.elt])
        self.scopes.pop()

    on_SetComp = on_DictComp = on_GeneratorExp = on_ListComp


_METHODS: dict[type[ast.AST], Callable[[_Walk, Any], None] | None] = {}
"""The method for each kind of node; None if its children are visited in order."""
