"""What a session's names stand for, statement by statement, and what using them does: the ground of ``dataflow``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from kbtools.codefence import known_effects as known
from kbtools.codefence.known_effects import ANYTHING, FILES

BUILTINS = frozenset(dir(builtins))
_PLAIN = known.PURE_BUILTINS | known.CHANGING_BUILTINS
_OPEN_NAMES = frozenset({"__annotations__", "__dict__", "__builtins__", "__file__", "__loader__", "__spec__"})


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


FRESH = Value()
FIXED = Value(fixed=True)


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


class State:
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
            if name in BUILTINS:
                return Value(flags=0 if name in _PLAIN or not name[:1].islower() else builtin_flags(name))
            # Bound by something that was not understood.
            found = self.world.names[name] = Binding(set(), group=Group(flags=ANYTHING, pure=False))
        self.needs |= found.by
        if found.dotted is not None:
            return Value(flags=uncalled(found.dotted))
        if found.group is None:
            return FIXED
        group = root(found.group)
        self.needs |= group.writers
        if use and (group.live or group.flags & ANYTHING) and self.body is None:
            self.touch(Value((group,)))
        return Value((group,), group.flags)

    def read(self, name: str) -> Value:
        if self.is_local(name):
            return FRESH
        if self.body is None:
            return self.name(name)
        found = self.world.names.get(name)
        if found is None and name in BUILTINS:
            self.body.late.setdefault(name, None)
            return self.name(name)
        dotted = found.dotted if found is not None else None
        self.body.late[name] = dotted if self.body.late.get(name, dotted) == dotted else None
        # What else it will be is asked when the function is called.
        return Value((self.body,)) if dotted is None else Value(flags=uncalled(dotted))

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

    def merge(self, *values: Value) -> None:
        """From now on they may share: one is kept in the other."""
        whole = both(values)
        if self.body is None and len(whole.groups) + bool(whole.flags) > 1:
            union([*whole.groups, Group(flags=whole.flags)])

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


def builtin_flags(name: str) -> int:
    return FILES if name == "open" else ANYTHING


def uncalled(dotted: str) -> int:
    """What a name of a library may do once somebody calls it."""
    return 0 if _is_data(dotted) else known.effects(dotted)[0]


def _is_data(dotted: str) -> bool:
    """``torch.float32``, ``math.pi``, ``nn.functional``: names that are no functions."""
    last = dotted.rpartition(".")[2]
    return last in ("pi", "e", "tau", "inf", "nan", "newaxis", "__version__", "strided", "long", "int", "short") or (
        last.rstrip("0123456789").rstrip("_") in ("float", "int", "uint", "bool", "complex", "bfloat", "double", "half")
    )
