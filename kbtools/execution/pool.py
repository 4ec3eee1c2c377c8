"""The sessions of a process that is asked for single outcomes, in any order: what the pytest plugin runs on."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from kbtools.config import Project
from kbtools.execution import devices, judge
from kbtools.execution.compile_cache import compile_cache
from kbtools.execution.job import DeviceRequest, Job, Step
from kbtools.execution.launchers import ForkServerLauncher, Launcher, SpawnLauncher, default_launcher
from kbtools.execution.outcomes import Outcome
from kbtools.execution.runner import threads_for
from kbtools.execution.session import Session, Settings
from kbtools.execution.store import Store

LIVE = 8
"""Sessions kept waiting for their next step: each is a process."""


class Pool:
    """Gives the outcome of any step of any job, running each session once, its steps in order."""

    def __init__(
        self,
        project: Project,
        *,
        launcher: str = "auto",
        sandbox: str = "default",
        cached: bool = False,
        stored: bool = False,
        update: bool = False,
        workers: int = 1,
        server: str | None = None,
        devices: str | None = None,
    ) -> None:
        self.project, self.sandbox, self.cached, self.update, self.workers = project, sandbox, cached, update, workers
        self.store = Store(project.state) if cached or stored else None
        self.stored = stored
        self._kind, self._server = launcher, server
        self._launcher: Launcher | None = None
        self._settings: Settings | None = None
        self._live: OrderedDict[str, Session] = OrderedDict()
        self._done: dict[str, Outcome] = {}
        self._started: set[str] = set()
        self._left: dict[str, int] = {}
        self._open: dict[str, Job] = {}
        """Jobs something was asked of, until they are ended and their results kept."""
        self._known: set[str] = set()
        """Jobs whose outcomes were taken from the store."""
        if devices is not None:
            os.environ[_DEVICES] = devices

    def available(self, request: DeviceRequest) -> dict[str, bool]:
        """Availability by device; the machine is not asked when only the CPU is wanted."""
        return devices.available_for(request)

    def share(self, workers: int) -> dict[str, Any]:
        """What the pools of ``workers`` other processes of this run are to be made with."""
        launcher = self.launcher
        server = str(launcher.folder) if isinstance(launcher, ForkServerLauncher) else None
        return {"workers": workers, "server": server, "devices": devices.export()}

    def expect(self, steps: Iterable[tuple[Job, Step]]) -> None:
        """Say which steps will be asked for: a session ends after the last of them."""
        self._left = {}
        for job, _ in steps:
            self._left[job.id] = self._left.get(job.id, 0) + 1

    def outcome(self, job: Job, step: Step) -> Outcome:
        """The outcome of one step. The session's earlier steps are run first, those after it are not."""
        left = self._left[job.id] = self._left.get(job.id, 1) - 1
        self._open[job.id] = job
        try:
            if step.skip is not None:
                # Known beforehand: no reason to run what stands before it.
                return judge.skipped(job, step)
            if _key(job, step) not in self._done:
                self._advance(job, step)
            return self._done[_key(job, step)]
        finally:
            if left <= 0:
                self._end(job.id)

    def close(self) -> None:
        """End all sessions and, if it is this pool's own, the fork server."""
        for job_id in tuple(self._open):
            self._end(job_id)
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()

    @property
    def launcher(self) -> Launcher:
        if self._launcher is None:
            if self._server is not None:
                self._launcher = ForkServerLauncher.at(self._server)
            elif self._kind == "spawn":
                self._launcher = SpawnLauncher()
            else:
                self._launcher = default_launcher(fork=True if self._kind == "fork" else None)
        return self._launcher

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            writable, environment = compile_cache(self.project.state) if self.stored else ((), ())
            self._settings = Settings(
                sandbox=self.sandbox,
                threads=threads_for(self.workers),
                writable=writable,
                environment=environment,
                update=self.update,
            )
        return self._settings

    def _advance(self, job: Job, step: Step) -> None:
        session = self._live.get(job.id)
        if session is None:
            if job.id not in self._started and self._from_store(job):
                return
            session = self._begin(job)
        self._live.move_to_end(job.id)
        for outcome in session:
            self._keep(job, outcome)
            if outcome.id == step.id:
                break

    def _from_store(self, job: Job) -> bool:
        known = self.store.reusable(job) if self.store is not None and self.cached else None
        if known is None:
            return False
        for outcome in known:
            self._keep(job, outcome)
        self._known.add(job.id)
        return True

    def _begin(self, job: Job) -> Session:
        # A GPU serves one session at a time: waiting for it while holding it would be for ever.
        held = [id for id, session in self._live.items() if job.device != "cpu" and session.job.device != "cpu"]
        if len(self._live) >= LIVE:
            held.append(next(iter(self._live)))
        for id in dict.fromkeys(held):
            session = self._live[id]
            for outcome in session:
                self._keep(session.job, outcome)
            self._end(id)
        self._started.add(job.id)
        session = self._live[job.id] = Session(job, self.launcher if job.runs else None, self._for(job))
        return session

    def _for(self, job: Job) -> Settings:
        if job.device != "cuda":
            return self.settings
        from dataclasses import replace

        return replace(self.settings, gpus=devices.probe()["cuda"].count)

    def _keep(self, job: Job, outcome: Outcome) -> None:
        self._done[f"{job.id} {outcome.id}"] = outcome

    def _end(self, job_id: str) -> None:
        session = self._live.pop(job_id, None)
        if session is not None:
            session.close()
        job = self._open.pop(job_id, None)
        if job is not None and self.store is not None and self.stored and job_id not in self._known:
            steps = [step for step in job.steps if step.reported]
            outcomes = (judge.skipped(job, s) if s.skip is not None else self._done.get(_key(job, s)) for s in steps)
            try:
                self.store.save(job, [outcome for outcome in outcomes if outcome is not None])
            except OSError as problem:
                self.store = None
                print(f"kb: results are not kept: {problem}", file=sys.stderr)


def _key(job: Job, step: Step) -> str:
    return f"{job.id} {step.id}"


_DEVICES = devices.VARIABLE
