"""Whether code is bound to a device: it names one, and nothing asks first whether it is there."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# torch.cuda and torch.mps functions that work, or do nothing, where there is no such device.
_HARMLESS = frozenset(
    {"is_available", "device_count", "is_initialized", "is_built", "manual_seed", "manual_seed_all", "seed", "seed_all"}
    | {"empty_cache", "is_bf16_supported", "is_tf32_supported", "get_arch_list"}
)
_ASKS = frozenset({"is_available", "device_count", "is_built", "is_nccl_available", "is_bf16_supported"})
# Calls whose first argument is a device when it is a string that can be one.
_TAKES_DEVICE = frozenset(
    {"device", "to", "autocast", "GradScaler", "set_default_device", "Generator", "init_device_mesh", "to_empty"}
    | {"get_device_module", "set_default_tensor_type", "type"}
)
_DEVICE_WORDS = frozenset(
    {"device", "dev", "device_type", "map_location", "default_device", "target_device", "accelerator"}
)
_DATA_PARALLEL = ("DDP", "DistributedDataParallel")
# Without one of these names, and without text that names a device, nothing below finds a need.
_TELLING = frozenset({"cuda", "mps", "pin_memory", "to", "device", "device_ids", "is_available", "is_cuda", "is_mps"})
_GIVES_UP = frozenset({"RuntimeError", "AssertionError"})


@dataclass(frozen=True, slots=True)
class Need:
    """A device the code cannot do without."""

    device: str
    line: int
    """1-based line of the code."""
    what: str
    """For people, after "line 3": ``calls .cuda()``."""


def needs(tree: ast.Module, nodes: Iterable[ast.AST] | None = None) -> tuple[Need, ...]:
    """The devices the code names without an availability guard, the first place of each, in order.

    ``nodes``: all of the tree, for those who have been through it.
    """
    if not any(map(_is_telling, ast.walk(tree) if nodes is None else nodes)):
        return ()
    return followed(tree)


def followed(tree: ast.Module) -> tuple[Need, ...]:
    """What ``needs`` finds in code that names anything to do with devices."""
    walk = Walk(tree)
    found: dict[str, Need] = {}
    for need in sorted(walk.run(), key=lambda need: need.line):
        found.setdefault(need.device, need)
    return tuple(found.values())


def _is_telling(node: ast.AST) -> bool:
    """Whether a need can hang on a node. Most code has none, and is not followed."""
    kind = type(node)
    if kind is ast.Name:
        return node.id in _TELLING  # type: ignore[attr-defined]
    if kind is ast.Attribute:
        return node.attr in _TELLING  # type: ignore[attr-defined]
    if kind is ast.Constant:
        value = node.value  # type: ignore[attr-defined]
        return type(value) is str and ("cuda" in value or "mps" in value or "nccl" in value)
    if kind is ast.keyword:
        return node.arg in _TELLING  # type: ignore[attr-defined]
    return kind is ast.alias and ("cuda" in node.name or "mps" in node.name)  # type: ignore[attr-defined]


def device_of(node: ast.AST | None) -> str | None:
    """The device a string expression names: ``"cuda:1"`` and ``f"cuda:{rank}"`` name cuda."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0] if node.values else None
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    name, _, number = node.value.partition(":")
    if name in ("cuda", "mps") and (number == "" or number.isdecimal()):
        return name
    return "cuda" if node.value.startswith("torch.cuda.") else None


class Walk:
    """Goes through the tree with a stack of its own: depth does not matter."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.found: list[Need] = []
        self.modules: dict[str, str] = {}
        """Other names of torch.cuda and torch.mps: ``from torch import cuda``."""
        self.asked: set[str] = set()
        """Names that hold the answer of an availability question."""
        self.parameters: dict[str, list[str]] = {}

    def run(self) -> list[Need]:
        for node in ast.walk(self.tree):
            self._learn(node)
        todo: list[tuple[ast.AST, bool]] = [(self.tree, False)]
        while todo:
            node, guarded = todo.pop()
            if not guarded:
                self.look(node)
            todo += self._children(node, guarded)
        return self.found

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "torch":
            for alias in node.names:
                if alias.name in ("cuda", "mps"):
                    self.modules[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname and alias.name in ("torch.cuda", "torch.mps"):
                    self.modules[alias.asname] = alias.name[6:]
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None and not isinstance(node.value, ast.IfExp) and self._asks(node.value):
                self.asked.update(target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, _FUNCTIONS):
            self.parameters[node.name] = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]

    # --- guards

    def _asks(self, test: ast.AST) -> bool:
        """Whether a condition tells machines with the device from those without."""
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and last_name(node.func) in _ASKS:
                return True
            if isinstance(node, ast.Attribute) and node.attr in ("is_cuda", "is_mps"):
                return True
            if isinstance(node, ast.Name) and node.id in self.asked:
                return True
            if isinstance(node, ast.Compare) and any(device_of(x) for x in (node.left, *node.comparators)):
                return True
        return False

    def _children(self, node: ast.AST, guarded: bool) -> list[tuple[ast.AST, bool]]:
        if guarded:
            return [(child, True) for child in ast.iter_child_nodes(node)]
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and (self._asks(node.test) or _chooses(node)):
            return [(child, True) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.For) and self._asks(node.iter):  # as many turns as there are devices
            return [(child, True) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.BoolOp) and self._asks(node.values[0]):
            return [(child, True) for child in node.values]
        if isinstance(node, ast.Try) and any(_catches_all(handler.type) for handler in node.handlers):
            rest = [*node.handlers, *node.orelse, *node.finalbody]
            return [*((child, True) for child in node.body), *((child, False) for child in rest)]
        if isinstance(node, (ast.With, ast.AsyncWith)):
            calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
            if any(last_name(call.func) == "suppress" and any(_catches_all(a) for a in call.args) for call in calls):
                return [(child, True) for child in ast.iter_child_nodes(node)]
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and any(self._asks(d) for d in node.decorator_list):
            return [(child, True) for child in ast.iter_child_nodes(node)]
        children: list[tuple[ast.AST, bool]] = []
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(value, list):
                children += self._block(value, isinstance(node, ast.Module))
            elif isinstance(value, list):
                children += [(item, False) for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                children.append((value, False))
        return children

    def _block(self, body: list[ast.stmt], module: bool) -> list[tuple[ast.AST, bool]]:
        """Statements after ``if not torch.cuda.is_available(): return`` are guarded; giving up by raising is a need."""
        children: list[tuple[ast.AST, bool]] = []
        left = False
        for statement in body:
            children.append((statement, left))
            if left or not isinstance(statement, ast.If) or not self._asks(statement.test) or statement.orelse:
                continue
            last = statement.body[-1]
            if isinstance(last, (ast.Return, ast.Continue, ast.Break)):
                left = True
            elif (
                _gives_up(last)
                and module
                and isinstance(statement.test, ast.UnaryOp)
                and _demands(statement.test.operand)
            ):
                self.found.append(Need(_device_asked(statement.test), statement.lineno, "gives up without it"))
        return children

    # --- needs

    def _need(self, device: str | None, node: ast.AST, what: str) -> None:
        if device is not None:
            self.found.append(Need(device, getattr(node, "lineno", 1), what))

    def look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Assert) and _demands(node.test):
            self._need(_device_asked(node.test), node, "asserts that it is there")
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(_is_device_word(last_name(target)) for target in targets):
                self._need(device_of(node.value), node, f"names {_shown(node.value)}")
            if any(last_name(target).lower() == "backend" for target in targets) and _is_nccl(node.value):
                self._need("cuda", node, 'names "nccl"')
        elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, (ast.List, ast.Tuple)):
            tests = (
                node.ifs
                if isinstance(node, ast.comprehension)
                else [s.test for s in node.body if isinstance(s, ast.If)]
            )
            if _is_device_word(last_name(node.target)) and not any(self._asks(test) for test in tests):
                for item in node.iter.elts:
                    self._need(device_of(item), item, f"names {_shown(item)}")
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            pairs = [*zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)]
            pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None]
            for argument, default in pairs:
                if _is_device_word(argument.arg):
                    self._need(device_of(default), default, f"names {_shown(default)}")
                elif argument.arg == "backend" and _is_nccl(default):
                    self._need("cuda", default, 'names "nccl"')

    def _call(self, node: ast.Call) -> None:
        name = last_name(node.func)
        module = self._torch_module(node.func)
        if module is not None and name not in _HARMLESS:
            self._need(module, node, f"calls {_dotted(node.func)}()")
        elif isinstance(node.func, ast.Attribute) and name in ("cuda", "pin_memory"):
            self._need(
                "cuda", node.func.value if node.func.value.end_lineno == node.lineno else node, f"calls .{name}()"
            )
        parameters = self.parameters.get(name, [])
        for at, argument in enumerate(node.args):
            if (at == 0 and name in _TAKES_DEVICE) or (at < len(parameters) and _is_device_word(parameters[at])):
                self._need(device_of(argument), argument, f"names {_shown(argument)}")
                if name == "to" and _is_ordinal(argument):
                    self._need("cuda", argument, f"names device {_shown(argument)}")
            if _is_nccl(argument) and name != "print":
                self._need("cuda", argument, 'names "nccl"')
        for keyword in node.keywords:
            value = keyword.value
            if keyword.arg is not None and _is_device_word(keyword.arg):
                self._need(device_of(value), value, f"names {_shown(value)}")
                if keyword.arg == "device" and _is_ordinal(value):
                    self._need("cuda", value, f"names device {_shown(value)}")
            elif keyword.arg == "backend" and _is_nccl(value):
                self._need("cuda", value, 'names "nccl"')
            elif keyword.arg == "device_ids" and name in _DATA_PARALLEL and not _is_none(value):
                self._need("cuda", value, "gives device_ids")

    def _torch_module(self, function: ast.AST) -> str | None:
        """cuda or mps for a function of ``torch.cuda`` or ``torch.mps``, by whatever name."""
        parts = _dotted(function).split(".")
        if len(parts) > 2 and parts[0] == "torch" and parts[1] in ("cuda", "mps"):
            return parts[1]
        return self.modules.get(parts[0]) if len(parts) > 1 else None


def last_name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _shown(node: ast.AST | None) -> str:
    if isinstance(node, ast.JoinedStr):
        return f'"{device_of(node)}:…"'
    value = node.value if isinstance(node, ast.Constant) else ""
    return f'"{value}"' if isinstance(value, str) else str(value)


def _is_device_word(name: str) -> bool:
    word = name.lower()
    return word in _DEVICE_WORDS or word.endswith("_device")


def _is_nccl(node: ast.AST | None) -> bool:
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ("nccl", "cpu:gloo,cuda:nccl")
    )


def _is_ordinal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _chooses(node: ast.AST) -> bool:
    """``"cuda" if use_gpu else "cpu"``: whatever the question, the answer is a device that is there."""
    if not isinstance(node, ast.IfExp):
        return False
    texts = [n.value for branch in (node.body, node.orelse) for n in ast.walk(branch) if isinstance(n, ast.Constant)]
    return "cpu" in texts


def _catches_all(kind: ast.AST | None) -> bool:
    """A missing device is an AssertionError or a RuntimeError, by the build of torch: a guard catches both."""
    names = {last_name(item) for item in kind.elts} if isinstance(kind, ast.Tuple) else {last_name(kind)}
    return kind is None or bool(names & {"Exception", "BaseException"}) or names >= _GIVES_UP


def _demands(test: ast.AST) -> bool:
    """Whether a condition holds on machines with the device only."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_demands(value) for value in test.values)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        return any(device_of(side) for side in (test.left, *test.comparators))
    return (isinstance(test, ast.Call) and last_name(test.func) == "is_available") or last_name(test) in (
        "is_cuda",
        "is_mps",
    )


def _gives_up(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and last_name(call.func) in ("exit", "_exit", "quit")


def _device_asked(test: ast.AST) -> str:
    asked = (last_name(node) in ("mps", "is_mps") or device_of(node) == "mps" for node in ast.walk(test))
    return "mps" if any(asked) else "cuda"
