"""Detects code bound to a device: it names one without testing whether it is available."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kbtools.fences.python.device_syntax import (
    catches_all,
    device_of,
    dotted,
    is_device_test,
    is_device_word,
    is_nccl,
    is_none,
    is_ordinal,
    last_name,
    may_concern_devices,
    names_cpu,
    names_in,
    raises_error,
    shown,
    tested_device,
)
from kbtools.text.reason import Reason

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Functions of torch.cuda and torch.mps that work without such a device, or do nothing.
_HARMLESS = frozenset(
    {"is_available", "device_count", "is_initialized", "is_built", "manual_seed", "manual_seed_all", "seed", "seed_all"}
    | {"empty_cache", "is_bf16_supported", "is_tf32_supported", "get_arch_list"}
)
_ASKS = frozenset({"is_available", "device_count", "is_built", "is_nccl_available", "is_bf16_supported"})
# Calls whose first argument is a device if it is a string that may be one.
_TAKES_DEVICE = frozenset(
    {"device", "to", "autocast", "GradScaler", "set_default_device", "Generator", "init_device_mesh", "to_empty"}
    | {"get_device_module", "set_default_tensor_type", "type"}
)
_DATA_PARALLEL = ("DDP", "DistributedDataParallel")
_ORDINAL = re.compile(r"cuda:(\d{1,3})\Z")
_RANKS = re.compile(r"--nproc[-_]per[-_]node[=\s]+(\d{1,3})\b")
_TAKES_ORDINAL = frozenset({"cuda", "set_device", "device", "get_device_properties", "synchronize", "to"})
_MOST_DEVICES = 1000


@dataclass(frozen=True, slots=True)
class Need:
    """A device that the code requires."""

    device: str
    line: int
    """1-based line of the code."""
    what: Reason
    """Used in messages after "line 3": ``calls .cuda()``."""
    under: frozenset[str] = frozenset()
    """Names in the surrounding conditions: the code does not require the device if one of them tests its
    availability."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Names with which later code of the session can test whether a device is available."""

    available_names: frozenset[str] = frozenset()
    """Names that contain the result of a test (``use_cuda``, ``args.cuda``), and functions that return it
    (``has_gpu()``)."""
    derived: tuple[tuple[str, frozenset[str]], ...] = ()
    """Names derived from others: they contain the result if one of those does."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices in code."""

    needs: tuple[Need, ...] = ()
    ordinals: tuple[tuple[int, frozenset[str]], ...] = ()
    """Device numbers (``cuda:1``), each with the names in the surrounding conditions."""


NOTHING = Devices()


def analyse(tree: ast.Module, nodes: Iterable[ast.AST] | None = None) -> Devices:
    """The devices in code, in order. ``nodes``: all nodes of the tree, if the caller has them."""
    nodes = list(ast.walk(tree)) if nodes is None else nodes
    if not any(map(may_concern_devices, nodes)):
        return NOTHING
    return analyse_nodes(tree, nodes)


def analyse_nodes(tree: ast.Module, nodes: Iterable[ast.AST]) -> Devices:
    """The same, for code that contains names related to devices."""
    visitor = _Visitor(nodes)
    visitor.visit(tree)
    needs = tuple(sorted(dict.fromkeys(visitor.needs), key=lambda need: need.line))
    return Devices(needs, tuple(visitor.ordinals))


def guards_of(tree: ast.Module) -> Guards:
    """Names by which later code of the session can test whether a device is available."""
    visitor = _Visitor(ast.walk(tree))
    return Guards(frozenset(visitor.available_names), tuple(visitor.derived))


def unguarded(needs: Iterable[Need], guards: Iterable[Guards]) -> tuple[Need, ...]:
    """The first need of each device that no guard of the session covers."""
    available_names = availability_names(guards)
    found: dict[str, Need] = {}
    for need in needs:
        if available_names.isdisjoint(need.under):
            found.setdefault(need.device, need)
    return tuple(found.values())


def availability_names(guards: Iterable[Guards]) -> frozenset[str]:
    """The names that contain the availability of a device, including names derived from others."""
    guards = tuple(guards)
    available_names = {name for one in guards for name in one.available_names}
    left = [pair for one in guards for pair in one.derived]
    while more := {
        name for name, sources in left if name not in available_names and not available_names.isdisjoint(sources)
    }:
        available_names |= more
    return frozenset(available_names)


def gpus(
    ordinals: Iterable[tuple[int, frozenset[str]]], guards: Iterable[Guards] = (), launch: str | None = None
) -> int:
    """The number of GPUs that code bound to CUDA needs, at least one: the highest device number it uses without
    testing the number of devices, and at least one for each launched rank."""
    available_names = availability_names(guards)
    ranks = _RANKS.search(launch or "")
    highest = max((number for number, under in ordinals if available_names.isdisjoint(under)), default=0)
    return max(1, int(ranks[1]) if ranks else 1, highest + 1)


class _Visitor(ast.NodeVisitor):
    """Finds devices outside of availability guards, after collecting the guards from all nodes."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self.needs: list[Need] = []
        self.ordinals: list[tuple[int, frozenset[str]]] = []
        self.available_names: set[str] = set()
        self.derived: list[tuple[str, frozenset[str]]] = []
        self.modules: dict[str, str] = {}
        """Other names of torch.cuda and torch.mps: ``from torch import cuda``."""
        self.parameters: dict[str, list[str]] = {}
        self.guarded = False
        self.under: frozenset[str] = frozenset()
        self.answers: frozenset[str] = frozenset()
        for node in nodes:
            self.learn(node)
        self.answers = availability_names([Guards(frozenset(self.available_names), tuple(self.derived))])

    def learn(self, node: ast.AST) -> None:
        """Collects facts that hold for the whole code, wherever they are."""
        if isinstance(node, ast.ImportFrom) and node.module == "torch":
            for alias in node.names:
                if alias.name in ("cuda", "mps"):
                    self.modules[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname and alias.name in ("torch.cuda", "torch.mps"):
                    self.modules[alias.asname] = alias.name[6:]
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self.bind(dotted(target), node.value)
                if isinstance(target, ast.Attribute) and last_name(target.value) in ("self", "cls"):
                    self.bind(f".{target.attr}", node.value)
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, (ast.Assign, ast.AnnAssign)):
                    for target in field.targets if isinstance(field, ast.Assign) else [field.target]:
                        self.bind(f".{last_name(target)}", field.value)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            self.bind(f".{node.arg}", node.value)
        elif isinstance(node, _FUNCTIONS):
            self.parameters[node.name] = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    self.bind(f"{node.name}()", inner.value)

    def bind(self, name: str, value: ast.AST | None) -> None:
        """Records that a name, or ``.attribute`` of any object, was assigned a value."""
        if not name.strip(".") or value is None:
            return
        if isinstance(value, ast.IfExp) and not name.endswith("()"):
            return  # a device, not whether there is one
        if self.asks(value):
            self.available_names.add(name)
        elif sources := names_in(value):
            self.derived.append((name, sources))

    # --- guards

    def asks(self, test: ast.AST) -> bool:
        """Whether a condition tests the availability of a device."""
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and last_name(node.func) in _ASKS:
                return True
            if isinstance(node, ast.Attribute) and node.attr in ("is_cuda", "is_mps"):
                return True
            if isinstance(node, ast.Compare) and any(device_of(x) for x in (node.left, *node.comparators)):
                return True
        return not self.answers.isdisjoint(names_in(test))

    @contextmanager
    def within(self, *tests: ast.AST, sure: bool = False) -> Iterator[None]:
        """Nodes visited within are subject to conditions; ``sure``: these cover the absence of the device."""
        before = self.guarded, self.under
        self.guarded = self.guarded or sure or any(map(self.asks, tests))
        self.under = self.under.union(*map(names_in, tests))
        yield
        self.guarded, self.under = before

    def visit(self, node: ast.AST) -> None:
        if not self.guarded:
            self.look(node)
        super().visit(node)

    def visit_If(self, node: ast.If | ast.While) -> None:
        with self.within(node.test):
            self.generic_visit(node)

    visit_While = visit_If

    def visit_IfExp(self, node: ast.IfExp) -> None:
        # "cuda" if use_gpu else "cpu": for every condition the result is an available device.
        with self.within(node.test, sure=names_cpu(node)):
            self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        with self.within(sure=self.asks(node.iter)):  # as many iterations as there are devices
            self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        with self.within(node.values[0]):
            self.generic_visit(node)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        with self.within(sure=any(catches_all(handler.type) for handler in node.handlers)):
            self.block(node.body)
        for part in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(part)

    visit_TryStar = visit_Try

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        suppressed = any(last_name(c.func) == "suppress" and any(map(catches_all, c.args)) for c in calls)
        with self.within(sure=suppressed):
            self.generic_visit(node)

    visit_AsyncWith = visit_With

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        with self.within(sure=any(map(self.asks, node.decorator_list))):
            self.generic_visit(node)

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def generic_visit(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(value, list):
                self.block(value, module=isinstance(node, ast.Module))
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def block(self, body: Sequence[ast.stmt], *, module: bool = False) -> None:
        """Statements after ``if not torch.cuda.is_available(): return`` are guarded; raising instead is a need."""
        before = self.guarded, self.under
        for statement in body:
            self.visit(statement)
            if self.guarded or not isinstance(statement, ast.If) or statement.orelse:
                continue
            last = statement.body[-1]
            if isinstance(last, (ast.Return, ast.Continue, ast.Break)):
                self.guarded = self.asks(statement.test)
                self.under |= names_in(statement.test)
            elif (
                raises_error(last)
                and module
                and isinstance(statement.test, ast.UnaryOp)
                and is_device_test(statement.test.operand)
            ):
                self.add(tested_device(statement.test), statement, Reason("gives up without it"))
        self.guarded, self.under = before

    # --- needs

    def add(self, device: str | None, node: ast.AST, what: Reason) -> None:
        if device is not None:
            self.needs.append(Need(device, getattr(node, "lineno", 1), what, self.under))

    def add_number(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < _MOST_DEVICES:
            self.ordinals.append((node.value, self.under))

    def look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if found := _ORDINAL.match(node.value):
                self.ordinals.append((int(found[1]), self.under))
        elif isinstance(node, ast.Call):
            self.call(node)
        elif isinstance(node, ast.Assert) and is_device_test(node.test):
            self.add(tested_device(node.test), node, Reason("asserts that it is there"))
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(is_device_word(last_name(target)) for target in targets):
                self.add(device_of(node.value), node, Reason("names {name}", name=shown(node.value)))
            if any(last_name(target).lower() == "backend" for target in targets) and is_nccl(node.value):
                self.add("cuda", node, Reason("names {name}", name='"nccl"'))
        elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, (ast.List, ast.Tuple)):
            tests = (
                node.ifs
                if isinstance(node, ast.comprehension)
                else [s.test for s in node.body if isinstance(s, ast.If)]
            )
            if is_device_word(last_name(node.target)) and not any(self.asks(test) for test in tests):
                for item in node.iter.elts:
                    self.add(device_of(item), item, Reason("names {name}", name=shown(item)))
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            pairs = [*zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)]
            pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None]
            for argument, default in pairs:
                if is_device_word(argument.arg):
                    self.add(device_of(default), default, Reason("names {name}", name=shown(default)))
                elif argument.arg == "backend" and is_nccl(default):
                    self.add("cuda", default, Reason("names {name}", name='"nccl"'))

    def call(self, node: ast.Call) -> None:
        name = last_name(node.func)
        module = self.torch_module(node.func)
        if module is not None and name not in _HARMLESS:
            self.add(module, node, Reason("calls {name}()", name=dotted(node.func)))
        elif isinstance(node.func, ast.Attribute) and name in ("cuda", "pin_memory"):
            place = node.func.value if node.func.value.end_lineno == node.lineno else node
            self.add("cuda", place, Reason("calls {name}()", name=f".{name}"))
        if isinstance(node.func, ast.Attribute) and name in _TAKES_ORDINAL and node.args:
            self.add_number(node.args[0])
        parameters = self.parameters.get(name, [])
        for at, argument in enumerate(node.args):
            if (at == 0 and name in _TAKES_DEVICE) or (at < len(parameters) and is_device_word(parameters[at])):
                self.add(device_of(argument), argument, Reason("names {name}", name=shown(argument)))
                if name == "to" and is_ordinal(argument):
                    self.add("cuda", argument, Reason("names device {name}", name=shown(argument)))
            if is_nccl(argument) and name != "print":
                self.add("cuda", argument, Reason("names {name}", name='"nccl"'))
        for keyword in node.keywords:
            value = keyword.value
            if keyword.arg in ("device", "output_device"):
                self.add_number(value)
            if keyword.arg is not None and is_device_word(keyword.arg):
                self.add(device_of(value), value, Reason("names {name}", name=shown(value)))
                if keyword.arg == "device" and is_ordinal(value):
                    self.add("cuda", value, Reason("names device {name}", name=shown(value)))
            elif keyword.arg == "backend" and is_nccl(value):
                self.add("cuda", value, Reason("names {name}", name='"nccl"'))
            elif keyword.arg == "device_ids" and name in _DATA_PARALLEL and not is_none(value):
                self.add("cuda", value, Reason("gives device_ids"))
            if keyword.arg == "device_ids" and isinstance(value, (ast.List, ast.Tuple)):
                for item in value.elts:
                    self.add_number(item)

    def torch_module(self, function: ast.AST) -> str | None:
        """cuda or mps for a function of ``torch.cuda`` or ``torch.mps``, under any imported name."""
        parts = dotted(function).split(".")
        if len(parts) > 2 and parts[0] == "torch" and parts[1] in ("cuda", "mps"):
            return parts[1]
        return self.modules.get(parts[0]) if len(parts) > 1 else None
