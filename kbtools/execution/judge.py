"""From what a worker says to an outcome: the exception or the missing one, the output, the way a process ended."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kbtools.codefence import expect
from kbtools.execution.confine import MOST_PROCESSES
from kbtools.execution.figures import received
from kbtools.execution.job import Job, Step, Wanted
from kbtools.execution.outcomes import OUTPUT_DIFFERS, Compared, Comparison, Outcome, Printed, Status
from kbtools.execution.process import Reply
from kbtools.execution.respawn import hint
from kbtools.execution.verdict import outcome

PROGRAM_FAILED = "CalledProcessError"
"""What ``raises`` names where a program of its own is to end with an exit code other than 0, as subprocess does."""
_STDERR_SHOWN = 4000


def judge(job: Job, step: Step, reply: Reply) -> Outcome:
    """The outcome of a step whose worker answered."""
    assert reply.message is not None
    drawn = reply.message.get("figures")
    found = _judge(job, step, reply, reply.message)
    return replace(found, figures=received(drawn)) if drawn else found


def _judge(job: Job, step: Step, reply: Reply, message: dict[str, Any]) -> Outcome:
    if message.get("skip"):
        return outcome(job, step, Status.SKIPPED, reason=message["skip"])
    printed = tuple(_printed(entry) for entry in message.get("printed", ()))
    error = message.get("error")
    if step.raises is not None and message.get("script"):
        error = message["error"] = _as_expected(step, reply, error)
        if error is None:
            message["expected"] = _ended(step, message, reply.stderr)
    if error is not None:
        return _failed(job, step, reply, error, printed)
    if message.get("executed") == 0 and message.get("expected") is None:
        return outcome(job, step, Status.ERROR, reason="it was told as run, but none of it was executed")
    compared, problems = compare(step, reply.stdout, printed)
    status, reason, told, line = Status.PASSED, None, message.get("expected"), None
    if problems:
        status, reason, line = Status.FAILED, OUTPUT_DIFFERS, problems[0][0]
        told = _with_stderr("\n\n".join(text for _, text in problems), reply.stderr)
    elif step.rehearse is not None:
        status, reason = Status.REHEARSED, f"retargeted to {step.rehearse}"
    return outcome(
        job,
        step,
        status,
        reason=reason,
        message=told,
        line=line,
        seconds=reply.seconds,
        stdout=reply.stdout,
        printed=printed,
        compared=compared,
    )


def _printed(entry: Any) -> Printed:
    line, column, times = entry
    values = tuple(None if form is None else (form, text or form) for _, form, text in times)
    return Printed((line, column), tuple(text for text, _, _ in times), values)


def died(job: Job, step: Step, reply: Reply) -> Outcome:
    """The outcome of a step whose worker did not answer."""
    found = re.findall(r'File "' + re.escape(job.path) + r'", line (\d+)', reply.trace)
    line = int(found[0]) if found else None
    at = f" (it was at line {line})" if line is not None else ""
    if reply.outgrown:
        reason = f"out of memory (limit {_size(step.memory)}){at}"
    elif reply.crowded:
        reason = f"too many processes (limit {MOST_PROCESSES}){at}"
    elif reply.timed_out:
        reason = f"timed out after {step.timeout:g} s{at}"
    elif reply.exit is None:
        reason = "the process stopped answering"
    elif reply.exit < 0:
        reason = f"the process was killed: {_signal(-reply.exit)}{at}"
    else:
        reason = f"the process ended by itself with exit code {reply.exit}"
    return outcome(
        job,
        step,
        Status.ERROR,
        reason=reason,
        message=_with_stderr(reason, reply.stderr),
        line=line,
        seconds=reply.seconds,
        stdout=reply.stdout,
    )


def _failed(job: Job, step: Step, reply: Reply, error: dict[str, object], printed: tuple[Printed, ...]) -> Outcome:
    text = str(error["message"])
    line = error.get("line")
    status, reason = Status.FAILED, error.get("summary")
    if error.get("expected"):
        reason = error["expected"]
    if error.get("memory"):
        # No limit of memory is set for other devices: it is the device's that ran out.
        where = f"limit {_size(step.memory)}" if job.device == "cpu" else f"of {job.device}"
        status, reason = Status.ERROR, f"out of memory ({where})"
    # The first line says what is wrong, for those who show one line.
    if reason:
        text = f"{reason}\n{text}"
    if error.get("config"):
        status, reason = Status.ERROR, text
    if error.get("script"):
        name = re.escape(str(error["script"]))
        # Python's way to name a line, bash's and dash's.
        found = [
            m[1] or m[2] for m in re.finditer(rf'File "{name}", line (\d+)|{name}: (?:line )?(\d+):', reply.stderr)
        ]
        line = int(found[-1]) if found else None
    advice = hint(f"{text}\n{reply.stderr}")
    return outcome(
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


def _as_expected(step: Step, reply: Reply, error: dict[str, object] | None) -> dict[str, object] | None:
    """What is wrong with the way a program ended that is to fail: ``raises`` on a script or a launched snippet."""
    raises = step.raises or ""
    name = raises.rpartition(".")[2]
    if error is None:
        return {"message": f"{raises} was expected, the program ended with exit code 0", "line": None}
    if error.get("config"):
        return error
    complaint = None
    told = rf"(?m)^(?:\[rank\d+\]: ?)?(?:[\w.]+\.)?{re.escape(name)}(?::|$)"
    if name != PROGRAM_FAILED and re.search(told, reply.stderr) is None:
        complaint = f"{raises} was expected, the program's standard error names none"
    elif step.match is not None and re.search(step.match, reply.stderr) is None:
        complaint = f"it failed, but standard error does not match {step.match!r}"
    return None if complaint is None else {**error, "expected": complaint}


def _ended(step: Step, message: dict[str, Any], stderr: str) -> str:
    """How a program failed as it should, in a line."""
    name = (step.raises or "").rpartition(".")[2]
    lines = [line.strip() for line in stderr.split("\n") if line.strip()]
    named = [line for line in lines if name in line]
    last = (named or lines or [str(message.get("ended", ""))])[-1]
    return f"{name}: {last}" if name == PROGRAM_FAILED else last


def compare(
    step: Step, stdout: str, printed: Sequence[Printed]
) -> tuple[tuple[Compared, ...], tuple[tuple[int, str], ...]]:
    """What became of each expectation of a step that ran; the line and the diff of each that differs."""
    by_place = {one.statement: one for one in printed}
    compared, problems = [], []
    for want in step.expects:
        found = by_place.get(want.statement) if want.statement is not None else None
        why, actual = want.why_not, None
        if want.why_not is None:
            why, actual = _unlike(want, stdout, found)
        state = Comparison.NOT_COMPARED if why else Comparison.EQUAL if actual is None else Comparison.DIFFERENT
        compared.append(Compared(want.line - step.line, state, why))
        if state is Comparison.DIFFERENT:
            line = want.line if want.statement is None else step.line + want.statement[0]
            problems.append((line, f"line {line}: {expect.explain(want.text, actual or '')}"))
    return tuple(compared), tuple(problems)


def _unlike(want: Wanted, stdout: str, found: Printed | None) -> tuple[str | None, str | None]:
    """Why an expectation cannot be compared, or what was printed that is not as it says; neither where it holds."""
    if want.statement is None:
        return None, None if expect.matches(want.text, stdout) else stdout
    if found is None or not found.texts:
        return "never reached", None
    if holds(want, "".join(found.texts)):
        return None, None
    silent = want.value and not any(found.texts)
    if not silent:
        return None, next((text for text in found.texts if not holds(want, text)), None)
    values = [value for value in found.values if value is not None]
    if not values:
        return ("it has no value and prints nothing", None) if not want.marked else (None, "")
    wrong = next((value for value in values if not any(holds(want, form) for form in value)), None)
    if wrong is None:
        return None, None
    if not want.marked and not expect.same_kind(want.text, wrong[0]):
        return "the value is of another kind", None
    return None, wrong[0]


def holds(want: Wanted, text: str) -> bool:
    """Whether what was printed, or a value, is as an expectation says."""
    if want.marked:
        return expect.matches(want.text, text)
    return expect.agrees(want.text, text, short=want.short, value=want.value)


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
    told = names.get(signal.Signals(number))
    return f"{name}, {told}" if told else name


def _size(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} bytes"
