"""Lists, suspends and kills the descendants of a process (Linux)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def stop_all(pid: int) -> None:
    """Kills a process and all its descendants, also while they fork: all are suspended before the first is killed."""
    for one in _suspend(pid):
        with suppress(OSError):
            os.kill(one, signal.SIGKILL)


@contextmanager
def suspended(pid: int) -> Iterator[list[int]]:
    """Suspends a process and all its descendants within the block; yields them, the process first."""
    running = _suspend(pid)
    try:
        yield [pid, *descendants(pid)]
    finally:
        for one in running:
            with suppress(OSError):
                os.kill(one, signal.SIGCONT)


def _suspend(pid: int) -> list[int]:
    """Suspends a process and all its descendants. Returns those that were not suspended before."""
    seen: set[int] = set()
    running = []
    while new := {pid, *descendants(pid)} - seen:
        for one in new:
            if _state(one) != b"T":
                running.append(one)
            with suppress(OSError):
                os.kill(one, signal.SIGSTOP)
        seen |= new
    return running


def kill_group(pid: int) -> None:
    """Kills a process and its group."""
    for kill in (os.killpg, os.kill):
        with suppress(OSError):
            kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Processes that the main thread of a process has started, and orphans that it has adopted."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()]
    return []


def descendants(pid: int, most: int | None = None) -> list[int]:
    """Living descendants of a process, if the system lists them (Linux); with ``most``, the search ends as soon as
    there are more."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        with suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                waiting += (children := [int(child) for child in (thread / "children").read_bytes().split()])
                found += children
        if most is not None and len(found) > 2 * most:
            break
    return [child for child in found if not _is_zombie(child)]


def _is_zombie(pid: int) -> bool:
    return _state(pid) in (b"Z", b"")


def _state(pid: int) -> bytes:
    """The state letter of proc(5); empty if the process has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    return b""
