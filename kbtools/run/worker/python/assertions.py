"""Explains failed assertions: values of their parts at the time of evaluation."""

from __future__ import annotations

import ast
import reprlib
import sys
from collections.abc import Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, GeneratorType, ModuleType, TracebackType
from typing import Any

_SHOWN = 8
"""Maximum number of values shown for one assertion."""
_ELEMENTS = 10
"""Maximum number of elements of a tensor that are shown."""
_LONGEST = 200
_NO_VALUES = (ModuleType, FunctionType, BuiltinFunctionType, type, GeneratorType)


class Assertions:
    """Values of the assertions of a session, recorded while they are evaluated."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[ast.Assert, tuple[ast.expr, ...]]] = {}
        """By line: the assertion as written, and its parts."""
        self._line = 0
        self._values: dict[int, object] = {}
        self._failed: tuple[int, Mapping[int, object]] | None = None

    def part(self, line: int, number: int, value: Any) -> Any:
        """Records the value of a part."""
        if line != self._line:
            self._line, self._values = line, {}
        self._values[number] = value
        return value

    def held(self, line: int, condition: object) -> bool:
        """Returns the condition and discards the values if it holds."""
        held = bool(condition)
        values, self._values, self._line = (self._values if line == self._line else {}), {}, 0
        self._failed = None if held else (line, values)
        return held

    def forget(self) -> None:
        """Discards all values."""
        self._line, self._values, self._failed = 0, {}, None

    def why(self, error: BaseException, path: str, lines: Sequence[str]) -> list[str]:
        """The values with which an assertion failed, one a line; empty for other errors. ``lines`` are the page's,
        as ``linecache`` has them."""
        frame, line = _last(error.__traceback__, path) if isinstance(error, AssertionError) else (None, 0)
        if frame is None or line not in self.known:
            return []
        node, parts = self.known[line]
        if self._failed is not None and self._failed[0] == line:
            values = self._failed[1]
            described = {source(part, lines): values[n] for n, part in enumerate(parts) if n in values}
            apart = _apart(node.test, parts, values)
        else:
            scope = {**frame.f_globals, **frame.f_locals}
            names = dict.fromkeys(n.id for n in ast.walk(node.test) if isinstance(n, ast.Name) and n.id in scope)
            described, apart = {name: scope[name] for name in names}, None
        shown = [
            f"{text} = {short(value)}"
            for text, value in described.items()
            if not isinstance(value, _NO_VALUES) and not _literal(text)
        ]
        return [*shown[:_SHOWN], *([apart] if apart else [])]


def _last(trace: TracebackType | None, path: str) -> tuple[Any, int]:
    found: tuple[Any, int] = (None, 0)
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            found = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return found


def source(node: ast.expr, lines: Sequence[str]) -> str:
    """An expression as written on the page, on one line."""
    first, last = node.lineno, node.end_lineno or node.lineno
    held = [line.rstrip("\n").encode("utf-8", "surrogatepass") for line in lines[first - 1 : last]]
    if not held:
        return ast.unparse(node)
    held[-1] = held[-1][: node.end_col_offset]
    held[0] = held[0][node.col_offset :]
    return " ".join(b" ".join(held).decode("utf-8", "replace").split())


def _literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxdict = self.maxarray = _ELEMENTS
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 4, _LONGEST, _LONGEST, 60

    def repr1(self, x: Any, level: int) -> str:
        if _is_array(x):
            return _array(x)
        return super().repr1(x, level)


_SHORT = _Short()


def short(value: object) -> str:
    """A value on one line; a large tensor is described by its shape."""
    try:
        return " ".join(_SHORT.repr(value).split())
    except Exception as error:  # noqa: BLE001 - a repr of the page's own may do anything
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"


def _is_array(value: object) -> bool:
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    kinds = [getattr(torch, "Tensor", None), getattr(numpy, "ndarray", None)]
    return any(isinstance(value, kind) for kind in kinds if isinstance(kind, type))


def _array(value: Any) -> str:
    size = value.numel() if hasattr(value, "numel") else value.size
    if size <= _ELEMENTS:
        return " ".join(repr(value).split())
    place = f", {value.device}" if str(getattr(value, "device", "cpu")) != "cpu" else ""
    return f"{type(value).__name__} of shape {tuple(value.shape)}, {value.dtype}{place}"


def _apart(test: ast.expr, parts: Sequence[ast.expr], values: Mapping[int, object]) -> str | None:
    """The difference between two values that should be equal."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        pair = (test.left, test.comparators[0])
    elif (
        isinstance(test, ast.Call) and len(test.args) >= 2 and _name(test.func) in ("equal", "allclose", "array_equal")
    ):
        pair = (test.args[0], test.args[1])
    else:
        return None
    places = {(p.lineno, p.col_offset, p.end_lineno, p.end_col_offset): n for n, p in enumerate(parts)}
    found = []
    for side in pair:
        number = places.get((side.lineno, side.col_offset, side.end_lineno, side.end_col_offset))
        if number is None or number not in values:
            return None
        found.append(values[number])
    try:
        return difference(*found)
    except Exception:  # noqa: BLE001 - values of the page's own may do anything when compared
        return None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def difference(one: Any, other: Any) -> str | None:
    """The first position where two sequences, mappings or texts differ, or the distance of two tensors."""
    if _is_array(one) and _is_array(other):
        if tuple(one.shape) != tuple(other.shape):
            return f"the shapes differ: {tuple(one.shape)} and {tuple(other.shape)}"
        apart = one != other
        count = int(apart.sum())
        size = one.numel() if hasattr(one, "numel") else one.size
        if str(one.dtype).rpartition(".")[2] == "bool":
            return f"{count} of {size} elements differ"
        return f"{count} of {size} elements differ, at most by {float(abs(one - other).max()):.3g}"
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(k for k in other if k not in one)]:
            if key not in one or key not in other:
                return f"only one of them has {short(key)}"
            if one[key] is not other[key] and one[key] != other[key]:
                return f"they differ at {short(key)}: {short(one[key])} and {short(other[key])}"
        return None
    if type(one) is type(other) and isinstance(one, (list, tuple, str, bytes)) and len(one) + len(other) > 8:
        for at, (x, y) in enumerate(zip(one, other, strict=False)):
            if x is not y and x != y:
                return f"they differ at [{at}]: {short(x)} and {short(y)}"
        if len(one) != len(other):
            return f"they have {len(one)} and {len(other)} elements"
    return None
