"""Periodically measures what a session's processes use together."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kbtools.run.usage.disk import Disk
from kbtools.run.usage.memory import used_together
from kbtools.run.usage.process_tree import descendants, suspended

_EVERY = 0.1
"""Seconds between measurements, and before the first: most snippets end sooner."""
_SHARE = 30
"""The time between measurements is at least this multiple of their duration, which bounds the processor time they
use."""


@dataclass(frozen=True, slots=True)
class Most:
    """Limits of a session."""

    processes: int
    memory: int | None
    """Bytes of all its processes together; None if the kernel enforces this limit."""
    disk: int
    """Bytes of its folder."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that was exceeded."""

    what: Literal["processes", "memory", "disk"]
    limit: int


class Watch:
    """Measures one session, by its first process and its folder."""

    def __init__(self, folder: Path, most: Most) -> None:
        self.most = most
        self.disk = Disk(folder)
        self._next = 0.0

    @staticmethod
    def works() -> bool:
        """Whether this system reports the memory of processes."""
        return sys.platform == "linux"

    def begin(self) -> None:
        """A snippet begins."""
        self._next = time.monotonic() + _EVERY

    def wait(self) -> float:
        """Seconds until the next measurement."""
        return max(0.0, self._next - time.monotonic())

    def look(self, pid: int) -> Exceeded | None:
        """The limit that a process and its descendants exceed, if a measurement is due."""
        started = time.monotonic()
        if started < self._next:
            return None
        found = self._exceeded(pid)
        now = time.monotonic()
        self._next = now + max(_EVERY, _SHARE * (now - started))
        return found

    def _exceeded(self, pid: int) -> Exceeded | None:
        most = self.most
        below = descendants(pid, most.processes)
        # The kernel's own limit does not apply to root.
        if len(below) > most.processes:
            return Exceeded("processes", most.processes)
        if most.memory is not None and used_together((pid, *below), most.memory) > most.memory:
            # While processes start and end, one page may have been counted for several of them.
            with suspended(pid) as together:
                if used_together(together, most.memory) > most.memory:
                    return Exceeded("memory", most.memory)
        if self.disk.used((pid, *below), most.disk) > most.disk:
            return Exceeded("disk", most.disk)
        return None
