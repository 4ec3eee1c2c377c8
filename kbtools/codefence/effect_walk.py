"""Follows one snippet's statements and notes what they read and change of the session: the engine of ``dataflow``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from kbtools.codefence import known_effects as known
from kbtools.codefence.known_effects import ANYTHING, FILES
from kbtools.codefence.scopes import Comprehension, arguments, bindings

_BUILTINS = frozenset(dir(builtins))
_PLAIN = known.PURE_BUILTINS | known.CHANGING_BUILTINS
_OPEN_NAMES = frozenset({"__annotations__", "__dict__", "__builtins__", "__file__", "__loader__", "__spec__"})
_OPENERS = frozenset({"exec", "eval", "globals", "locals", "vars", "dir", "compile", "__import__"})


@dataclass(slots=True)
class Group:
    """Objects that may share memory, a graph or a closure."""

    writers: set[int] = field(default_factory=set)
    flags: int = 0
    """What using one of them, other than in a way known to be harmless, may do."""
    late: dict[str, str | None] = field(default_factory=dict)
    """Names that its functions read when they are called, and the library's name each was when they were made."""
    live: bool = False
    """It holds instances of the session's own classes, whose every use may run code."""
    pure: bool = True
    """Calling it changes nothing: a function whose body only computes."""
    parent: Group | None = None


@dataclass(slots=True)
class Binding:
    """What a name stands for: a dotted name of a library, a group, or (neither) a value that cannot change."""

    by: set[int]
    dotted: str | None = None
    group: Group | None = None


@dataclass(slots=True)
class World:
    """A session so far."""

    names: dict[str, Binding] = field(default_factory=dict)
    barriers: set[int] = field(default_factory=set)
    """Snippets that may have done anything."""
    drawn: dict[int, set[int]] = field(default_factory=lambda: {1: set(), 2: set(), 4: set(), 8: set()})
    """Who may have changed each generator's state, and the files."""
    methods: set[str] = field(default_factory=set)
    """Methods of the session's own classes."""
    loose: set[str] = field(default_factory=set)
    """Names that functions bind: what they stand for cannot be told."""
    lost: bool = False
    """Names, or what libraries do, may have been changed behind our back: nothing certain can be said any more."""

    def missing(self, name: str, at: int) -> None:
        """A name that a snippet would have bound."""
        old = self.names.get(name)
        if old is None:
            self.names[name] = Binding({at}, group=Group(flags=ANYTHING, pure=False))
        else:
            old.by.add(at)


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression gives: the groups it may share with, and what using it may do."""

    groups: tuple[Group, ...] = ()
    flags: int = 0
    fixed: bool = False
    """It cannot change: a number, a string."""


_FRESH = Value()
_FIXED = Value(fixed=True)


def root(group: Group) -> Group:
    while group.parent is not None:
        group = group.parent
    return group


def union(groups: Iterable[Group]) -> Group:
    """One group out of several."""
    found: Group | None = None
    for group in map(root, groups):
        if found is None:
            found = group
        elif group is not found:
            found.writers |= group.writers
            found.flags |= group.flags
            found.late.update({n: d if found.late.get(n, d) == d else None for n, d in group.late.items()})
            found.live |= group.live
            found.pure &= group.pure
            group.parent = found
    return found or Group()


def both(values: Iterable[Value]) -> Value:
    """What may be any or part of several."""
    values = tuple(values)
    flags = 0
    for value in values:
        flags |= value.flags
    groups = tuple(dict.fromkeys(id(g) for v in values for g in v.groups))
    by_id = {id(g): g for v in values for g in v.groups}
    return Value(tuple(by_id[i] for i in groups), flags, bool(values) and all(v.fixed for v in values))


class Walk:
    """One snippet at position ``at``."""

    def __init__(self, world: World, at: int, *, certain: bool) -> None:
        self.world, self.at, self.certain = world, at, certain
        self.needs: set[int] = set()
        self.changed: set[str] = set()
        """Names of objects it changes for certain."""
        self.anything = False
        self.depth = 0 if certain else 1
        """How many statements around may not run to their end."""
        self.local: list[set[str]] = []
        """Names of the functions and comprehensions around."""
        self.body: Group | None = None
        """The function being read, which gathers what its body does."""

    # --- effects

    def effect(self, flags: int) -> None:
        """Note what is done beside giving a value."""
        if self.body is not None:
            self.body.flags |= flags
            self.body.pure = self.body.pure and not flags
            return
        if flags & ANYTHING:
            self.anything = True
        for bit, writers in self.world.drawn.items():
            if flags & bit:
                self.needs |= writers
                writers.add(self.at)

    def lose(self) -> None:
        """Something is done after which nothing certain can be said."""
        self.effect(ANYTHING)
        self.world.lost = True

    def seed(self, flags: int) -> None:
        """A generator's state is set whatever it was."""
        if self.body is not None or self.depth:
            self.effect(flags)
            return
        for bit, writers in self.world.drawn.items():
            if flags & bit:
                writers.clear()
                writers.add(self.at)

    def touch(self, value: Value) -> None:
        """The value is used in a way that may change it and run its code."""
        self.effect(value.flags)
        if self.body is not None:
            if value.groups or not value.fixed:
                self.body.pure = False
            return
        seen: set[int] = set()
        todo = [root(group) for group in value.groups]
        while todo:
            group = todo.pop()
            if id(group) in seen:
                continue
            seen.add(id(group))
            self.needs |= group.writers
            group.writers.add(self.at)
            self.effect(group.flags)
            todo += map(root, self.late(group).groups)

    def late(self, group: Group) -> Value:
        """What functions of a group read when they are called."""
        found = []
        for name, dotted in sorted(group.late.items()):
            value = self.name(name, use=False)
            binding = self.world.names.get(name)
            now = binding.dotted if binding is not None else None
            if now != dotted:
                self.effect(ANYTHING)  # it has become, or ceased to be, a library's
            elif now is None:
                self.effect(value.flags)
                found.append(value)
        return both(found)

    def call(self, value: Value, given: Value) -> Value:
        """An object of the session is called."""
        whole = both((value, given))
        groups = [root(g) for g in value.groups]
        if self.body is None and groups and not whole.flags and all(g.pure and not g.live for g in groups):
            seen: set[int] = set()
            todo = list(groups)
            while todo:
                group = todo.pop()
                if id(group) in seen:
                    continue
                seen.add(id(group))
                late = self.late(group)
                whole = both((whole, late))
                todo += map(root, late.groups)
            if all(root(g).pure and not root(g).live for g in whole.groups):
                return whole
        self.touch(whole)
        return whole

    # --- names

    def name(self, name: str, *, use: bool = True) -> Value:
        """A name of the session is read; without ``use`` only looked at."""
        if name in _OPEN_NAMES:
            self.effect(ANYTHING)
            return Value(flags=ANYTHING)
        found = self.world.names.get(name)
        if found is None:
            if name in _BUILTINS:
                return Value(flags=0 if name in _PLAIN or not name[:1].islower() else _builtin_flags(name))
            # Bound by something that was not understood.
            found = self.world.names[name] = Binding(set(), group=Group(flags=ANYTHING, pure=False))
        self.needs |= found.by
        if found.dotted is not None:
            return Value(flags=_uncalled(found.dotted))
        if found.group is None:
            return _FIXED
        group = root(found.group)
        self.needs |= group.writers
        if use and (group.live or group.flags & ANYTHING) and self.body is None:
            self.touch(Value((group,)))
        return Value((group,), group.flags)

    def read(self, name: str) -> Value:
        if self.is_local(name):
            return _FRESH
        if self.body is None:
            return self.name(name)
        found = self.world.names.get(name)
        if found is None and name in _BUILTINS:
            self.body.late.setdefault(name, None)
            return self.name(name)
        dotted = found.dotted if found is not None else None
        self.body.late[name] = dotted if self.body.late.get(name, dotted) == dotted else None
        # What else it will be is asked when the function is called.
        return Value((self.body,)) if dotted is None else Value(flags=_uncalled(dotted))

    def is_local(self, name: str) -> bool:
        return any(name in names for names in self.local)

    def bind(self, name: str, value: Value, dotted: str | None = None) -> None:
        if self.local and name in self.local[-1]:
            return
        if self.body is not None:  # a `global` in a function
            self.effect(ANYTHING)
            return
        if name in self.world.loose:
            value, dotted = Value(value.groups, value.flags | ANYTHING), None
        old = self.world.names.get(name)
        keep = old is not None and self.depth > 0
        by = {self.at} | (old.by if keep and old is not None else set())
        if dotted is not None and (not keep or (old is not None and old.dotted == dotted)):
            self.world.names[name] = Binding(by, dotted=dotted)
            return
        if (
            value.fixed
            and dotted is None
            and (not keep or (old is not None and (old.dotted, old.group) == (None, None)))
        ):
            self.world.names[name] = Binding(by)
            return
        groups = list(value.groups)
        flags = value.flags | (ANYTHING if dotted is not None else 0)
        if keep and old is not None:
            groups += [old.group] if old.group is not None else []
            flags |= ANYTHING if old.dotted is not None else 0
        group = union([Group(flags=flags, pure=bool(groups) or not flags), *groups])
        self.world.names[name] = Binding(by, group=group)

    def change(self, target: ast.expr) -> None:
        """What ``target`` is part of is changed: ``x.a = …``, ``x[0] += …``, ``x.append(…)``."""
        base = target
        while isinstance(base, (ast.Attribute, ast.Subscript, ast.Call)):
            if isinstance(base, ast.Call) and not isinstance(base.func, ast.Attribute):
                return
            base = base.func if isinstance(base, ast.Call) else base.value
        if not isinstance(base, ast.Name):
            return
        if self.is_local(base.id):
            if self.body is not None:
                self.body.pure = False
            return
        found = self.world.names.get(base.id)
        if found is not None and found.group is not None and self.body is None:
            self.changed.add(base.id)

    # --- statements

    def module(self, tree: ast.Module) -> None:
        for statement in tree.body:
            self.statement(statement)

    def block(self, statements: Iterable[ast.AST]) -> None:
        self.depth += 1
        for statement in statements:
            self.statement(statement)
        self.depth -= 1

    def statement(self, node: ast.AST) -> None:
        method = getattr(self, "on_" + type(node).__name__, None)
        if method is not None:
            method(node)
        elif isinstance(node, ast.expr):
            self.value(node)
        elif isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case, ast.pattern)):
            # What has no method of its own binds nothing and does nothing beyond its parts.
            self.unknown(node)
        else:
            self.effect(ANYTHING)

    def unknown(self, node: ast.AST) -> None:
        self.effect(ANYTHING)
        for name in bindings([node])[0]:
            if not (self.local and name in self.local[-1]):
                self.bind(name, Value(flags=ANYTHING))

    def on_Pass(self, node: ast.AST) -> None:
        """Nothing."""

    on_Break = on_Continue = on_Nonlocal = on_Pass

    def on_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self.world.loose.add(name)
            old = self.world.names.get(name)
            groups = [old.group] if old is not None and old.group is not None else []
            group = union([Group(flags=ANYTHING, pure=False), *groups])
            self.world.names[name] = Binding({self.at} | (old.by if old is not None else set()), group=group)

    def on_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            method = call.func.attr
            inplace = method.endswith("_") and not method.endswith("__")
            if (inplace or method in known.CHANGING_METHODS) and self.dotted(call.func.value) is None:
                self.change(call.func.value)
        self.value(node.value)

    def on_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.value(node.value)

    def on_Assert(self, node: ast.Assert) -> None:
        self.value(node.test)
        if node.msg is not None:
            self.value(node.msg)

    def on_Raise(self, node: ast.Raise) -> None:
        for part in (node.exc, node.cause):
            if part is not None:
                self.value(part)
        self.depth += 1  # what follows at this level is not reached

    def on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.store(target, _FRESH)

    def on_Assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        dotted = self.dotted(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.bind(target.id, value, dotted)
            else:
                self.store(target, value)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        if not self.local:
            self.value(node.annotation)
        if node.value is not None:
            self.store(node.target, self.value(node.value))

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        value = self.value(node.value)
        if isinstance(node.target, ast.Name):
            old = self.read(node.target.id)
            if not (old.fixed and value.fixed):
                self.touch(old)
            self.depth += 1
            self.bind(node.target.id, both((old, value)))
            self.depth -= 1
        else:
            self.store(node.target, value)

    def store(self, target: ast.expr, value: Value) -> None:
        """Bind or change what stands left of an ``=``."""
        if isinstance(target, ast.Name):
            self.bind(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self.store(part, value)
        elif isinstance(target, ast.Starred):
            self.store(target.value, value)
        else:
            assert isinstance(target, (ast.Attribute, ast.Subscript))
            self.change(target)
            if self.dotted(target.value) is not None:
                self.lose()
            held = self.value(target.value)
            if isinstance(target, ast.Subscript):
                self.value(target.slice)
            self.touch(held)
            self.merge(held, value)

    def merge(self, *values: Value) -> None:
        """From now on they may share: one is kept in the other."""
        whole = both(values)
        if self.body is None and len(whole.groups) + bool(whole.flags) > 1:
            union([*whole.groups, Group(flags=whole.flags)])

    def on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if not known.importable(alias.name):
                self.effect(ANYTHING)
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            self.bind_import(alias.asname or dotted, dotted)

    def on_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or not known.importable(module):
            self.effect(ANYTHING)
        for alias in node.names:
            if alias.name == "*":
                self.lose()
            else:
                self.bind_import(alias.asname or alias.name, f"{module}.{alias.name}")

    def bind_import(self, name: str, dotted: str) -> None:
        if self.local and name in self.local[-1]:
            self.effect(ANYTHING)  # what a function imports has a name of its own, which is not followed
            return
        self.bind(name, _FRESH, dotted)

    def on_If(self, node: ast.If | ast.While) -> None:
        self.value(node.test)
        self.block(node.body)
        self.block(node.orelse)

    on_While = on_If

    def on_For(self, node: ast.For) -> None:
        self.depth += 1
        self.store(node.target, self.iterated(node.iter))
        self.depth -= 1
        self.block(node.body)
        self.block(node.orelse)

    def iterated(self, node: ast.expr) -> Value:
        """What going through an iterable gives: an iterator of the session is used up by it."""
        value = self.value(node)
        if not (isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Constant)) or self.is_range(node)):
            self.touch(value)
        return _FIXED if self.is_range(node) else Value(value.groups, value.flags, value.fixed)

    def is_range(self, node: ast.expr) -> bool:
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
        return called and "range" not in self.world.names

    def on_With(self, node: ast.With) -> None:
        for item in node.items:
            call = item.context_expr
            value = self.value(call)
            dotted = self.dotted(call.func) if isinstance(call, ast.Call) else None
            if dotted not in known.SCOPED:
                self.touch(value)
            if item.optional_vars is not None:
                self.store(item.optional_vars, value)
        self.block(node.body)

    def on_Try(self, node: ast.Try) -> None:
        self.block(node.body)
        for handler in node.handlers:
            if handler.type is not None:
                self.value(handler.type)
            if handler.name is not None:
                self.depth += 1
                self.bind(handler.name, _FRESH)
                self.depth -= 1
            self.block(handler.body)
        self.block(node.orelse)
        self.block(node.finalbody)

    on_TryStar = on_Try

    def on_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.bind(node.name, self.defined(node))

    def defined(self, node: ast.FunctionDef) -> Value:
        """A ``def`` where it stands: defaults, decorators and annotations are looked at now, the body when called."""
        given = [self.value(d) for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
        flags = self.decorators(node)
        for argument in arguments(node.args):
            if argument.annotation is not None and self.body is None:
                self.value(argument.annotation)
        if node.returns is not None and self.body is None:
            self.value(node.returns)
        made = self.function(node, node.body, given, changed=bool(node.decorator_list))
        if flags:
            union([Group(flags=flags, pure=False), *made.groups])
        return Value(made.groups, made.flags | flags)

    def decorators(self, node: ast.FunctionDef | ast.ClassDef) -> int:
        """What stands above a definition is called now; what it returns may do anything, unless it is known."""
        flags = 0
        for decorator in node.decorator_list:
            dotted = self.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            plain = isinstance(decorator, ast.Name) and decorator.id in ("staticmethod", "classmethod", "property")
            if dotted not in known.DECORATORS and not plain:
                flags |= ANYTHING
        self.effect(flags)
        return flags

    def function(
        self, node: ast.FunctionDef | ast.Lambda, body: Iterable[ast.AST], given: list[Value], *, changed: bool = False
    ) -> Value:
        """A function as a value: what its body does, it does when it is called."""
        outer, depth = self.body, self.depth
        made = Group()
        self.body, self.depth = made, 1
        local, shared, _ = bindings(body)
        self.local.append({a.arg for a in arguments(node.args)} | (set(local) - shared))
        for part in body:
            self.statement(part)
        self.local.pop()
        self.body, self.depth = outer, depth
        made.pure = made.pure and not changed and all(value.fixed for value in given)
        if outer is not None:
            union([outer, made])
            return _FRESH
        kept = both(given)
        made.flags |= kept.flags
        return Value((union([made, *kept.groups]),), made.flags)

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        flags = self.decorators(node) | (ANYTHING if node.keywords or self.body is not None else 0)
        held = []
        for base in node.bases:
            held.append(self.value(base))
            dotted = self.dotted(base)
            if dotted is not None:
                flags |= known.effects(dotted)[0]
            elif not (isinstance(base, ast.Name) and (held[-1].groups or base.id in _BUILTINS)):
                flags |= ANYTHING
        for part in node.body:
            if isinstance(part, ast.FunctionDef):
                held.append(self.defined(part))
                self.world.methods.add(part.name)
            elif isinstance(part, (ast.Assign, ast.AnnAssign)):
                if part.value is not None:
                    held.append(self.value(part.value))
            elif not (
                isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ):
                flags |= ANYTHING
        self.effect(flags & ANYTHING)
        whole = both(held)
        made = union([Group(flags=flags | whole.flags, live=True, pure=False), *whole.groups])
        self.bind(node.name, Value((made,), made.flags))

    # --- expressions

    def value(self, node: ast.expr) -> Value:
        method = getattr(self, "of_" + type(node).__name__, None)
        if method is None:
            self.effect(ANYTHING)
            return Value(flags=ANYTHING)
        found = method(node)
        assert isinstance(found, Value)
        return found

    def of_Constant(self, node: ast.expr) -> Value:
        return _FIXED

    def of_Name(self, node: ast.Name) -> Value:
        return self.read(node.id)

    def parts(self, node: ast.AST) -> Value:
        return both([self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)])

    def of_JoinedStr(self, node: ast.expr) -> Value:
        self.parts(node)
        return _FIXED

    def of_FormattedValue(self, node: ast.expr) -> Value:
        self.parts(node)
        return _FIXED

    def of_Compare(self, node: ast.expr) -> Value:
        found = self.parts(node)
        return _FIXED if found.fixed else _FRESH

    def of_container(self, node: ast.expr) -> Value:
        found = self.parts(node)
        return Value(found.groups, found.flags, found.fixed and isinstance(node, ast.Tuple))

    of_Tuple = of_List = of_Set = of_Dict = of_container

    def of_either(self, node: ast.expr) -> Value:
        return self.parts(node)

    of_BinOp = of_UnaryOp = of_BoolOp = of_IfExp = of_Slice = of_Starred = of_either

    def of_Subscript(self, node: ast.Subscript) -> Value:
        found = self.value(node.value)
        self.value(node.slice)
        return found

    def of_Attribute(self, node: ast.Attribute) -> Value:
        dotted = self.dotted(node)
        if dotted is not None:
            self.name_of(node)
            flags = _uncalled(dotted)
            if not known.importable(dotted.partition(".")[0]):
                self.effect(ANYTHING)
            return Value(flags=flags)
        found = self.value(node.value)
        if node.attr in known.FRESH_ATTRIBUTES and not any(root(g).live for g in found.groups):
            return _FIXED
        return found

    def name_of(self, node: ast.expr) -> None:
        """Note that the name at the beginning of a dotted one is read."""
        while isinstance(node, ast.Attribute):
            node = node.value
        assert isinstance(node, ast.Name)
        self.read(node.id)

    def of_NamedExpr(self, node: ast.NamedExpr) -> Value:
        found = self.value(node.value)
        self.depth += 1
        self.bind(node.target.id, found)
        self.depth -= 1
        return found

    def of_Lambda(self, node: ast.Lambda) -> Value:
        given = [self.value(d) for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
        return self.function(node, [node.body], given)

    def of_ListComp(self, node: Comprehension) -> Value:
        first = self.iterated(node.generators[0].iter)
        names = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.local.append(names)
        found = [first]
        for at, generator in enumerate(node.generators):
            if at:
                found.append(self.iterated(generator.iter))
            for test in generator.ifs:
                self.value(test)
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        found += [self.value(element) for element in elements]
        self.local.pop()
        # What the elements do, they do to what is gone through.
        whole = both(found)
        if not all(_is_plain(element) for element in elements):
            self.touch(whole)
        return Value(whole.groups, whole.flags)

    of_SetComp = of_DictComp = of_GeneratorExp = of_ListComp

    def of_Yield(self, node: ast.Yield) -> Value:
        return self.parts(node)

    of_YieldFrom = of_Yield

    def of_Call(self, node: ast.Call) -> Value:
        given = both([self.value(a) for a in node.args] + [self.value(k.value) for k in node.keywords])
        if _says_so(node):
            self.touch(given)
        function = node.func
        dotted = self.dotted(function)
        if dotted is not None:
            return self.library(node, dotted, given)
        if isinstance(function, ast.Attribute):
            return self.method(function, given)
        if not isinstance(function, ast.Name):
            return self.call(self.value(function), given)
        name = function.id
        if self.is_local(name):
            self.touch(both((given, _FRESH)))
            return given
        if name not in self.world.names and name in _BUILTINS:
            return self.builtin(name, given)
        return self.call(self.read(name), given)

    def library(self, node: ast.Call, dotted: str, given: Value) -> Value:
        self.name_of(node.func)
        if dotted in known.SEEDS and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            self.seed(known.SEEDS[dotted])
            return _FRESH
        flags, touches = known.effects(dotted)
        self.effect(flags)
        if touches:
            self.touch(given)
        drawn = known.drawn_by(dotted) if touches else 0
        return Value(given.groups, given.flags | drawn | (flags & ANYTHING))

    def builtin(self, name: str, given: Value) -> Value:
        if name in known.PURE_BUILTINS:
            whole = name in ("getattr", "super", "staticmethod", "classmethod", "property", "abs", "round")
            return Value(given.groups, given.flags, given.fixed) if whole else _FIXED
        if name in known.CHANGING_BUILTINS:
            if name in ("setattr", "delattr") and given.flags & ANYTHING:
                self.lose()
            if not given.fixed:
                self.touch(given)
            return Value(given.groups, given.flags)
        if name[:1].isupper():  # an exception
            return given
        if name in _OPENERS:
            self.lose()
        flags = _builtin_flags(name)
        self.effect(flags)
        return Value(given.groups, flags)

    def method(self, function: ast.Attribute, given: Value) -> Value:
        held = self.value(function.value)
        name = function.attr
        if name in known.DRAWING_METHODS:
            self.effect(known.RANDOM)
        if name.startswith("__") and name != "__init__":
            self.effect(ANYTHING)
        own = name in self.world.methods or any(root(g).live for g in (*held.groups, *given.groups))
        whole = both((held, given))
        if name in known.PURE_METHODS and not own and not whole.flags & ANYTHING:
            return _FIXED if name in known.FRESH_METHODS else Value(whole.groups, whole.flags)
        self.touch(whole)
        self.merge(held, given)
        return Value(whole.groups, whole.flags)

    def dotted(self, node: ast.expr) -> str | None:
        """The dotted name of a library that an expression is, or None."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or self.is_local(node.id):
            return None
        found = self.world.names.get(node.id)
        if found is None or found.dotted is None:
            return None
        return ".".join([found.dotted, *reversed(parts)])


def _says_so(node: ast.Call) -> bool:
    """Whether a call says by its arguments that it changes one: ``out=``, ``inplace=True``, a generator, a file."""
    return any(k.arg in (None, "out", "inplace", "generator", "file") for k in node.keywords) or any(
        isinstance(a, ast.Starred) or (isinstance(a, ast.Constant) and a.value is True) for a in node.args
    )


def _builtin_flags(name: str) -> int:
    return FILES if name == "open" else ANYTHING


def _uncalled(dotted: str) -> int:
    """What a name of a library may do once somebody calls it."""
    return 0 if _is_data(dotted) else known.effects(dotted)[0]


def _is_data(dotted: str) -> bool:
    """``torch.float32``, ``math.pi``, ``nn.functional``: names that are no functions."""
    last = dotted.rpartition(".")[2]
    return last in ("pi", "e", "tau", "inf", "nan", "newaxis", "__version__", "strided", "long", "int", "short") or (
        last.rstrip("0123456789").rstrip("_") in ("float", "int", "uint", "bool", "complex", "bfloat", "double", "half")
    )


def _is_plain(node: ast.expr) -> bool:
    return all(not isinstance(n, ast.Call) for n in ast.walk(node))
