"""Verifies the store: runs a sample of stored results again and compares."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kbtools.fences.expected import expect
from kbtools.run.results.outcomes import Outcome, Status

WRONG = "its stored result differs from a fresh one"
"""The reason of an error found by the verification."""
Run = Callable[[Sequence[str]], Iterable[Outcome]]
"""Runs pages without using the store."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of the verification."""

    outcomes: tuple[Outcome, ...]
    """The new outcomes of the sampled pages; if the stored one differs, an error that shows both."""
    compared: int
    unsteady: tuple[str, ...]
    """Ids of snippets whose output differs in every run: neither result is wrong."""


def sample(outcomes: Iterable[Outcome], share: float) -> tuple[str, ...]:
    """Pages with outcomes from the store: a random ``share`` (0 to 1) of them, and at least one."""
    pages = sorted({outcome.path for outcome in outcomes if outcome.cached})
    return tuple(sorted(random.SystemRandom().sample(pages, math.ceil(len(pages) * share))))


def verify(stored: Iterable[Outcome], pages: Sequence[str], run: Run) -> Verification:
    """Runs pages again and compares the outcomes with the stored ones."""
    known = {outcome.id: outcome for outcome in stored if outcome.cached and outcome.path in pages}
    fresh = list(run(pages))
    wrong = {o.id: why for o in fresh if o.id in known and (why := difference(known[o.id], o)) is not None}
    unsteady: list[str] = []
    if wrong:
        paths = tuple(sorted({known[id].path for id in wrong}))
        twice = {outcome.id: outcome for outcome in run(paths)}
        by_id: Mapping[str, Outcome] = {outcome.id: outcome for outcome in fresh}
        unsteady = [id for id in wrong if id in twice and difference(by_id[id], twice[id]) is not None]
    outcomes = tuple(_error(o, wrong[o.id]) if o.id in wrong and o.id not in unsteady else o for o in fresh)
    return Verification(outcomes, sum(o.id in known for o in fresh), tuple(unsteady))


def difference(one: Outcome, other: Outcome) -> str | None:
    """Describes the difference of two outcomes of one snippet; None if they are equal."""
    if one.outcome is not other.outcome:
        return f"stored: {_short(one)}\nfresh: {_short(other)}"
    if one.stdout != other.stdout and not expect.matches(one.stdout, other.stdout):
        return f"stored and fresh print different things\n{expect.explain(one.stdout, other.stdout)}"
    return None


def _short(outcome: Outcome) -> str:
    why = (outcome.reason or outcome.message or "").partition("\n")[0]
    return f"{outcome.outcome.value}: {why}" if why else outcome.outcome.value


def _error(fresh: Outcome, why: str) -> Outcome:
    return replace(fresh, outcome=Status.ERROR, reason=WRONG, message=f"{WRONG}\n{why}", cached=False)
