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
    keep: Callable[[T, Result], None] = lambda task, result: None,
) -> list[tuple[bool, Result | None]]:
    """The results of tasks in their order, and whether another process did them. What fails in another process is done
    here again, so that it fails here. ``step`` is told before each task of this process how many are done, and of how
    many; ``keep`` gets each result as soon as it is here."""
    members = max(1, min(processes(), len(tasks) // FEW))
    if sys.platform != "linux" or threading.active_count() > 1:
        members = 1
    # Sorted by length and distributed in turns, so that every process has about the same amount of work.
    order = sorted(range(len(tasks)), key=lambda at: -size(tasks[at]))
    found: list[tuple[bool, Result | None]] = [(False, None)] * len(tasks)
    failed: list[int] = []

    def do(at: int) -> None:
        result = work(tasks[at])
        found[at] = False, result
        if result is not None:
            keep(tasks[at], result)

    def take(arrived: Sequence[tuple[int, Result | None]]) -> int:
        for at, result in arrived:
            if result is None:
                failed.append(at)
            else:
                found[at] = True, result
                keep(tasks[at], result)
        return len(arrived)

    def share(team: Team) -> None:
        own = order[team.number :: members]
        if team.number:
            team.hand_over((at, _attempted(work, tasks[at])) for at in own)
        taken = 0
        for number, at in enumerate(own):
            step(number + taken, len(tasks))
            do(at)
            taken += take(team.arrived(wait=False))
        while arrived := team.arrived(wait=True):
            take(arrived)

    work_together(members, share)
    for at in failed:
        do(at)
    return found


def _attempted(work: Callable[[T], Result | None], task: T) -> Result | None:
    try:
        return work(task)
    except Exception:  # noqa: BLE001 - a plugin or template may raise anything; the first process meets it itself
        return None
