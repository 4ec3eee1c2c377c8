"""Shares GPUs out among the sessions of a run, across its processes: a GPU serves one session at a time.

Side by side on one GPU, sessions run out of its memory for reasons that are not in the page.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import IO

_WAIT = 0.05


class Slot:
    """One GPU, held until ``close``, or until the process that holds it ends."""

    def __init__(self, number: int, lock: IO[bytes]) -> None:
        self.number = number
        self._lock = lock

    @classmethod
    def take(cls, folder: Path, count: int) -> Slot:
        """Wait for one of ``count`` GPUs. ``folder`` is common to all of the run."""
        import fcntl

        while True:
            for number in range(max(1, count)):
                lock = (folder / f"gpu-{number}.lock").open("ab")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    lock.close()
                else:
                    return cls(number, lock)
            time.sleep(_WAIT)

    def visible(self) -> str:
        """``CUDA_VISIBLE_DEVICES`` for this GPU, within what the user has made visible."""
        given = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
        return given[self.number] if self.number < len(given) else str(self.number)

    def close(self) -> None:
        self._lock.close()
