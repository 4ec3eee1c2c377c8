"""Runs a session again under other conditions, to find output that differs between any two runs.

Output that differs from what a page shows may be a date, a duration, an address, a path, an unseeded random number or
the order of a set. Such output also differs between two runs with different seeds, dates, folders and hashes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from kbtools.errors import KbError
from kbtools.run.grading.comparison import ActualOutput, OtherRun, output_of
from kbtools.run.grading.grade import printed_of
from kbtools.run.job import Job, Step
from kbtools.run.processes.launchers import Launcher
from kbtools.run.processes.process import ProcessSettings, Reply, WorkerProcess
from kbtools.run.results.outcomes import Comparison, Outcome, Printed
from kbtools.run.worker.other_conditions import ELSEWHERE, MACHINE, PROMPT, SEEDS_APART, WIDE

VARIES = "changes from run to run"
CONTINUES = "continues random numbers that an earlier snippet has seeded"
OF_MACHINE = "changes from machine to machine"
OF_PROMPT = "differs at Python's prompt"
ALONE = "an earlier snippet of the page changes it"
_EXCUSES = {MACHINE: OF_MACHINE, PROMPT: OF_PROMPT, WIDE: OF_MACHINE}
_SEVERAL = (6, 7, 8, 9)
"""Numbers of further runs if random values are drawn or threads run, because two runs may be equal by chance."""
_ORDERS = 10
"""The run with other hash seeds, in a fresh interpreter."""
_DRAWS = re.compile(r"(?i)rand|shuffle|choice|sample|secrets|uuid")
_RACES = re.compile(
    r"\b(?:Thread|ThreadPool|threading|futures|multiprocessing|to_thread|run_in_executor"
    r"|as_completed|asyncio\.wait|all_tasks)\b"
)
_SEEDS = re.compile(r"seed\w*\(|default_rng|RandomState")
_WRAPS = re.compile(r"pprint|printing|argparse|terminal")
"""Code whose output depends on the width of the terminal."""
_ASKS = re.compile(
    r"version|sizeof|platform|cpu_count|cuda|getpreferredencoding|\b(?:help|dir)\(|maxsize|getrecursionlimit"
    r"|implementation|executable|prefix|__file__|__path__|__spec__|__loader__|__subclasses__|sys\.path"
    rf"|sysconfig|inspect|kwlist|encoding|{_WRAPS.pattern}"
)
_INSTALLED = re.compile(rf"(?:{re.escape(sys.prefix)}|{re.escape(sys.base_prefix)})(?!\w)")
"""Where Python is, on this machine."""
_SETS = re.compile(r"\b(?:frozen)?set\(|\{[^{}:]*,[^{}:]*\}")
_AT_PROMPT = re.compile(r"\bis\b|\b(?:id|globals|locals|vars|dir)\(")
"""Code that asks whether two names refer to the same object, or for the variables of the program."""
_GOES_ON = re.compile(r">>>|\bIn ?\[|\bexcept\b|\bsuppress\(|\b(?:globals|locals|vars|dir|hasattr)\(")
"""Code that may go on where a name of an earlier snippet is missing: other code ends there."""
_QUICK = 10.0
"""Sessions that take longer (seconds) are run only once under each condition."""
_LEAST, _TIMES = 20.0, 10.0
"""A step may take so many seconds more, and so many times as long, as the session's first run took: what waits for
something that is not there in another run would wait until its time limit."""


class OtherRuns:
    """The other runs of a session, each in a worker that is started at the first difference and then continues."""

    def __init__(self, job: Job, launcher: Launcher, settings: ProcessSettings, environment: Mapping[str, str]) -> None:
        self._job, self._launcher, self._settings, self._environment = job, launcher, settings, environment
        self._runs: dict[int, _Run] = {}

    def of(self, step: Step, before: Sequence[tuple[Step, Outcome]], seconds: float) -> Iterator[OtherRun]:
        """The output of a step in other runs, as often as may be informative. ``seconds`` is the duration of the
        session."""
        code = "\n".join([*(earlier.code for earlier, _ in before), step.code])
        seeded = _SEEDS.search(code[: len(code) - len(step.code)]) is not None
        quick = seconds < _QUICK
        step = replace(step, timeout=min(step.timeout, _LEAST + _TIMES * seconds))
        numbers = [1]
        numbers += _SEVERAL if quick and (_DRAWS.search(code) or _RACES.search(code)) else ()
        numbers += SEEDS_APART if quick and seeded else ()
        numbers += [_ORDERS] if _SETS.search(code) else ()
        numbers += [MACHINE] if _ASKS.search(code) else ()
        numbers += [WIDE] if _WRAPS.search(code) else ()
        numbers += [PROMPT] if _AT_PROMPT.search(code) else ()
        for number in numbers:
            if number not in self._runs:
                launcher = self._launcher.fresh() if number == _ORDERS else self._launcher
                self._runs[number] = _Run(self._job, launcher, self._settings, self._environment, number)
            run = self._runs[number]
            output = run.given(step, before)
            if output is not None:
                apart = number in SEEDS_APART
                excuse = CONTINUES if apart else _EXCUSES.get(number, VARIES)
                output = _replaced(_INSTALLED if number == MACHINE else _now(), output)
                yield OtherRun(output, excuse, if_none_agrees=apart, agreed=run.agreed)
        if before and (not step.uses or _GOES_ON.search(step.code)):
            alone = _Run(self._job, self._launcher, self._settings, self._environment, 1)
            output = alone.given(step, ())
            alone.close()
            if output is not None:
                yield OtherRun(output, ALONE, if_none_agrees=False, agreed=False, alone=True)

    def close(self) -> None:
        """Ends the workers."""
        for run in self._runs.values():
            run.close()


class _Run:
    """A worker that repeats a session up to a given step."""

    def __init__(
        self, job: Job, launcher: Launcher, settings: ProcessSettings, environment: Mapping[str, str], number: int
    ) -> None:
        self._job, self._launcher, self._settings, self._environment = job, launcher, settings, environment
        self._number = number
        self._worker: WorkerProcess | None = None
        self._done = 0
        self._lost = False
        self.agreed = False
        """Output of an earlier step agreed with the page and differs here."""

    def given(self, step: Step, before: Sequence[tuple[Step, Outcome]]) -> ActualOutput | None:
        """The output of a step in this run, after the steps before it; None if it does not run to its end."""
        try:
            reply = None if self._lost else self._run(step, before)
        except (KbError, OSError):
            reply = None
        if reply is None or reply.message is None:
            self._lost = True
            return None
        error = reply.message.get("error")
        if error and ELSEWHERE in error["message"]:
            return ActualOutput(ELSEWHERE, printed_of(reply.message), whole=False)  # a file is missing here
        if error:
            self._lost = True
            return None
        return ActualOutput(reply.stdout, printed_of(reply.message), stderr=reply.stderr)

    def _run(self, step: Step, before: Sequence[tuple[Step, Outcome]]) -> Reply | None:
        if self._worker is None:
            number = self._number
            self._worker = WorkerProcess(self._job, self._launcher, self._settings, self._environment, changed=number)
        for earlier, outcome in before[self._done :]:
            reply = self._worker.run(earlier)
            if reply.message is None:
                return None
            here = ActualOutput(reply.stdout, printed_of(reply.message))
            self.agreed = self.agreed or _differs_where_equal(earlier, outcome, here)
        self._done = len(before)
        reply = self._worker.run(step)
        self._done += 1
        return reply

    def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            with suppress(OSError):
                worker.close()


def _now() -> re.Pattern[str]:
    """The time of today, which programs that are not written in Python tell: their clocks are not changed."""
    days = {datetime.now(zone).date().isoformat() for zone in (None, UTC)}
    return re.compile(rf"(?:{'|'.join(days)})[ T][0-9]{{2}}:[0-9]{{2}}")


def _replaced(what: re.Pattern[str], output: ActualOutput) -> ActualOutput:
    """The output with other text where a pattern matches: where Python is installed in another folder, or later."""

    def other(text: str) -> str:
        return what.sub(f"/{ELSEWHERE}", text)

    printed = [
        Printed(
            one.statement,
            tuple(map(other, one.texts)),
            tuple(forms and (other(forms[0]), other(forms[1])) for forms in one.values),
        )
        for one in output.printed
    ]
    return ActualOutput(other(output.stdout), printed, output.whole, other(output.stderr))


def _differs_where_equal(step: Step, outcome: Outcome, here: ActualOutput) -> bool:
    first = ActualOutput(outcome.stdout, outcome.printed)
    return any(
        compared.state is Comparison.EQUAL and output_of(want, first) != output_of(want, here)
        for want, compared in zip(step.expects, outcome.compared, strict=False)
    )
