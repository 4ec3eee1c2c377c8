"""Grading: compares what a worker reports with what the page expects, and makes the outcome of a step."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from kbtools.fences.expected import expect
from kbtools.fences.python.hints import hint, missed, missing_file
from kbtools.fences.python.pycode import runnable
from kbtools.run.grading.comparison import ActualOutput, OtherRun, compare, reviewed
from kbtools.run.job import Job, Step
from kbtools.run.processes.process import Reply
from kbtools.run.processes.search import search_problem
from kbtools.run.results.figures import validated
from kbtools.run.results.outcomes import OUTPUT_DIFFERS, Outcome, Printed, Status, outcome_of
from kbtools.run.usage.watch import Exceeded
from kbtools.run.worker.multiprocessing_main import hint as pickling_hint
from kbtools.text.reason import Reason

PROGRAM_FAILED = "CalledProcessError"
"""The exception that ``raises`` names for a script that must end with an exit code other than 0, as in subprocess."""
_STDERR_SHOWN = 4000
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def grade(
    job: Job, step: Step, reply: Reply, again: Iterable[OtherRun] = (), is_there: Callable[[str], bool] | None = None
) -> Outcome:
    """The outcome of a step whose worker replied. Output that differs from the page and also between this run and
    another (``again``) is not compared. ``is_there`` tells whether the vault contains a file that a snippet did not
    find."""
    assert reply.message is not None
    drawn = reply.message.get("figures")
    found = _grade(job, step, reply, reply.message, again)
    name = missed(found.reason or "") if found.outcome is Status.FAILED and is_there is not None else None
    if name is not None and found.message is not None and is_there is not None and is_there(name):
        found = replace(found, message=found.message.replace(missing_file(name), missing_file(name, there=True)))
    return _shown(replace(found, figures=validated(drawn)) if drawn else found)


def _shown(outcome: Outcome) -> Outcome:
    """The outcome without terminal colours in its texts, and with other control characters as visible escapes."""
    reason, message = (text and expect.visible(_COLOUR.sub("", text)) for text in (outcome.reason, outcome.message))
    return replace(outcome, reason=reason, message=message)


def _grade(job: Job, step: Step, reply: Reply, message: dict[str, Any], again: Iterable[OtherRun]) -> Outcome:
    if message.get("skip"):
        return outcome_of(job, step, Status.SKIPPED, reason=message["skip"])
    printed = printed_of(message)
    error = message.get("error")
    if step.raises is not None and message.get("script"):
        error = message["error"] = _as_expected(step, reply, error)
        if error is None:
            message["expected"] = _ended(step, message, reply.stderr)
    if error is not None:
        return _failed(job, step, reply, error, printed)
    if message.get("executed") == 0 and message.get("expected") is None:
        return outcome_of(job, step, Status.ERROR, reason="it was reported as run, but none of it was executed")
    actual = ActualOutput(reply.stdout, printed, stderr=reply.stderr)
    checks = compare(step, actual, cut=reply.cut)
    if any(check.actual is not None for check in checks):
        checks = reviewed(step, checks, actual, again)
    status, reason, text, line = Status.PASSED, None, message.get("expected"), None
    wrong = [check for check in checks if check.actual is not None]
    if wrong:
        status, reason, line = Status.FAILED, OUTPUT_DIFFERS, wrong[0].line(step)
        text = _with_stderr("\n\n".join(check.description(step) for check in wrong), reply.stderr)
    elif step.rehearse is not None:
        status, reason = Status.REHEARSED, Reason("retargeted to {device}", device=step.rehearse)
    return outcome_of(
        job,
        step,
        status,
        reason=reason,
        message=text,
        line=line,
        seconds=reply.seconds,
        stdout=reply.stdout,
        printed=printed,
        compared=tuple(check.compared(step) for check in checks),
    )


def printed_of(message: Mapping[str, Any]) -> tuple[Printed, ...]:
    """Output and values of the observed statements, from a worker's reply."""
    found = []
    for line, column, times in message.get("printed", ()):
        values = tuple(None if form is None else (form, text or form) for _, form, text in times)
        found.append(Printed((line, column), tuple(text for text, _, _ in times), values))
    return tuple(found)


def lost_worker_outcome(job: Job, step: Step, reply: Reply) -> Outcome:
    """The outcome of a step whose worker did not reply."""
    found = re.findall(r'File "' + re.escape(job.path) + r'", line (\d+)', reply.trace)
    line = int(found[0]) if found else None
    at = f" (it was at line {line})" if line is not None else ""
    if reply.refused is not None:
        reason = f"tampered with: the message on kb's channel is not a reply of a worker ({reply.refused})"
    elif reply.exceeded is not None:
        reason = f"{_too_much(reply.exceeded)}{at}"
    elif reply.timed_out:
        reason = f"timed out after {step.timeout:g} s{at}"
    elif reply.exit is None:
        reason = "the process stopped answering"
    elif reply.exit < 0:
        reason = f"the process was killed: {_signal(-reply.exit)}{at}"
    else:
        reason = f"the process ended by itself with exit code {reply.exit}"
    outcome = outcome_of(
        job,
        step,
        Status.ERROR,
        reason=reason,
        message=_with_stderr(reason, reply.stderr),
        line=line,
        seconds=reply.seconds,
        stdout=reply.stdout,
    )
    return _shown(outcome)


def _failed(job: Job, step: Step, reply: Reply, error: dict[str, object], printed: tuple[Printed, ...]) -> Outcome:
    text = str(error["message"])
    line = error.get("line")
    status, reason = Status.FAILED, error.get("summary")
    if error.get("expected"):
        reason = error["expected"]
    if error.get("memory"):
        # The worker has no memory limit on other devices: the device's own memory is exhausted.
        where = f"limit {_size(step.memory)}" if job.device == "cpu" else f"of {job.device}"
        status, reason = Status.ERROR, f"out of memory ({where})"
    # The first line is a summary, for output that shows one line only.
    if reason:
        text = f"{reason}\n{text}"
    if error.get("config"):
        status, reason = Status.ERROR, text
    if error.get("script"):
        name = re.escape(str(error["script"]))
        # Line numbers as Python, bash and dash report them.
        found = [
            m[1] or m[2] for m in re.finditer(rf'File "{name}", line (\d+)|{name}: (?:line )?(\d+):', reply.stderr)
        ]
        line = int(found[-1]) if found else None
    advice = pickling_hint(f"{text}\n{reply.stderr}") or _advice(step, error, line, reply.stderr)
    return outcome_of(
        job,
        step,
        status,
        reason=str(reason) if reason else text.split("\n")[0],
        message=_with_stderr(text, reply.stderr) + (f"\n\n{advice}" if advice else ""),
        line=line if isinstance(line, int) else None,
        seconds=reply.seconds,
        stdout=reply.stdout,
        printed=printed,
    )


def _advice(step: Step, error: Mapping[str, object], line: object, stderr: str) -> str | None:
    """The hint for an exception raised in the snippet, or in a script it runs as."""
    raised = str(error.get("summary") or "")
    if error.get("script"):
        raised = next(
            (text for text in reversed(stderr.split("\n")) if re.match(r"[\w.]+(?:Error|Exception): ", text)), ""
        )
    if error.get("config") or error.get("expected") or not raised:
        return None
    return hint(raised, runnable(step.code)[0], line - step.line if isinstance(line, int) else None)


def _as_expected(step: Step, reply: Reply, error: dict[str, object] | None) -> dict[str, object] | None:
    """The error of a script or launched snippet with ``raises`` that did not fail as expected; None if it did."""
    raises = step.raises or ""
    name = raises.rpartition(".")[2]
    if error is None:
        return {"message": f"{raises} was expected, the program ended with exit code 0", "line": None}
    if error.get("config") or error.get("unseen"):
        return error
    complaint = None
    pattern = rf"(?m)^(?:\[rank\d+\]: ?)?(?:[\w.]+\.)?{re.escape(name)}(?::|$)"
    if name != PROGRAM_FAILED and re.search(pattern, reply.stderr) is None:
        complaint = f"{raises} was expected, the program's standard error names none"
    elif step.match is not None:
        complaint = search_problem(step.match, reply.stderr)
    return None if complaint is None else {**error, "expected": complaint}


def _ended(step: Step, message: dict[str, Any], stderr: str) -> str:
    """One line that describes an expected failure of a program."""
    name = (step.raises or "").rpartition(".")[2]
    lines = [line.strip() for line in stderr.split("\n") if line.strip()]
    named = [line for line in lines if name in line]
    last = (named or lines or [str(message.get("ended", ""))])[-1]
    return f"{name}: {last}" if name == PROGRAM_FAILED else last


def _with_stderr(text: str, stderr: str) -> str:
    stderr = stderr.strip("\n")
    if not stderr:
        return text
    if len(stderr) > _STDERR_SHOWN:
        stderr = "[…]" + stderr[-_STDERR_SHOWN:]
    return f"{text}\n\nstandard error:\n{stderr}"


def _signal(number: int) -> str:
    names = {
        signal.SIGSEGV: "segmentation fault",
        signal.SIGABRT: "aborted",
        signal.SIGKILL: "by the system, perhaps for its memory",
    }
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    description = names.get(signal.Signals(number))
    return f"{name}, {description}" if description else name


def _too_much(exceeded: Exceeded) -> str:
    if exceeded.what == "processes":
        return f"too many processes (limit {exceeded.limit})"
    if exceeded.what == "memory":
        return f"out of memory (limit {_size(exceeded.limit)} for all processes of the session together)"
    return f"too much written (limit {_size(exceeded.limit)} for the session's folder)"


def _size(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} bytes"
