"""Runs a session again under other conditions, to find output that differs between any two runs.

Output that differs from what a page shows may be a date, a duration, an address, a path, or an unseeded random number.
Such output also differs between two runs with different seeds, dates and folders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from kbtools.errors import KbError
from kbtools.run.grading import ActualOutput, printed_of
from kbtools.run.job import Job, Step
from kbtools.run.processes.launchers import Launcher
from kbtools.run.processes.process import ProcessSettings, Reply, WorkerProcess


class SecondRun:
    """A second worker for a session, started at the first difference; it repeats the session up to a given step."""

    def __init__(self, job: Job, launcher: Launcher, settings: ProcessSettings, environment: Mapping[str, str]) -> None:
        self._job, self._launcher, self._settings, self._environment = job, launcher, settings, environment
        self._worker: WorkerProcess | None = None
        self._done = 0
        self._lost = False

    def given(self, step: Step, before: Sequence[Step]) -> ActualOutput | None:
        """The output of a step here, after the steps before it; None when it does not run to its end."""
        try:
            reply = None if self._lost else self._run(step, before)
        except (KbError, OSError):
            reply = None
        if reply is None or reply.message is None or reply.message.get("error"):
            self._lost = True
            return None
        return ActualOutput(reply.stdout, printed_of(reply.message))

    def _run(self, step: Step, before: Sequence[Step]) -> Reply | None:
        if self._worker is None:
            self._worker = WorkerProcess(self._job, self._launcher, self._settings, self._environment, changed=True)
        for earlier in before[self._done :]:
            if self._worker.run(earlier).message is None:
                return None
        self._done = len(before) + 1
        return self._worker.run(step)

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with suppress(OSError):
                worker.close()
