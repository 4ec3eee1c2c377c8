"""Outcome of a snippet on a device: a value for workers, store, reports and site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from kbtools.run.job import Job, Step
from kbtools.run.results.figures import Figure
from kbtools.text.reason import Reason


class Status(str, Enum):
    """The status of an outcome. Every executable fence has exactly one on each device selected for it."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    XFAILED = "xfailed"
    REHEARSED = "rehearsed"


OUTPUT_DIFFERS = Reason("output differs")
"""The reason of a snippet that ran to its end but printed something else."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Output of one observed statement, for each time it ran: used by ``--update``."""

    statement: tuple[int, int]
    """Where in the code it begins: line from 1, column in UTF-8 bytes."""
    texts: tuple[str, ...]
    values: tuple[tuple[str, str] | None, ...] = ()
    """The value of an expression for each time, as ``repr`` and as ``str``; None for ``None``."""


class Comparison(str, Enum):
    """The result of comparing an expectation."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class Compared:
    """One expectation of a snippet, with the result of its comparison."""

    offset: int
    """Lines from the snippet's opening fence to the expected text."""
    state: Comparison
    reason: str | None = None
    """Why it was not compared."""


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
    """The description of the error: the traceback with line numbers of the page, or the diff of outputs. For a
    snippet that raised as expected, the exception in one line."""
    traceback_line: int | None = None
    """The line of the page that raised."""
    compared: tuple[Compared, ...] = ()
    """The snippet's expectations, each in one of three states."""
    printed: tuple[Printed, ...] = ()
    """Not part of the report."""
    figures: tuple[Figure, ...] = ()
    """Its figures."""
    source: str = field(default="", compare=False)
    """Hash of the session's source up to this snippet (``keys.sources``); "" if unknown."""

    protections: tuple[str, ...] = field(default=(), compare=False)
    """Protections active in its worker: see ``sandbox.limits``. Not part of the report."""

    @property
    def only_output_differs(self) -> bool:
        """Whether the snippet ran to its end but printed something else."""
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
            **({"reason_parts": self.reason.to_json()} if isinstance(self.reason, Reason) else {}),
            **({"source": self.source} if self.source else {}),
            "expectations": [
                {"line": self.line + one.offset, "state": one.state.value, "reason": one.reason}
                for one in self.compared
            ],
        }

    def to_wire(self) -> dict[str, Any]:
        """Like ``to_json`` with all fields, for another process of the same run."""
        return {
            **self.to_json(),
            "printed": [[p.statement, p.texts, p.values] for p in self.printed],
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
            reason=Reason.from_json(data["reason_parts"]) if "reason_parts" in data else data["reason"],
            seconds=float(data["seconds"]),
            cached=bool(data["cached"]),
            stdout=str(data["stdout"]),
            message=data["message"],
            traceback_line=data["traceback_line"],
            figures=tuple(Figure.from_json(value) for value in data.get("figures", ())),
            source=str(data.get("source", "")),
            compared=tuple(
                Compared(int(one["line"]) - int(data["line"]), Comparison(one["state"]), one["reason"])
                for one in data.get("expectations", ())
            ),
            printed=tuple(
                Printed(
                    (int(line), int(column)), tuple(texts), tuple(value and (value[0], value[1]) for value in values)
                )
                for (line, column), texts, values in data.get("printed", ())
            ),
            protections=tuple(data.get("protections", ())),
        )


_ENDED = {
    Status.FAILED: lambda needed: Reason("{needed}, which failed", needed=needed),
    Status.ERROR: lambda needed: Reason("{needed}, which ended in an error", needed=needed),
    Status.SKIPPED: lambda needed: Reason("{needed}, which was skipped", needed=needed),
    Status.BLOCKED: lambda needed: Reason("{needed}, which was blocked", needed=needed),
}
"""Reasons of a blocked step, by the status of the step that should have bound the name."""


REUSABLE = (Status.PASSED, Status.XFAILED)
"""Statuses that do not depend on the line of the snippet."""


def at_place(outcome: Outcome, id: str, line: int) -> Outcome | None:
    """An outcome of the same code with its current id and line; None if its texts may contain the old line number."""
    if (id, line) == (outcome.id, outcome.line):
        return outcome
    if line != outcome.line and (outcome.outcome not in REUSABLE or _names_its_line(outcome)):
        return None
    return replace(outcome, id=id, line=line)


def _names_its_line(outcome: Outcome) -> bool:
    """Whether the output may name a line of the page: it then contains the page's name."""
    name = outcome.path.rpartition("/")[2]
    return name in outcome.stdout or name in (outcome.message or "") or outcome.traceback_line is not None


def by_place(outcomes: list[Outcome]) -> list[Outcome]:
    """Sorted as in every output: path, line, device."""
    return sorted(outcomes, key=lambda o: (o.path, o.line, o.device, o.id))


def outcome_of(
    job: Job,
    step: Step,
    status: Status,
    *,
    reason: str | None = None,
    message: str | None = None,
    line: int | None = None,
    seconds: float = 0.0,
    stdout: str = "",
    printed: tuple[Printed, ...] = (),
    compared: tuple[Compared, ...] | None = None,
) -> Outcome:
    """An outcome of a step. With status error and no message, the reason becomes the message. Without ``compared``,
    all expectations are marked as not compared for the step's reason."""
    if status in (Status.FAILED, Status.ERROR) and message is None:
        message = reason
    if compared is None:
        why = {Status.SKIPPED: "skipped", Status.BLOCKED: "blocked"}.get(status, "the snippet failed")
        compared = tuple(
            Compared(want.line - step.line, Comparison.NOT_COMPARED, want.why_not or why) for want in step.expects
        )
    return Outcome(
        id=step.id,
        path=job.path,
        line=step.line,
        device=step.device,
        outcome=status,
        reason=reason,
        seconds=seconds,
        stdout=stdout,
        message=message,
        traceback_line=line,
        printed=printed,
        compared=compared,
        source=step.source,
    )


def skipped(job: Job, step: Step) -> Outcome:
    """The outcome of a step that is known not to run."""
    return outcome_of(job, step, Status.ERROR if step.missing_is_error else Status.SKIPPED, reason=step.skip)


def blocked(job: Job, step: Step, broken: Mapping[str, tuple[Step, Outcome]]) -> Outcome | None:
    """The outcome of a step that reads one of the ``broken`` names, each given with the step that should have bound
    it; None if it reads none."""
    for name in step.uses:
        if name in broken:
            culprit, what = broken[name]
            needed = Reason("needs {name} from {snippet}", name=name, snippet=f"#{culprit.name}")
            return outcome_of(job, step, Status.BLOCKED, reason=_ENDED[what.outcome](needed))
    return None
