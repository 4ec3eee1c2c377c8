"""Runs jobs side by side without pytest: for ``kb serve``, for tests, for whoever embeds kb."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from kbtools.execution.course import Course
from kbtools.execution.job import Job
from kbtools.execution.launchers import Launcher, default_launcher
from kbtools.execution.outcomes import Outcome, by_place
from kbtools.execution.session import Session, Settings
from kbtools.execution.store import Store


def run(
    jobs: Iterable[Job],
    launcher: Launcher | None = None,
    *,
    workers: int = 1,
    settings: Settings | None = None,
    store: Store | None = None,
    cached: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> tuple[Outcome, ...]:
    """The outcomes of all jobs, sorted by place. ``on_outcome`` sees each as it comes, from any thread, one at a time.

    A launcher given is not closed. Raises KbError when no worker can be started at all.
    """
    jobs = tuple(jobs)
    own = launcher is None and any(job.runs for job in jobs)
    used = launcher or (default_launcher() if own else None)
    lock = threading.Lock()
    stop = threading.Event()

    def one(job: Job) -> list[Outcome]:
        if stop.is_set():
            return []
        outcomes = []
        for outcome in outcomes_of(job, used, settings, store, cached=cached):
            outcomes.append(outcome)
            if on_outcome is not None:
                with lock:
                    on_outcome(outcome)
            if stop.is_set():
                break
        return outcomes

    found: list[Outcome] = []
    pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="kb-session")
    try:
        for future in as_completed([pool.submit(one, job) for job in jobs]):
            found += future.result()
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        if own and used is not None:
            # Ends the workers of sessions still under way, and so those threads.
            used.close()
        pool.shutdown(wait=True)
    return tuple(by_place(found))


def outcomes_of(
    job: Job, launcher: Launcher | None, settings: Settings | None, store: Store | None, *, cached: bool = False
) -> Iterable[Outcome]:
    """A job's outcomes: out of the store what holds and has passed, the rest by running it."""
    known = store.known(job) if store is not None and cached else {}
    course = Course(job, lambda part: Session(job, launcher, settings, part), known)
    try:
        for step in job.steps:
            if step.reported:
                yield course.outcome(step.id)
    finally:
        course.close()
    if store is not None:
        told = {**known, **course.fresh}
        store.save(job, (outcome for outcome in told.values() if not outcome.cached))


def threads_for(workers: int) -> int:
    """OpenMP threads for each of ``workers`` processes: together no more than the machine has cores."""
    return max(1, cores() // max(1, workers))


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
