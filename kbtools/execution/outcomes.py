"""What became of a snippet on a device, as a value that travels: worker to runner, store, reports, site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kbtools.execution.figures import Figure


class Status(str, Enum):
    """Every executable fence ends in exactly one of these on each device it was asked to run on."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    XFAILED = "xfailed"
    REHEARSED = "rehearsed"


OUTPUT_DIFFERS = "output differs"
"""The reason of what ran to its end and merely printed something else."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What one expected ``print`` wrote, once for every time it ran: what ``--update`` writes back."""

    line: int
    """1-based page line of the ``print``."""
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One snippet on one device."""

    id: str
    """``topics/Autograd.md::backward[cpu]``."""
    path: str
    line: int
    """The page's line of the opening fence."""
    device: str
    outcome: Status
    reason: str | None = None
    """Why it was skipped or blocked, in one line."""
    seconds: float = 0.0
    cached: bool = False
    stdout: str = ""
    message: str | None = None
    """What went wrong, for people: the traceback in the page's own lines, or the diff of outputs. Of a snippet that
    raised as it should, the exception in one line."""
    traceback_line: int | None = None
    """The page's line that raised."""
    printed: tuple[Printed, ...] = ()
    """Not part of the report."""
    figures: tuple[Figure, ...] = ()
    """What it has drawn."""

    protections: tuple[str, ...] = field(default=(), compare=False)
    """What held the process it ran in: see ``confine``. Not part of the report either."""

    @property
    def only_output_differs(self) -> bool:
        """Whether the snippet ran to its end and merely printed something else."""
        return self.outcome is Status.FAILED and self.reason == OUTPUT_DIFFERS

    def to_json(self) -> dict[str, Any]:
        """The report's form of an outcome (contract, "Report"): plain values."""
        return {
            "id": self.id,
            "path": self.path,
            "line": self.line,
            "device": self.device,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "seconds": round(self.seconds, 4),
            "cached": self.cached,
            "stdout": self.stdout,
            "message": self.message,
            "traceback_line": self.traceback_line,
            "figures": [figure.to_json() for figure in self.figures],
        }

    def to_wire(self) -> dict[str, Any]:
        """Like ``to_json`` with everything in it, for another process of the same run."""
        return {
            **self.to_json(),
            "printed": [[p.line, list(p.texts)] for p in self.printed],
            "protections": list(self.protections),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """The inverse of ``to_json`` and ``to_wire``. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            id=str(data["id"]),
            path=str(data["path"]),
            line=int(data["line"]),
            device=str(data["device"]),
            outcome=Status(data["outcome"]),
            reason=data["reason"],
            seconds=float(data["seconds"]),
            cached=bool(data["cached"]),
            stdout=str(data["stdout"]),
            message=data["message"],
            traceback_line=data["traceback_line"],
            figures=tuple(Figure.from_json(value) for value in data.get("figures", ())),
            printed=tuple(Printed(int(line), tuple(texts)) for line, texts in data.get("printed", ())),
            protections=tuple(data.get("protections", ())),
        )


def by_place(outcomes: list[Outcome]) -> list[Outcome]:
    """Sorted as every output lists them: path, line, device."""
    return sorted(outcomes, key=lambda o: (o.path, o.line, o.device, o.id))
