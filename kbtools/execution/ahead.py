"""Sessions side by side in one process: threads run them before they are asked for, in the order they will be.

A session is a process of its own already, and who waits for it sleeps: a thread is enough, where another process would
import pytest and read all pages once more.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol

from kbtools.execution.job import Job, Step
from kbtools.execution.outcomes import Outcome

MOST = 8
"""Sessions that one process leads at once; for more, its own part of the work would be what they wait for."""


class Pool(Protocol):
    """What each thread has to itself."""

    def expect(self, steps: Iterable[tuple[Job, Step]]) -> None: ...
    def outcome(self, job: Job, step: Step) -> Outcome: ...
    def close(self) -> None: ...
    def keep_nothing(self) -> None: ...


class Ahead:
    """Runs jobs in as many threads as there are pools."""

    def __init__(self, pools: Sequence[Pool], steps: Iterable[tuple[Job, Step]]) -> None:
        jobs: dict[str, list[tuple[Job, Step]]] = {}
        for job, step in steps:
            jobs.setdefault(job.id, []).append((job, step))
        self._pools = pools
        self._waiting = deque(jobs.values())
        self._outcomes: dict[tuple[str, str], Future[Outcome]] = {
            (job.id, step.id): Future() for asked in jobs.values() for job, step in asked
        }
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._lead, args=(pool,), daemon=True) for pool in pools]
        for thread in self._threads:
            thread.start()

    def outcome(self, job: Job, step: Step) -> Outcome:
        """Waits for it. Raises what running it raised, and KeyError for a step that was not among those given."""
        return self._outcomes[job.id, step.id].result()

    def close(self) -> None:
        """Start nothing more. Sessions under way, if it comes to that, end with the fork server and are not kept."""
        self._stopped.set()
        if all(future.done() for future in self._outcomes.values()):
            for thread in self._threads:
                thread.join()
        else:
            for pool in self._pools:
                pool.keep_nothing()

    def _lead(self, pool: Pool) -> None:
        while not self._stopped.is_set():
            try:
                steps = self._waiting.popleft()
            except IndexError:
                break
            pool.expect(steps)
            for job, step in steps:
                future = self._outcomes[job.id, step.id]
                try:
                    future.set_result(pool.outcome(job, step))
                except BaseException as problem:  # noqa: BLE001 - raised where it is asked for
                    future.set_exception(problem)
        pool.close()
