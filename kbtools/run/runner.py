"""Runner: answers sessions from the store, runs the others in parallel workers, stores results.

``kb run``, ``check``, ``build``, the pytest plugin and the workers of a Dask cluster all run snippets through this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from kbtools.run.devices import probe as devices
from kbtools.run.devices.host_info import cores
from kbtools.run.job import Job, RunOptions
from kbtools.run.processes.compile_cache import server_cache, session_cache
from kbtools.run.processes.launchers import ForkServerLauncher, Launcher, SpawnLauncher, forks
from kbtools.run.results.outcomes import Outcome, by_place
from kbtools.run.results.store import Store
from kbtools.run.session import ProcessSettings, Session


class Runner:
    """Runs sessions with one set of options. Thread-safe; call ``close`` when done."""

    def __init__(
        self,
        state: Path | None = None,
        options: RunOptions | None = None,
        *,
        launcher: Launcher | None = None,
        locks: str | None = None,
    ) -> None:
        """``state`` is the folder for results and compiled code; None stores none. A given ``launcher`` is used and
        not closed. ``locks`` is the folder of the locks on GPUs shared by several processes."""
        self.state, self.options = state, options or RunOptions()
        self.store = Store(state, sandbox=self.options.sandbox) if state is not None else None
        self.unkept: OSError | None = None
        """The error that prevented storing results, if any."""
        self._given = launcher
        self._launchers: dict[str, Launcher] = {}
        """Launchers by interpreter."""
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._settings = ProcessSettings(
            threads=max(1, cores() // max(1, self.options.workers)), vault=self.options.vault, locks=locks
        )

    def run(
        self,
        jobs: Iterable[Job],
        wanted: Callable[[str, str], bool] | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> tuple[Outcome, ...]:
        """The outcomes of jobs, sorted by position; with ``wanted``, only those it selects, by page and id.

        ``on_outcome`` receives each outcome as it arrives, from any thread, one at a time. Raises KbError if no
        worker can be started.
        """
        found: list[Outcome] = []
        to_run: list[tuple[Job, frozenset[str]]] = []
        for job in jobs:
            ids = frozenset(s.id for s in job.steps if s.reported and (wanted is None or wanted(job.path, s.id)))
            known = self._known(job, ids)
            if known is None:
                to_run.append((job, ids))
                continue
            found += known
            if on_outcome is not None:
                for outcome in known:
                    on_outcome(outcome)
        if self.store is not None:
            self._try(self.store.remember, self.store.pages.keys() - {job.path for job, _ in to_run})
        if to_run:
            found += self._run(to_run, on_outcome)
        return tuple(by_place(found))

    def _run(
        self, to_run: list[tuple[Job, frozenset[str]]], on_outcome: Callable[[Outcome], None] | None
    ) -> list[Outcome]:
        telling = threading.Lock()

        def one(job: Job, ids: frozenset[str]) -> list[Outcome]:
            outcomes = []
            for outcome in self._fresh(job, ids):
                if self._stopped.is_set():
                    break
                outcomes.append(outcome)
                if on_outcome is not None:
                    with telling:
                        on_outcome(outcome)
            return outcomes

        for python in {job.around.python for job, _ in to_run if job.runs}:
            self._start({name for job, _ in to_run for name in job.preload if job.around.python == python}, python)
        found: list[Outcome] = []
        threads = ThreadPoolExecutor(max(1, self.options.workers), thread_name_prefix="kb-session")
        try:
            for future in as_completed([threads.submit(one, job, ids) for job, ids in to_run]):
                found += future.result()
        except BaseException:
            self._stopped.set()
            threads.shutdown(wait=False, cancel_futures=True)
            self.close()  # kills the workers of running sessions, which ends these threads
            raise
        finally:
            threads.shutdown(wait=True)
        return found

    def outcomes(self, job: Job, ids: Collection[str]) -> Iterator[Outcome]:
        """The outcomes of steps of a job, in order; each step runs when its outcome is requested (lazily)."""
        known = self._known(job, ids)
        yield from self._fresh(job, ids) if known is None else known

    def close(self) -> None:
        """End all workers that this runner started."""
        with self._lock:
            launchers, self._launchers = self._launchers, {}
        for launcher in launchers.values():
            launcher.close()

    def _known(self, job: Job, ids: Collection[str]) -> list[Outcome] | None:
        if not ids:
            return []
        known = self.store.answer(job, ids) if self.store is not None and self.options.cached else None
        if known is None:
            return None
        self._keep(job, known.news)
        return known.outcomes

    def _fresh(self, job: Job, ids: Collection[str]) -> Iterator[Outcome]:
        """Runs a session from its start up to the last requested step."""
        last = max((at for at, step in enumerate(job.steps) if step.id in ids), default=-1)
        part = replace(job, steps=job.steps[: last + 1])
        ran: list[Outcome] = []
        try:
            launcher = self._start(part.preload, part.around.python) if part.runs else None
            with Session(part, launcher, self._settings_for(part)) as session:
                for outcome in session:
                    if self._stopped.is_set():
                        return  # the worker was killed to end the run: not a result
                    ran.append(outcome)
                    if outcome.id in ids:
                        yield outcome
        finally:
            self._keep(job, ran)

    def _start(self, preload: Collection[str], python: str) -> Launcher:
        if self._given is not None:
            return self._given
        with self._lock:
            if python not in self._launchers:
                if self.options.start == "spawn" or (self.options.start == "auto" and not forks()):
                    self._launchers[python] = SpawnLauncher(self.options.sandbox, python)
                else:
                    compiles = self.state is not None and "torch.compile" in preload
                    own = server_cache() if compiles else ()
                    self._launchers[python] = ForkServerLauncher(self.options.sandbox, sorted(preload), own, python)
            return self._launchers[python]

    def _settings_for(self, job: Job) -> ProcessSettings:
        settings = self._settings
        if self.state is not None:
            settings = replace(settings, hidden=(str(self.state.resolve()),))
        if self.state is not None and self.options.sandbox != "strict":
            writable, environment = session_cache(self.state, job)
            settings = replace(settings, writable=writable, environment=environment)
        return (
            settings if job.device != "cuda" else replace(settings, gpus=devices.probe(job.around.python)["cuda"].count)
        )

    def _keep(self, job: Job, outcomes: Collection[Outcome]) -> None:
        if self.store is not None and outcomes:
            self._try(self.store.save, job, outcomes)

    def _try(self, keep: Callable[..., None], *what: object) -> None:
        """Writes to the store. After the first failure, ``unkept`` holds the error and nothing more is written."""
        try:
            keep(*what)
        except OSError as problem:
            with self._lock:
                self.store, self.unkept = None, problem


def run(
    jobs: Iterable[Job],
    launcher: Launcher | None = None,
    options: RunOptions | None = None,
    *,
    state: Path | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> tuple[Outcome, ...]:
    """Runs jobs with a new runner: see ``Runner``."""
    runner = Runner(state, options, launcher=launcher)
    try:
        return runner.run(jobs, on_outcome=on_outcome)
    finally:
        runner.close()
