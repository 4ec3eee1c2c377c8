"""What evaluating an expression reads and changes of a session, and what its value may share memory with."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kbtools.codefence import known_effects as known
from kbtools.codefence.effect_state import BUILTINS, FIXED, FRESH, State, Value, both, builtin_flags, root, uncalled
from kbtools.codefence.known_effects import ANYTHING
from kbtools.codefence.scopes import Comprehension

_OPENERS = frozenset({"exec", "eval", "globals", "locals", "vars", "dir", "compile", "__import__"})


class Values(State):
    """The expressions of one snippet."""

    def function(
        self, node: ast.FunctionDef | ast.Lambda, body: Iterable[ast.AST], given: list[Value], *, changed: bool = False
    ) -> Value:
        """A function as a value; statements are followed by ``effect_walk.Walk``."""
        raise NotImplementedError

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
        return FIXED

    def of_Name(self, node: ast.Name) -> Value:
        return self.read(node.id)

    def parts(self, node: ast.AST) -> Value:
        return both([self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)])

    def of_JoinedStr(self, node: ast.expr) -> Value:
        self.parts(node)
        return FIXED

    def of_FormattedValue(self, node: ast.expr) -> Value:
        self.parts(node)
        return FIXED

    def of_Compare(self, node: ast.expr) -> Value:
        found = self.parts(node)
        return FIXED if found.fixed else FRESH

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
            flags = uncalled(dotted)
            if not known.importable(dotted.partition(".")[0]):
                self.effect(ANYTHING)
            return Value(flags=flags)
        found = self.value(node.value)
        if node.attr in known.FRESH_ATTRIBUTES and not any(root(g).live for g in found.groups):
            return FIXED
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

    def iterated(self, node: ast.expr) -> Value:
        """What going through an iterable gives: an iterator of the session is used up by it."""
        value = self.value(node)
        if not (isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Constant)) or self.is_range(node)):
            self.touch(value)
        return FIXED if self.is_range(node) else Value(value.groups, value.flags, value.fixed)

    def is_range(self, node: ast.expr) -> bool:
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
        return called and "range" not in self.world.names

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
            self.touch(both((given, FRESH)))
            return given
        if name not in self.world.names and name in BUILTINS:
            return self.builtin(name, given)
        return self.call(self.read(name), given)

    def library(self, node: ast.Call, dotted: str, given: Value) -> Value:
        self.name_of(node.func)
        if dotted in known.SEEDS and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            self.seed(known.SEEDS[dotted])
            return FRESH
        flags, touches = known.effects(dotted)
        self.effect(flags)
        if touches:
            self.touch(given)
        drawn = known.drawn_by(dotted) if touches else 0
        return Value(given.groups, given.flags | drawn | (flags & ANYTHING))

    def builtin(self, name: str, given: Value) -> Value:
        if name in known.PURE_BUILTINS:
            whole = name in ("getattr", "super", "staticmethod", "classmethod", "property", "abs", "round")
            return Value(given.groups, given.flags, given.fixed) if whole else FIXED
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
        flags = builtin_flags(name)
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
            return FIXED if name in known.FRESH_METHODS else Value(whole.groups, whole.flags)
        self.touch(whole)
        self.merge(held, given)
        return Value(whole.groups, whole.flags)


def _says_so(node: ast.Call) -> bool:
    """Whether a call says by its arguments that it changes one: ``out=``, ``inplace=True``, a generator, a file."""
    return any(k.arg in (None, "out", "inplace", "generator", "file") for k in node.keywords) or any(
        isinstance(a, ast.Starred) or (isinstance(a, ast.Constant) and a.value is True) for a in node.args
    )


def _is_plain(node: ast.expr) -> bool:
    return all(not isinstance(n, ast.Call) for n in ast.walk(node))
