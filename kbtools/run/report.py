"""Report of a run as plain values (contract, "Report"), and the figures of summaries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbtools.errors import KbError
from kbtools.run.plan import Fences
from kbtools.run.results import parity
from kbtools.run.results.outcomes import Comparison, Outcome, Status, by_place

VERSION = 1
RAN = (Status.PASSED, Status.FAILED, Status.ERROR, Status.XFAILED)
FAILING = (Status.FAILED, Status.ERROR)


def report(
    outcomes: Iterable[Outcome],
    environment: Mapping[str, Any],
    *,
    seconds: float = 0.0,
    fences: Fences | None = None,
    machines: Sequence[Mapping[str, Any]] = (),
    ran_on: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The complete report. ``fences`` are those of the selected pages. For a run on several machines, ``machines``
    contains the environment of each, and ``ran_on`` maps an outcome's id to an index in that list."""
    ordered = by_place(list(outcomes))
    compared = parity.parity(ordered)
    ran_on = ran_on or {}
    return {
        "version": VERSION,
        "environment": dict(environment),
        **({"machines": [dict(machine) for machine in machines]} if machines else {}),
        "outcomes": [_entry(outcome, ran_on.get(outcome.id)) for outcome in ordered],
        "parity": [one.to_json() for one in compared],
        "summary": {**summary(ordered, seconds=seconds, fences=fences), "parity": parity.counts(compared)},
    }


def _entry(outcome: Outcome, machine: int | None) -> dict[str, Any]:
    return outcome.to_json() if machine is None else {**outcome.to_json(), "machine": machine}


# Precedence when results of one snippet on one device are merged: failures first, and any run before a skip.
_WEIGHT = (
    (Status.FAILED, Status.ERROR),
    (Status.PASSED, Status.XFAILED),
    (Status.REHEARSED,),
    (Status.BLOCKED,),
    (Status.SKIPPED,),
)


def load(file: Path) -> object:
    """Reads a report that ``kb run --report`` wrote. Raises KbError when the file is not JSON."""
    try:
        return json.loads(file.read_bytes())
    except OSError as e:
        raise KbError(f"the report {file} cannot be read: {e.strerror}", "write one with `kb run --report FILE`") from e
    except (ValueError, RecursionError) as e:
        raise KbError(f"{file} is not a report: {e}", "write one with `kb run --report FILE`") from e


def merge(reports: Sequence[tuple[str, object]]) -> dict[str, Any]:
    """Merges reports of several machines or shards, each given with the name of its file.

    If several have an outcome of the same snippet on the same device, failures take precedence over passes, and
    passes over outcomes that were not run; of equal ones the first is used. ``environment`` joins different values
    with commas and lists a device as available if any machine has it; ``machines`` contains each environment, and
    each outcome refers to its own. The summary counts outcomes; numbers of fences are omitted, because it is unknown
    which pages two reports share. Raises KbError for files that are not a report of version 1.
    """
    found: dict[str, Outcome] = {}
    machines: list[Mapping[str, Any]] = []
    ran_on: dict[str, int] = {}
    seconds = 0.0
    for where, data in reports:
        environments, outcomes, took = _parsed(where, data)
        places = [_place(machines, environment) for environment in environments]
        seconds += took
        for outcome, machine in outcomes:
            old = found.get(outcome.id)
            if old is None or _weight(outcome) < _weight(old):
                found[outcome.id] = outcome
                ran_on.pop(outcome.id, None)
                if machine is not None:
                    ran_on[outcome.id] = places[machine]
    return report(found.values(), environment_of(machines), seconds=seconds, machines=machines, ran_on=ran_on)


def _place(machines: list[Mapping[str, Any]], environment: Mapping[str, Any]) -> int:
    """Index of a machine in the list, added if missing: shards of one machine share an entry."""
    if environment not in machines:
        machines.append(environment)
    return machines.index(environment)


def machine_of(data: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The environment of an outcome in a report; None when the report does not distinguish several.

    Raises KeyError, TypeError or ValueError if it is not a report.
    """
    machines = data.get("machines")
    if not machines:
        environment: Mapping[str, Any] = data["environment"]
        return environment
    number = entry.get("machine")
    if number is None:
        return None
    if not isinstance(number, int) or not 0 <= number < len(machines):
        raise ValueError(f"there is no machine {number!r}")
    machine: Mapping[str, Any] = machines[number]
    return machine


def environment_of(machines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Combines several machines: differing values are joined with commas, the latest date is used, and a device is
    available if one of them has it."""
    machines = tuple(machines)
    together: dict[str, Any] = {}
    for name in ("python", "torch", "platform", "machine", "cpu"):
        values = dict.fromkeys(str(m[name]) for m in machines if m.get(name) is not None)
        together[name] = ", ".join(values) or None
    if days := [str(m["date"]) for m in machines if m.get("date") is not None]:
        together["date"] = max(days)
    together["devices"] = {}
    for machine in machines:
        for name, info in machine["devices"].items():
            if name not in together["devices"] or (info["available"] and not together["devices"][name]["available"]):
                together["devices"][name] = info
    return together


def _parsed(where: str, data: object) -> tuple[list[Mapping[str, Any]], list[tuple[Outcome, int | None]], float]:
    """A report's environments; its outcomes, each with the index of its environment; and its seconds."""
    hint = "write one with `kb run --report FILE`"
    if not isinstance(data, Mapping) or data.get("version") != VERSION:
        raise KbError(f"{where} is not a report of version {VERSION}", hint)
    try:
        environments = list(data.get("machines") or [data["environment"]])
        for environment in environments:
            for info in environment["devices"].values():
                bool(info["available"])
        outcomes = []
        for entry in data["outcomes"]:
            machine = machine_of(data, entry)
            place = None if machine is None else environments.index(machine)
            outcomes.append((Outcome.from_json(entry), place))
        return environments, outcomes, float(data["summary"]["seconds"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise KbError(f"{where} is not a report of kb run: {type(problem).__name__}: {problem}", hint) from problem


def _weight(outcome: Outcome) -> int:
    return next(n for n, statuses in enumerate(_WEIGHT) if outcome.outcome in statuses)


def summary(outcomes: Iterable[Outcome], *, seconds: float = 0.0, fences: Fences | None = None) -> dict[str, Any]:
    """Counts by status, and how many of the executable fences ran on some device. ``executed`` counts fences, not
    outcomes: a fence that ran on the CPU and was skipped on CUDA has been executed."""
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
    states = Counter(one.state for o in outcomes for one in o.compared)
    counts["expectations"] = {state.value.replace(" ", "_"): states[state] for state in Comparison}
    if fences is not None:
        counts["fences"] = fences.total
        counts["not_executable"] = dict(sorted(fences.idle.items()))
    return counts


def failed(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes for which a run ends with exit code 1."""
    return [outcome for outcome in outcomes if outcome.outcome in FAILING]


def line(outcomes: Iterable[Outcome]) -> str:
    """Summary for humans: ``88 passed, 2 failed, 8 skipped``."""
    counts = summary(outcomes)
    return ", ".join(f"{counts[s.value]} {s.value}" for s in Status if counts[s.value]) or "none run"


def _snippet(outcome: Outcome) -> str:
    return outcome.id.rpartition("[")[0]
