"""Waiting until another process, thread or server has done something."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

LIMIT = 300.0
"""Seconds until a test gives up: far more than the busiest machine needs, less than ``timeout`` of pytest."""


def until(find: Callable[[], Found], what: str = "what is waited for") -> Found:
    """The first true value that ``find`` returns."""
    end = time.monotonic() + LIMIT
    while not (found := find()):
        assert time.monotonic() < end, f"{what} has not happened in {LIMIT:g} s"
        time.sleep(0.02)
    return found


def alive(marker: str) -> list[int]:
    """Processes whose command line holds a marker."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may end at any time
            if marker.encode() in (folder / "cmdline").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found
