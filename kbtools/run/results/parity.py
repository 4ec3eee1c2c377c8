"""Compares the output of a snippet across devices.

It is reported with the outcomes but is never a failure, because pages with random numbers differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kbtools.run.results.outcomes import Outcome, Status, by_place
from kbtools.text.reason import Reason

_FLOAT = re.compile(r"(?<![\w.])-?[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?(?![\w.])")


class ParityState(str, Enum):
    """The result of comparing two devices."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Parity:
    """One snippet on one device, compared with the first device it ran on."""

    id: str
    """The snippet, without a device: ``topics/Autograd.md::backward``."""
    path: str
    line: int
    devices: tuple[str, str]
    """The reference device (the CPU, if it ran there), and the other."""
    state: ParityState
    reason: str | None = None
    """Why it cannot be compared, or the difference in one line."""
    diff: str | None = None
    """The difference of the two outputs, for messages."""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "path": self.path,
            "line": self.line,
            "devices": list(self.devices),
            "state": self.state.value,
            "reason": self.reason,
            "diff": self.diff,
        }


def parity(outcomes: Iterable[Outcome]) -> tuple[Parity, ...]:
    """A comparison for every snippet that ran on more than one device, for each further device, sorted by position."""
    by_snippet: dict[str, list[Outcome]] = {}
    for outcome in by_place(list(outcomes)):
        if outcome.outcome in _RUN:
            by_snippet.setdefault(outcome.id.removesuffix(f"[{outcome.device}]"), []).append(outcome)
    found = []
    for id, there in by_snippet.items():
        first, *others = sorted(there, key=lambda o: o.device != "cpu")
        found += [_compared(id, first, other) for other in others]
    return tuple(found)


_RUN = (Status.PASSED, Status.XFAILED, Status.FAILED, Status.ERROR)


def _compared(id: str, one: Outcome, other: Outcome) -> Parity:
    from kbtools.fences.expected import expect  # most runs have one device, with nothing to compare

    def made(state: ParityState, reason: str | None = None, diff: str | None = None) -> Parity:
        return Parity(id, one.path, one.line, (one.device, other.device), state, reason, diff)

    ended = [o.outcome in (Status.PASSED, Status.XFAILED) or o.only_output_differs for o in (one, other)]
    if not any(ended):
        return made(ParityState.NOT_COMPARABLE, f"it came to its end neither on {one.device} nor on {other.device}")
    if not all(ended):
        good, bad = (one, other) if ended[0] else (other, one)
        why = (bad.reason or bad.message or bad.outcome.value).partition("\n")[0]
        if bad.outcome is Status.ERROR:
            return made(ParityState.NOT_COMPARABLE, f"on {bad.device}: {why}")
        reason = Reason("it runs on {good}, and fails on {bad}: {why}", good=good.device, bad=bad.device, why=why)
        return made(ParityState.DIFFERS, reason)
    if not one.stdout.strip() and not other.stdout.strip():
        if one.message == other.message:
            return made(ParityState.NOT_COMPARABLE, "it prints nothing")
        diff = expect.explain(one.message or "", other.message or "")
        return made(ParityState.DIFFERS, Reason("it raises different errors"), diff)
    if same(one.stdout, other.stdout):
        return made(ParityState.SAME)
    diff = expect.explain(one.stdout, other.stdout)
    reason = Reason("{one} and {other} print different things", one=one.device, other=other.device)
    return made(ParityState.DIFFERS, reason, diff)


def same(one: str, other: str) -> bool:
    """Whether two outputs are equal for ``expect``, where floats may differ by one unit of the last displayed digit.
    Both have been rounded separately, so rounding may make them differ by a whole unit."""
    from kbtools.fences.expected import expect

    if one == other or expect.matches(one, other):
        return True
    floats = _FLOAT.findall(one)
    if len(floats) != len(_FLOAT.findall(other)):
        return False
    left = iter(floats)
    return expect.matches(one, _FLOAT.sub(lambda found: _nearly(next(left), found[0]), other))


def _nearly(wanted: str, got: str) -> str:
    """``wanted`` if ``got`` is within a unit of the last digit of either, else ``got``."""
    from decimal import Decimal

    one, other = Decimal(wanted), Decimal(got)
    unit = max(Decimal((0, (1,), number.as_tuple().exponent)) for number in (one, other))  # type: ignore[arg-type]
    return wanted if abs(one - other) <= unit else got


def counts(found: Iterable[Parity]) -> dict[str, int]:
    """The number of each state, for the report's summary."""
    numbers = {state.value.replace(" ", "_"): 0 for state in ParityState}
    for one in found:
        numbers[one.state.value.replace(" ", "_")] += 1
    return numbers


def line(found: Iterable[Parity]) -> str:
    """A summary: ``parity: 12 same, 1 differs``; "" if nothing ran on two devices."""
    numbers = counts(found)
    listed = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in numbers.items() if count)
    return f"parity: {listed}" if listed else ""
