"""The sessions of a process that is asked for single outcomes, in any order: what the pytest plugin runs on."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kbtools.config import Project
from kbtools.execution import devices, verdict
from kbtools.execution.ahead import Ahead
from kbtools.execution.compile_cache import server_cache, session_cache
from kbtools.execution.course import Course
from kbtools.execution.job import DeviceRequest, Job, Step
from kbtools.execution.launchers import Launcher, default_launcher, remove
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
        launcher_given: Launcher | None = None,
        locks: str | None = None,
        devices: str | None = None,
        ahead: int = 1,
    ) -> None:
        """``workers`` processes like this one share the machine; ``ahead`` sessions are run side by side in this one.

        The latter needs ``launcher_given``, which is not closed here; ``locks`` is the folder of the run's GPU locks.
        """
        self.project, self.sandbox, self.cached, self.update, self.workers = project, sandbox, cached, update, workers
        self.store = Store(project.state) if cached or stored else None
        self.stored = stored
        self._kind, self._given, self._locks = launcher, launcher_given, locks
        self._launcher: Launcher | None = None
        self._settings: Settings | None = None
        self._courses: OrderedDict[str, Course] = OrderedDict()
        """Of the jobs something was asked of, until they are ended and their results kept."""
        self._done: dict[str, Outcome] = {}
        self._asked: dict[str, set[str]] = {}
        self._left: dict[str, int] = {}
        self._ahead: Ahead | None = None
        self._threads = ahead
        self._own_locks: str | None = None
        if devices is not None:
            os.environ[_DEVICES] = devices

    def available(self, request: DeviceRequest) -> dict[str, int]:
        """How many there are of each device; the machine is not asked when only the CPU is wanted."""
        return devices.available_for(request)

    def share(self, workers: int) -> dict[str, Any]:
        """What the pools of ``workers`` other processes of this run are to be made with."""
        if self._locks is None:
            self._locks = self._own_locks = tempfile.mkdtemp(prefix="kb-")
        return {"workers": workers, "locks": self._locks, "devices": devices.export()}

    def expect(self, steps: Iterable[tuple[Job, Step]]) -> None:
        """Say which steps will be asked for: a session ends after the last of them."""
        steps = tuple(steps)
        jobs = len({job.id for job, _ in steps})
        if self._threads > 1 and jobs > 1 and self._given is not None:
            self._ahead = Ahead([self._another() for _ in range(min(self._threads, jobs))], steps)
            return
        self._left, self._asked = {}, {}
        for job, step in steps:
            self._left[job.id] = self._left.get(job.id, 0) + 1
            self._asked.setdefault(job.id, set()).add(step.id)

    def outcome(self, job: Job, step: Step) -> Outcome:
        """The outcome of one step. What it needs and is not known is run first, what comes after it is not."""
        if self._ahead is not None:
            return self._ahead.outcome(job, step)
        left = self._left[job.id] = self._left.get(job.id, 1) - 1
        try:
            known = self._done.get(_key(job, step))
            if known is None and step.skip is not None:
                # Known beforehand: no reason to run what stands before it.
                known = verdict.skipped(job, step)
                self._course(job)
            if known is None:
                course = self._course(job)
                if not course.live:
                    self._make_room(job)
                self._courses.move_to_end(job.id)
                known = course.outcome(step.id)
            self._done[_key(job, step)] = known
            return known
        finally:
            if left <= 0:
                self._end(job.id)

    def close(self) -> None:
        """End all sessions and, if it is this pool's own, the fork server."""
        if self._ahead is not None:
            self._ahead.close()
        for job_id in tuple(self._courses):
            self._end(job_id)
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()
        if self._own_locks is not None:
            remove(Path(self._own_locks))
            self._own_locks = None

    def keep_nothing(self) -> None:
        """From here on results are not stored: what comes now is of sessions that were cut off."""
        self.store = None

    def _another(self) -> Pool:
        """A pool for one thread: threads share nothing but the store's files."""
        return Pool(
            self.project,
            launcher=self._kind,
            sandbox=self.sandbox,
            cached=self.cached,
            stored=self.stored,
            update=self.update,
            workers=self._threads,
            launcher_given=self._given,
            locks=self._locks,
        )

    @property
    def launcher(self) -> Launcher:
        if self._given is not None:
            return self._given
        if self._launcher is None:
            own = server_cache(self.project.state) if self.stored else ()
            fork = {"fork": True, "spawn": False}.get(self._kind)
            self._launcher = default_launcher(self.sandbox, fork=fork, environment=own)
        return self._launcher

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = Settings(
                locks=self._locks,
                threads=threads_for(self.workers),
                update=self.update,
            )
        return self._settings

    def _course(self, job: Job) -> Course:
        course = self._courses.get(job.id)
        if course is None:
            known = self.store.known(job) if self.store is not None and self.cached else {}

            def begin(part: Collection[int] | None) -> Session:
                return Session(job, self.launcher if job.runs else None, self._for(job), part)

            course = self._courses[job.id] = Course(job, begin, known, self._asked.get(job.id))
        return course

    def _make_room(self, job: Job) -> None:
        """Run to their end the sessions that may not wait beside another."""
        live = [course for course in self._courses.values() if course.live]
        # A GPU serves one session at a time: waiting for it while holding it would be for ever.
        held = [course for course in live if job.device != "cpu" and course.job.device != "cpu"]
        if len(live) >= LIVE:
            held.append(live[0])
        for course in held:
            course.finish()

    def _for(self, job: Job) -> Settings:
        settings = self.settings
        if self.stored and self.sandbox != "strict":
            writable, environment = session_cache(self.project.state, job)
            settings = replace(settings, writable=writable, environment=environment)
        return settings if job.device != "cuda" else replace(settings, gpus=devices.probe()["cuda"].count)

    def _end(self, job_id: str) -> None:
        course = self._courses.pop(job_id, None)
        if course is None:
            return
        course.close()
        if self.store is not None and self.stored:
            job = course.job
            steps = [step for step in job.steps if step.reported]
            told = (
                verdict.skipped(job, s)
                if s.skip is not None
                else course.fresh.get(s.id) or self._done.get(_key(job, s))
                for s in steps
            )
            try:
                self.store.save(job, [outcome for outcome in told if outcome is not None and not outcome.cached])
            except OSError as problem:
                self.store = None
                print(f"kb: results are not kept: {problem}", file=sys.stderr)


def _key(job: Job, step: Step) -> str:
    return f"{job.id} {step.id}"


_DEVICES = devices.VARIABLE
