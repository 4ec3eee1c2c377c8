"""Shares a list of tasks out among forks of this process, which have already read what the tasks need."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from kbtools.run.processes.parallel import Team, work_together

T = TypeVar("T")
Result = tuple[bytes, bytes]

FEW = 24
"""Tasks for which no other process is worth its start."""


def processes() -> int:
    """How many processes may work here: as many as there are processors for this one, or ``KB_JOBS``."""
    asked = os.environ.get("KB_JOBS", "")
    if asked.isdecimal():
        return max(1, int(asked))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def in_parallel(
    tasks: Sequence[T],
    work: Callable[[T], Result | None],
    size: Callable[[T], int],
    step: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[bool, Result | None]]:
    """The results of tasks in their order, and whether another process did them. What fails in another process is done
    here again, so that it fails here. ``step`` is told before each task how many are done, and of how many: the other
    processes are as far as this one."""
    members = max(1, min(processes(), len(tasks) // FEW))
    if sys.platform != "linux" or threading.active_count() > 1:
        members = 1
    # Sorted by length and distributed in turns, so that every process has about the same amount of work.
    order = sorted(range(len(tasks)), key=lambda at: -size(tasks[at]))
    found: list[tuple[bool, Result | None]] = [(False, None)] * len(tasks)

    def share(team: Team) -> list[list[tuple[int, Result | None]]]:
        own = order[team.number :: members]
        if team.number:
            return team.gather([(at, _attempted(work, tasks[at])) for at in own])
        for number, at in enumerate(own):
            step(number * members, len(tasks))
            found[at] = False, work(tasks[at])
        return team.gather([])

    for done in work_together(members, share):
        for at, result in done:
            found[at] = (True, result) if result is not None else (False, work(tasks[at]))
    return found


def _attempted(work: Callable[[T], Result | None], task: T) -> Result | None:
    try:
        return work(task)
    except Exception:  # noqa: BLE001 - a plugin or template may raise anything; the first process meets it itself
        return None
