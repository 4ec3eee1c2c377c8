"""Finds undefined names in a session: names that no earlier snippet binds."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kbtools.fences.bad_value import cut
from kbtools.fences.option_values import suggest
from kbtools.fences.python.names import BUILTINS, Names, Read
from kbtools.text.diagnostics import Problem

_MODULES = """
argparse asyncio collections contextlib csv datetime functools glob itertools json logging math os pathlib pickle
random re shutil sqlite3 subprocess sys tempfile threading time torch typing unittest urllib uuid
"""
_NAMES = {
    "abc": "ABC abstractmethod",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "dataclasses": "dataclass",
    "decimal": "Decimal",
    "enum": "Enum",
    "fractions": "Fraction",
    "functools": "lru_cache partial reduce wraps",
    "pathlib": "Path",
    "torch": "nn optim",
    "torch.utils.data": "DataLoader Dataset",
}
_USUAL = {
    **{module: f"import {module}" for module in _MODULES.split()},
    **{name: f"from {module} import {name}" for module, names in _NAMES.items() for name in names.split()},
    "np": "import numpy as np",
    "F": "import torch.nn.functional as F",
    "plt": "import matplotlib.pyplot as plt",
    "pd": "import pandas as pd",
}
"""Imports that code often omits, by missing name."""


# After this many undefined names on a page, no more suggestions are computed.
_SUGGESTED = 20
_COMPARED = 500


@dataclass(frozen=True, slots=True)
class SessionPart:
    """The names of a snippet."""

    line: int
    """1-based line of the page."""
    names: Names
    quiet: bool
    """Its reads are not checked: it is not run, or should fail because of them."""


def undefined(session: Sequence[SessionPart]) -> Iterator[Problem]:
    """``undefined-name`` at the first read, in each part, of a name that nothing before it in the session binds."""
    everywhere = {name: part for part in reversed(session) for name in part.names.defines}
    opened_later = any(part.names.open for part in session)
    bound: set[str] = set()
    reported = 0
    for part in session:
        seen: set[str] = set()
        for read in () if part.quiet else part.names.reads:
            known = read.name in everywhere or opened_later if read.late else read.name in bound
            if known or read.builtin or read.guarded or read.name in seen:
                continue
            seen.add(read.name)
            reported += 1
            yield Problem(
                "undefined-name",
                read.span,
                f'"{cut(read.name)}" is not defined here',
                _advice(read, part, everywhere, bound, reported <= _SUGGESTED),
            )
        if part.names.open:
            return
        bound.update(part.names.defines)
        bound.difference_update(part.names.removes)


def _has_ends_of(other: str, name: str) -> bool:
    return (other[:1].lower() == name[:1].lower() and other[-1:] == name[-1:]) or sorted(other) == sorted(name)


def _is_class_of(name: str, other: str) -> bool:
    """Whether they are a class and an instance of it: ``model = Model()``."""
    return name != other and name == other.capitalize()


def _alike(name: str, bound: set[str]) -> list[str]:
    """Similar names, from a list small enough to compare all."""
    known = (other for other in (*sorted(bound), *sorted(BUILTINS)) if abs(len(other) - len(name)) <= 2)
    # Other endings are other names: typer is no type, and file no filter.
    alike = (
        other for other in known if _has_ends_of(other, name) and not (other in bound and _is_class_of(name, other))
    )
    return list(islice(alike, _COMPARED))


def _advice(
    read: Read, part: SessionPart, everywhere: Mapping[str, SessionPart], bound: set[str], compare: bool
) -> str:
    giver = everywhere.get(read.name)
    if giver is not None and giver.line > part.line:
        return f"the snippet on line {giver.line} defines it: move that before this one"
    if giver is not None and giver.line < part.line:
        return f"the snippet on line {giver.line} defined it, a later one deleted it"
    if giver is not None:
        return "this snippet defines it only further down"
    if read.name in _USUAL:
        return f"add `{_USUAL[read.name]}`"
    if read.name in typing.__all__:
        return f"add `from typing import {read.name}`"
    near = suggest(read.name, _alike(read.name, bound)) if compare else None
    if near is not None:
        return f"did you mean {near}?"
    return 'define it in an earlier fence of the page (`.hidden` folds it away), or mark this one `.skip reason="…"`'
