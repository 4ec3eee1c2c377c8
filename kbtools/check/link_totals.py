"""Counts links by what the rules found of them, for the last line of a check."""

from __future__ import annotations

from collections.abc import Iterable

_BROKEN = frozenset(("broken-link", "missing-attachment"))
_AMBIGUOUS = "ambiguous-link"


def link_totals(rules: Iterable[str]) -> tuple[int, int]:
    """The numbers of broken and of ambiguous links among findings, given by the names of their rules."""
    names = list(rules)
    return sum(name in _BROKEN for name in names), names.count(_AMBIGUOUS)
