"""Classifies single nodes of a Python syntax tree: names of devices, tests for devices, nodes that raise."""

from __future__ import annotations

import ast

_DEVICE_WORDS = frozenset(
    {"device", "dev", "device_type", "map_location", "default_device", "target_device", "accelerator"}
)
# Code with none of these names, and without text that names a device, has neither needs nor guards.
_DEVICE_NAMES = frozenset(
    {"cuda", "mps", "pin_memory", "to", "device", "device_ids", "is_available", "is_cuda", "is_mps"}
)
_ERRORS = frozenset({"RuntimeError", "AssertionError"})


def may_concern_devices(node: ast.AST) -> bool:
    """Whether a node can be part of a need or a guard. Code without such nodes is not analysed further."""
    kind = type(node)
    if kind is ast.Name:
        return node.id in _DEVICE_NAMES  # type: ignore[attr-defined]
    if kind is ast.Attribute:
        return node.attr in _DEVICE_NAMES  # type: ignore[attr-defined]
    if kind is ast.Constant:
        value = node.value  # type: ignore[attr-defined]
        return type(value) is str and ("cuda" in value or "mps" in value or "nccl" in value)
    if kind is ast.keyword:
        return node.arg in _DEVICE_NAMES  # type: ignore[attr-defined]
    return kind is ast.alias and ("cuda" in node.name or "mps" in node.name)  # type: ignore[attr-defined]


def device_of(node: ast.AST | None) -> str | None:
    """The device that a string expression names: ``"cuda:1"`` and ``f"cuda:{rank}"`` name cuda."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0] if node.values else None
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    name, _, number = node.value.partition(":")
    if name in ("cuda", "mps") and (number == "" or number.isdecimal()):
        return name
    return "cuda" if node.value.startswith("torch.cuda.") else None


def names_in(test: ast.AST) -> frozenset[str]:
    """The names used in a condition: dotted names, attributes (``.cuda``), called functions (``has_gpu()``)."""
    found = set[str]()
    for node in ast.walk(test):
        if isinstance(node, ast.Call):
            found.add(f"{dotted(node.func)}()")
        elif isinstance(node, (ast.Name, ast.Attribute)):
            found.add(dotted(node))
            if isinstance(node, ast.Attribute):
                found.add(f".{node.attr}")
    return frozenset(found - {"", "()"})


def last_name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def shown(node: ast.AST | None) -> str:
    if isinstance(node, ast.JoinedStr):
        return f'"{device_of(node)}:…"'
    value = node.value if isinstance(node, ast.Constant) else ""
    return f'"{value}"' if isinstance(value, str) else str(value)


def is_device_word(name: str) -> bool:
    word = name.lower()
    return word in _DEVICE_WORDS or word.endswith("_device")


def is_nccl(node: ast.AST | None) -> bool:
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ("nccl", "cpu:gloo,cuda:nccl")
    )


def is_ordinal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0


def is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def names_cpu(node: ast.IfExp) -> bool:
    """Whether one of the two is the CPU."""
    texts = [n.value for branch in (node.body, node.orelse) for n in ast.walk(branch) if isinstance(n, ast.Constant)]
    return "cpu" in texts


def catches_all(kind: ast.AST | None) -> bool:
    """Whether a handler catches a missing device, which raises AssertionError or RuntimeError, depending on the
    torch build: a guard must catch both."""
    names = {last_name(item) for item in kind.elts} if isinstance(kind, ast.Tuple) else {last_name(kind)}
    return kind is None or bool(names & {"Exception", "BaseException"}) or names >= _ERRORS


def is_device_test(test: ast.AST) -> bool:
    """Whether a condition is true only on machines with the device."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(is_device_test(value) for value in test.values)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        return any(device_of(side) for side in (test.left, *test.comparators))
    return (isinstance(test, ast.Call) and last_name(test.func) == "is_available") or last_name(test) in (
        "is_cuda",
        "is_mps",
    )


def raises_error(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and last_name(call.func) in ("exit", "_exit", "quit")


def tested_device(test: ast.AST) -> str:
    asked = (last_name(node) in ("mps", "is_mps") or device_of(node) == "mps" for node in ast.walk(test))
    return "mps" if any(asked) else "cuda"
