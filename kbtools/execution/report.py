"""The report of a run as plain values (contract, "Report"), and the figures every summary shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kbtools.execution.outcomes import Outcome, Status, by_place
from kbtools.snippets import Snippet

VERSION = 1
RAN = (Status.PASSED, Status.FAILED, Status.ERROR, Status.XFAILED)
FAILING = (Status.FAILED, Status.ERROR)


def report(
    outcomes: Iterable[Outcome],
    environment: Mapping[str, Any],
    *,
    seconds: float = 0.0,
    fences: Mapping[str, Iterable[Snippet]] | None = None,
) -> dict[str, Any]:
    """The whole report. ``fences`` holds the snippets of the selected pages by path, for the share executed."""
    ordered = by_place(list(outcomes))
    return {
        "version": VERSION,
        "environment": dict(environment),
        "outcomes": [outcome.to_json() for outcome in ordered],
        "summary": summary(ordered, seconds=seconds, fences=fences),
    }


def summary(
    outcomes: Iterable[Outcome], *, seconds: float = 0.0, fences: Mapping[str, Iterable[Snippet]] | None = None
) -> dict[str, Any]:
    """Counts by status, and how many of the executable fences ran to a result on some device.

    ``executed`` counts fences, not outcomes: one that ran on the CPU and was skipped on CUDA has been executed.
    """
    outcomes = tuple(outcomes)
    counts: dict[str, Any] = {status.value: 0 for status in Status}
    for outcome in outcomes:
        counts[outcome.outcome.value] += 1
    known = {_snippet(o) for o in outcomes}
    executed = {_snippet(o) for o in outcomes if o.outcome in RAN}
    counts.update(
        outcomes=len(outcomes),
        snippets=len(known),
        executed=len(executed),
        executed_share=round(len(executed) / len(known), 4) if known else None,
        cached=sum(o.cached for o in outcomes),
        pages=len({o.path for o in outcomes}),
        seconds=round(seconds, 3),
    )
    if fences is not None:
        reasons: dict[str, int] = {}
        for snippet in (s for page in fences.values() for s in page):
            if not snippet.executable:
                why = snippet.why_not or "no reason known"
                reasons[why] = reasons.get(why, 0) + 1
        counts["fences"] = sum(1 for page in fences.values() for _ in page)
        counts["not_executable"] = dict(sorted(reasons.items()))
    return counts


def failed(outcomes: Iterable[Outcome]) -> bool:
    """Whether a run's exit code is 1."""
    return any(outcome.outcome in FAILING for outcome in outcomes)


def line(outcomes: Iterable[Outcome]) -> str:
    """For people: ``88 passed, 2 failed, 8 skipped``."""
    counts = summary(outcomes)
    return ", ".join(f"{counts[s.value]} {s.value}" for s in Status if counts[s.value]) or "none run"


def _snippet(outcome: Outcome) -> str:
    return outcome.id.rpartition("[")[0]
