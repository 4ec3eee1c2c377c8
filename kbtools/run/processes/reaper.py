"""Ends workers in the background, because that takes longer than most pages take to run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue

_WAITING = 2
"""Tasks that may wait. More means that ending takes longer than running, and whoever starts sessions has to wait."""


class Reaper:
    """Does tasks one after the other, in a thread that is there when there is something to do."""

    def __init__(self) -> None:
        self._tasks: Queue[Callable[[], None] | None] = Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._finished = False
        self._problem: Exception | None = None

    def do(self, task: Callable[[], None]) -> None:
        """Have it done soon; at once, in the caller's thread, after ``finish``."""
        with self._lock:
            if not self._finished:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="kb-background", daemon=True)
                    self._thread.start()
                self._tasks.put(task)
                return
        task()

    def finish(self) -> None:
        """Wait until all is done. Raises what a task raised, the last one if more did."""
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
