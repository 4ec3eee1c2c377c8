"""Rehearsal: retargets device-bound code to another device in the syntax tree.

A rehearsal proves less than a run (it would pass code whose point is the device), so it is never reported as passed.
"""

from __future__ import annotations

import ast
import re

_DEVICE = re.compile(r"(cuda|mps)(:\d+)?\Z")
_MOVES = ("cuda", "mps")


class _Retarget(ast.NodeTransformer):
    def __init__(self, device: str) -> None:
        self.device = device

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            if _DEVICE.match(node.value):
                return ast.copy_location(ast.Constant(self.device), node)
            if node.value == "nccl":
                return ast.copy_location(ast.Constant("gloo"), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """``x.cuda()``, ``x.cuda(0)`` become ``x.to("cpu")``, other arguments kept."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _MOVES and not _is_torch(node.func.value):
            node.func.attr = "to"
            node.args[:1] = [ast.copy_location(ast.Constant(self.device), node)]
            node.keywords = [k for k in node.keywords if k.arg != "device"]
        return node


def _is_torch(node: ast.expr) -> bool:
    """``torch.cuda`` is a module: ``torch.cuda(…)`` does not move a tensor."""
    return isinstance(node, ast.Name) and node.id == "torch"


def retarget(tree: ast.Module, device: str) -> ast.Module:
    """The tree with every device it names replaced by ``device``."""
    new = _Retarget(device).visit(tree)
    assert isinstance(new, ast.Module)
    return ast.fix_missing_locations(new)
