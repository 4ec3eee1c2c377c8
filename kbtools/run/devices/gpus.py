"""Allocates GPUs to sessions across processes: each GPU serves one session at a time.

Sessions that share a GPU can run out of its memory for reasons that have nothing to do with the page.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from kbtools.state.lock import take

_WAIT = 0.05


class Slots:
    """GPUs, held until ``close``, or until the process that holds them ends."""

    def __init__(self, held: Mapping[int, IO[bytes]]) -> None:
        self.numbers = tuple(held)
        self._locks = tuple(held.values())

    @classmethod
    def take(cls, folder: Path, count: int, wanted: int = 1) -> Slots:
        """Waits for ``wanted`` of ``count`` GPUs and allocates them at once. ``folder`` is shared by all processes
        of the run."""
        while True:
            held: dict[int, IO[bytes]] = {}
            for number in range(max(1, count)):
                lock = _locked(folder / f"gpu-{number}.lock")
                if lock is not None:
                    held[number] = lock
                if len(held) == max(1, min(wanted, count)):
                    return cls(held)
            # Waiting for more GPUs while holding some could deadlock two sessions.
            for lock in held.values():
                lock.close()
            time.sleep(_WAIT)

    def visible(self) -> str:
        """``CUDA_VISIBLE_DEVICES`` for these GPUs, within those that the user has made visible."""
        given = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
        return ",".join(given[n] if n < len(given) else str(n) for n in self.numbers)

    def close(self) -> None:
        for lock in self._locks:
            lock.close()


def _locked(file: Path) -> IO[bytes] | None:
    """The file with its lock held, or None if another process holds the lock."""
    lock = file.open("ab")
    if take(lock.fileno(), wait=False):
        return lock
    lock.close()
    return None
