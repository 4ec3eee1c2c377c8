"""Follows one snippet's statements and notes what they read and change of the session: the engine of ``dataflow``."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kbtools.codefence import known_effects as known
from kbtools.codefence.effect_state import BUILTINS, FRESH, Binding, Group, Value, both, union
from kbtools.codefence.effect_values import Values
from kbtools.codefence.known_effects import ANYTHING
from kbtools.codefence.scopes import arguments, bindings


class Walk(Values):
    """One snippet at position ``at``."""

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
            self.store(target, FRESH)

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
        self.bind(name, FRESH, dotted)

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
                self.bind(handler.name, FRESH)
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
            return FRESH
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
            elif not (isinstance(base, ast.Name) and (held[-1].groups or base.id in BUILTINS)):
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
