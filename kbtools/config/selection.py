"""Selects findings by rule and by page."""

from __future__ import annotations

from typing import NamedTuple


class Selection(NamedTuple):
    """Which findings are wanted: rules by name, pages by path or folder. Empty means all."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def wants(self, rule: str) -> bool:
        return (not self.select or rule in self.select) and rule not in self.ignore

    def covers(self, path: str) -> bool:
        return not self.paths or any(path == p or path.startswith(p.rstrip("/") + "/") or p == "" for p in self.paths)


EVERYTHING = Selection()
