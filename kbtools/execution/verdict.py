"""The outcome of a step as such, and where nothing need be run to know it: it is skipped, or waits for what was."""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.execution.job import Job, Step
from kbtools.execution.outcomes import Compared, Comparison, Outcome, Printed, Status


def outcome(
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
    """An outcome of a step. A status of error without a message takes the reason for one.

    Where nothing is ``compared``, every expectation is not compared for the step's own reason.
    """
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
    )


def skipped(job: Job, step: Step) -> Outcome:
    """The outcome of a step of which is known beforehand that it does not run."""
    return outcome(job, step, Status.ERROR if step.missing_is_error else Status.SKIPPED, reason=step.skip)


def blocked(job: Job, step: Step, broken: Mapping[str, tuple[Step, Outcome]]) -> Outcome | None:
    """The outcome of a step that reads a broken name, each with the step that should have bound it; else None."""
    for name in step.uses:
        if name in broken:
            culprit, what = broken[name]
            state = {"failed": "failed", "error": "ended in an error"}.get(
                what.outcome.value, f"was {what.outcome.value}"
            )
            return outcome(job, step, Status.BLOCKED, reason=f"needs {name} from #{culprit.name}, which {state}")
    return None
