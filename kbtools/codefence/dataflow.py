"""Which snippets of a session decide what a snippet does: what its cached result hangs on, and what must run before it.

Read off the syntax tree, statement by statement, and always towards more dependence: what may share memory counts as
one object (a *group*); what may change an object changes its whole group; drawing random numbers depends on all
earlier drawing; and code of which nothing certain can be said depends on everything before it, as everything after it
depends on it. What each call may do stands in ``known_effects``.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kbtools.codefence import known_effects as known
from kbtools.codefence.effect_state import World
from kbtools.codefence.effect_walk import Walk
from kbtools.codefence.pycode import MAX_DEPTH, depth_within

# Code that may learn at which line of the page it stands.
_LINES = re.compile(r"lineno|traceback|inspect|_getframe|currentframe|logging|tracemalloc|co_|exc_info|__code__")


@dataclass(frozen=True, slots=True)
class Unit:
    """A snippet as far as its data goes."""

    code: str
    defines: tuple[str, ...] = ()
    python: bool = True
    """False for a shell script."""
    separate: bool = False
    """It is a process of its own: it shares files with the session, not names."""
    runs: bool = True
    """False where it is skipped or blocked: it changes nothing, and what it would have bound is missing."""
    certain: bool = True
    """False where it may end early: what it binds may keep its old value."""
    file: str | None = None
    """A file it is written to, for later snippets to import."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What is known of one snippet."""

    needs: tuple[int, ...] = ()
    """Positions of the earlier snippets that may decide what it does, and of those that decide about them."""
    changes: tuple[str, ...] = ()
    """Names of earlier objects that it changes for certain."""
    imports: tuple[str, ...] = ()
    """Top-level packages it imports."""
    lines: bool = False
    """It may learn where on the page it stands."""


@lru_cache(maxsize=512)
def flows(session: tuple[Unit, ...]) -> tuple[Flow, ...]:
    """One ``Flow`` for every snippet of a session."""
    world = World()
    found: list[Flow] = []
    closed: list[set[int]] = []
    for at, unit in enumerate(session):
        tree = _tree(unit)
        walk = Walk(world, at, certain=unit.certain)
        _follow(unit, tree, walk, world, at)
        direct = set(range(at)) if walk.anything or world.lost else walk.needs | world.barriers
        direct.discard(at)
        whole: set[int] = set()
        for need in sorted(direct, reverse=True):  # the nearest need most: what they cover is not gone through again
            if need not in whole:
                whole.add(need)
                whole |= closed[need]
        closed.append(whole)
        if (walk.anything or world.lost) and unit.runs:
            world.barriers.add(at)
        found.append(
            Flow(
                tuple(sorted(whole)),
                tuple(sorted(walk.changed)) if unit.runs else (),
                tuple(sorted(_imports(tree))) if tree is not None else (),
                _LINES.search(unit.code) is not None,
            )
        )
    return tuple(found)


def _tree(unit: Unit) -> ast.Module | None:
    """The code's tree; None for what is no Python or cannot be followed."""
    if not unit.python:
        return None
    try:
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        with warnings.catch_warnings():  # they are told when the code runs
            warnings.simplefilter("ignore")
            tree = compile(unit.code, "<fence>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    assert isinstance(tree, ast.Module)
    return tree if depth_within(tree, MAX_DEPTH) else None


def _follow(unit: Unit, tree: ast.Module | None, walk: Walk, world: World, at: int) -> None:
    if not unit.runs:
        for name in unit.defines:
            world.missing(name, at)
        return
    if unit.file is not None:
        # Importing it is anything; what it may be imported by comes later and depends on all files.
        walk.effect(known.FILES)
    if unit.separate:
        walk.effect(known.FILES)
    elif tree is None:
        walk.effect(known.ANYTHING)
        for name in unit.defines:
            world.missing(name, at)
    else:
        walk.module(tree)


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def closure(needs: Sequence[Sequence[int]], wanted: Iterable[int]) -> frozenset[int]:
    """The positions to run for those wanted: they and all they need."""
    wanted = tuple(wanted)
    return frozenset(wanted).union(*(needs[at] for at in wanted))
