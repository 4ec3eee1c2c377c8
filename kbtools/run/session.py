"""Session as its parent sees it: sends steps to a worker, enforces time limits, grades the replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from kbtools.errors import KbError
from kbtools.run.devices.gpus import Slots
from kbtools.run.grading import grade as grading
from kbtools.run.grading.comparison import OtherRun
from kbtools.run.grading.second_run import OtherRuns
from kbtools.run.job import Job, Step
from kbtools.run.page_files import PageFiles
from kbtools.run.processes.launchers import Launcher
from kbtools.run.processes.process import ProcessSettings, Reply, WorkerProcess
from kbtools.run.results.outcomes import Outcome, Status, blocked, outcome_of, skipped

__all__ = ["ProcessSettings", "Session"]

_UNDEFINED = re.compile(r"NameError: name '(\w+)' is not defined")
_ENDED = (Status.PASSED, Status.XFAILED, Status.REHEARSED)


class Session:
    """Runs a job's steps in order, in one worker; after a crash, in a new one that has repeated the earlier steps."""

    def __init__(
        self,
        job: Job,
        launcher: Launcher | None,
        settings: ProcessSettings | None = None,
    ) -> None:
        """``launcher`` may be None for a job without steps to run."""
        self.job = job
        self.launcher = launcher
        self.settings = settings or ProcessSettings()
        self._worker: WorkerProcess | None = None
        self._history: list[tuple[Step, Outcome, bool]] = []
        self._lost: KbError | None = None
        self._broken: dict[str, tuple[Step, Outcome]] = {}
        self._unfinished: dict[str, tuple[Step, Outcome]] = {}
        """Names bound by failed steps; snippets that use them may print something else."""
        self._outcomes = self._run()
        self._gpu: Slots | None = None
        self._again: OtherRuns | None = None
        self._unknown: tuple[Step, Outcome] | None = None
        """The last step that did not run to its end and may define names that static analysis cannot determine."""
        self._seconds = 0.0
        self.protections: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Outcome]:
        """The reported outcomes, as they become available. The worker ends after the last one."""
        return self._outcomes

    def close(self) -> None:
        """End the worker and remove its folder, possibly in the background. May be called repeatedly, at any time."""
        worker, self._worker = self._worker, None
        again, self._again = self._again, None
        gpu, self._gpu = self._gpu, None

        def end() -> None:
            if worker is not None:
                worker.close()
            if again is not None:
                again.close()
            if gpu is not None:
                gpu.close()

        if self.launcher is not None and (worker or again or gpu):
            self.launcher.later(end)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> Iterator[Outcome]:
        try:
            for step in self.job.steps:
                outcome, intact, bound = self._step(step)
                self._remember(step, outcome, intact, bound)
                if step.reported:
                    yield outcome
        finally:
            self.close()

    def _step(self, step: Step) -> tuple[Outcome, Sequence[str], Sequence[str]]:
        """The outcome of a step; names it defines that are usable although it failed, and names it has bound."""
        if step.skip is not None:
            return skipped(self.job, step), (), ()
        waiting = blocked(self.job, step, self._broken)
        if waiting is not None:
            return waiting, (), ()
        try:
            reply = self._order(step)
        except KbError as problem:
            self.close()
            message = problem.message if problem.hint is None else f"{problem.message}\n{problem.hint}"
            return outcome_of(self.job, step, Status.ERROR, reason=problem.message, message=message), (), ()
        if reply.message is None:
            self.close()
            return grading.lost_worker_outcome(self.job, step, reply), (), ()
        found = grading.grade(self.job, step, reply, self._other_runs(step), self._is_in_vault)
        found = self._waits_for_unknown(step, found) or replace(found, protections=self.protections)
        if found.only_output_differs:
            found = blocked(self.job, step, self._unfinished) or found
        return found, reply.message.get("intact", ()), reply.message.get("bound", ())

    def _is_in_vault(self, name: str) -> bool:
        """Whether ``files=`` would find a file with this name."""
        if self.settings.vault is None or not name or name.startswith("/"):
            return False
        vault = Path(self.settings.vault)
        return PageFiles(vault, vault).of_fence(self.job.path, (name,))[1] is None

    def _waits_for_unknown(self, step: Step, outcome: Outcome) -> Outcome | None:
        """Outcome "blocked" for a step that failed on an undefined name that an unfinished earlier step may define."""
        lacks = _UNDEFINED.match(outcome.reason or "") if outcome.outcome is Status.FAILED else None
        if lacks is None or self._unknown is None:
            return None
        culprit, what = self._unknown
        how = "did not run" if what.outcome in (Status.SKIPPED, Status.BLOCKED) else "failed"
        reason = f"needs {lacks[1]}, which #{culprit.name} may define: it {how}"
        return outcome_of(self.job, step, Status.BLOCKED, reason=reason)

    def _other_runs(self, step: Step) -> Iterator[OtherRun]:
        """Output of a step in other runs of the session. None for accelerators (which other sessions wait for), with
        network access, or for slow sessions."""
        here = self.job.device == "cpu" and step.rehearse is None and not self.job.network
        if not here or self._seconds > step.timeout / 2:
            return
        if self._again is None:
            assert self.launcher is not None
            self._again = OtherRuns(self.job, self.launcher, self.settings, self._environment())
        yield from self._again.of(step, [(earlier, outcome) for earlier, outcome, _ in self._history], self._seconds)

    def _remember(self, step: Step, outcome: Outcome, intact: Sequence[str], bound: Sequence[str]) -> None:
        # A step that failed only by its output has run to its end, so its names are defined.
        complete = outcome.outcome in _ENDED or outcome.only_output_differs
        if self._worker is not None and step.skip is None and outcome.outcome is not Status.BLOCKED:
            self._history.append((step, outcome, complete))
        if complete:
            for name in step.defines:
                self._broken.pop(name, None)
                self._unfinished.pop(name, None)
        else:
            self._unfinished.update(dict.fromkeys(bound, (step, outcome)))
            if step.open:
                self._unknown = (step, outcome)
            for name in step.defines:
                if name not in intact:
                    self._broken[name] = (step, outcome)

    def _order(self, step: Step) -> Reply:
        if self._lost is not None:
            raise self._lost
        if self._worker is None:
            try:
                self._begin()
            except KbError as problem:
                self._lost = problem
                raise
        assert self._worker is not None
        reply = self._worker.run(step)
        if reply.lost:  # lost with the fork server, which the system may kill: retried once
            self.close()
            self._begin()
            reply = self._worker.run(step)
        self._seconds += reply.seconds
        return reply

    def _environment(self) -> dict[str, str]:
        # Code that picks the best available device must find this session's device.
        return {**dict(self.settings.environment), "CUDA_VISIBLE_DEVICES": ""}

    def _begin(self) -> None:
        """Start a worker and repeat the steps that ran before the last one died. Raises KbError when that fails."""
        assert self.launcher is not None
        environment = dict(self.settings.environment)
        if self.job.device == "cuda":
            if self._gpu is not None:  # held by a worker that died
                self._gpu.close()
            self._gpu = Slots.take(Path(self.settings.locks or self.launcher.folder), self.settings.gpus, self.job.gpus)
            environment["CUDA_VISIBLE_DEVICES"] = self._gpu.visible()
        else:
            # Code that picks the best available device must find this session's device.
            environment["CUDA_VISIBLE_DEVICES"] = ""
        self._worker = worker = WorkerProcess(self.job, self.launcher, self.settings, environment)
        self.protections = worker.protections
        for earlier, _, passed in self._history:
            again = worker.run(earlier)
            # A failed step is repeated for the names that it binds before it fails again.
            if again.message is None or (passed and again.message.get("error")):
                raise KbError(
                    f"the session was begun again after a crash, and #{earlier.name} did not run as before",
                    "give the snippet that ends the process the class .alone",
                )
