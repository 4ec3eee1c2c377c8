"""Ends workers in the background, because that takes longer than most pages take to run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue

_WAITING = 2
"""Maximum number of waiting tasks. If there are more, ending takes longer than running, and starting sessions waits."""


class Reaper:
    """Runs tasks one after the other, in a thread that exists while there are tasks."""

    def __init__(self) -> None:
        self._tasks: Queue[Callable[[], None] | None] = Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._finished = False
        self._problem: Exception | None = None

    def do(self, task: Callable[[], None]) -> None:
        """Schedules a task; after ``finish`` it is run at once, in the caller's thread."""
        with self._lock:
            if not self._finished:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="kb-background", daemon=True)
                    self._thread.start()
                self._tasks.put(task)
                return
        task()

    def finish(self) -> None:
        """Waits until all tasks are done. Raises the exception of a task, the last one if there are several."""
        with self._lock:
            thread, self._thread, self._finished = self._thread, None, True
        if thread is not None:
            self._tasks.put(None)
            thread.join()
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception as problem:  # noqa: BLE001 - raised where it is waited for
                self._problem = problem
