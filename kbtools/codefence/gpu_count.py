"""How many GPUs code cannot do without: ``cuda:1`` needs two of them."""

from __future__ import annotations

import ast
import re

from kbtools.codefence.device_needs import Walk, last_name

_ORDINAL = re.compile(r"cuda:(\d{1,3})\Z")
_RANKS = re.compile(r"--nproc[-_]per[-_]node[=\s]+(\d{1,3})\b")
_TAKES_ORDINAL = frozenset({"cuda", "set_device", "device", "get_device_properties", "synchronize", "to"})


def gpus(code: str, launch: str | None = None) -> int:
    """The GPUs that code bound to CUDA needs, at least one: by the highest number it names where nothing asks how many
    there are, and one for each rank it is launched with."""
    ranks = _RANKS.search(launch or "")
    needed = max(1, int(ranks[1]) if ranks else 1)
    try:
        tree = compile(code, "<fence>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return needed
    assert isinstance(tree, ast.Module)
    walk = _Numbers(tree)
    walk.run()
    return max(needed, walk.highest + 1)


class _Numbers(Walk):
    """The highest number of a device that is named without a guard."""

    highest = -1

    def look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _ORDINAL.match(node.value)
            self._number(int(found[1]) if found else None)
        elif isinstance(node, ast.Call):
            if last_name(node.func) in _TAKES_ORDINAL and isinstance(node.func, ast.Attribute) and node.args:
                self._constant(node.args[0])
            for keyword in node.keywords:
                if keyword.arg in ("device", "output_device"):
                    self._constant(keyword.value)
                elif keyword.arg == "device_ids" and isinstance(keyword.value, (ast.List, ast.Tuple)):
                    for item in keyword.value.elts:
                        self._constant(item)

    def _constant(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            self._number(node.value)

    def _number(self, number: int | None) -> None:
        if number is not None and 0 <= number < 1000:
            self.highest = max(self.highest, number)
