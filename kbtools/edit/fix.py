"""Selects fixes, applies them in memory, and keeps those that reduce the findings of their page and change no link's
target."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from kbtools.edit.plan import EditPlan, LeftOut, Rewrite, settle, texts_of
from kbtools.text.diagnostics import Applicability, Diagnostic, Edit
from kbtools.vault.index import Index

_ROUNDS = 40


class _Fixed(NamedTuple):
    """Identifies a fix across rounds, while other fixes move it."""

    path: str
    rule: str
    message: str
    title: str


def choose(diagnostics: Iterable[Diagnostic], unsafe: bool = False) -> list[tuple[Diagnostic, Rewrite]]:
    """The applicable fixes; if two overlap, the earlier one. A fix is applied completely or not at all."""
    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    taken: dict[str, list[Edit]] = {}
    """Sorted by position."""
    chosen = []
    for d in diagnostics:
        if d.fix is None or d.fix.applicability not in wanted:
            continue
        held = taken.setdefault(d.path, [])
        if not any(_clash(edit, other) for edit in d.fix.edits for other in _beside(edit, held)):
            for edit in d.fix.edits:
                insort(held, edit, key=_start)
            unlinks = d.span.start if d.fix.unlinks else None
            chosen.append((d, Rewrite(d.path, d.fix.edits, unlinks)))
    return chosen


def _start(edit: Edit) -> int:
    return edit.span.start


def _beside(edit: Edit, held: list[Edit]) -> list[Edit]:
    """The edits, sorted and without overlaps, that may overlap this one."""
    first, behind = bisect_left(held, edit.span.start, key=_start), bisect_right(held, edit.span.end, key=_start)
    return held[max(0, first - 1) : behind]


def _clash(a: Edit, b: Edit) -> bool:
    return a != b and (a.span.overlaps(b.span) or a.span.start == b.span.start)


def fix(index: Index, check: Callable[[Index], tuple[Diagnostic, ...]], unsafe: bool = False) -> EditPlan:
    """Applies fixes until none is left. A fix is left out if its page would have as many findings as before, or if a
    link of any page would resolve to another target."""
    current = index
    refused: set[_Fixed] = set()
    left_out: list[LeftOut] = []
    alone: set[str] = set()
    """Pages whose fixes are tried one at a time, to find the one that reduces no findings."""
    diagnostics = check(current)
    for _ in range(_ROUNDS):
        offered = [(d, r) for d, r in choose(diagnostics, unsafe) if _key(d) not in refused]
        first: set[str] = set()
        chosen = []
        for d, rewrite in offered:
            if d.path not in alone or d.path not in first:
                first.add(d.path)
                chosen.append((d, rewrite))
        if not chosen:
            break
        settled = settle(current, (rewrite for _, rewrite in chosen))
        left_out += settled.left_out
        kept = set(settled.kept)
        refused.update(_key(d) for d, rewrite in chosen if rewrite not in kept)
        after = check(settled.after)
        was, now = Counter(d.path for d in diagnostics), Counter(d.path for d in after)
        counts = Counter(rewrite.path for rewrite in kept)
        worse = {path for path in counts if now[path] >= was[path]}
        if not worse:
            current, diagnostics = settled.after, after
            continue
        refused.update(_key(d) for d, r in chosen if r in kept and r.path in worse and counts[r.path] == 1)
        alone |= worse
        mended = settle(current, (r for r in settled.kept if r.path not in worse))
        current, diagnostics = mended.after, check(mended.after)
    return EditPlan(texts_of(index, current), left_out=tuple(left_out))


def _key(d: Diagnostic) -> _Fixed:
    return _Fixed(d.path, d.rule, d.message, d.fix.title if d.fix is not None else "")
