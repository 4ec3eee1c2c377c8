"""Standard streams of a worker, and threads that still write to them after their snippet.

As in one Python program, an ``sys.stdout`` that a snippet replaced stays replaced, and stays open. Output of a
thread belongs to the snippet that started it: a snippet ends when its threads have ended.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import PurePath
from types import FrameType
from typing import Any

_STREAMS = (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace"))
_LOOK = 0.005
"""Seconds between checks whether threads have ended."""
_late: set[int] = set()
"""Threads whose snippet has ended: their output is discarded."""


class Stream(io.TextIOWrapper):
    """Line buffered, so that output of Python, C libraries and child processes keeps its order."""

    def __init__(self, number: int, errors: str) -> None:
        self.kb = number
        raw = _Lasting(io.FileIO(number, "wb", closefd=False))
        super().__init__(raw, encoding="utf-8", errors=errors, newline="\n", line_buffering=True)

    def write(self, text: str) -> int:
        return len(text) if _late and threading.get_ident() in _late else super().write(text)


class _Lasting(io.BufferedWriter):
    """Is not closed when a stream wrapped around it is deleted."""

    def close(self) -> None:
        with suppress(ValueError, OSError):
            self.flush()


def open_streams(out: int, err: int) -> None:
    """An empty standard input, and the two descriptors to write to."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    restore(out, err, intact=False)


def restore(out: int, err: int, *, intact: bool) -> None:
    """Restores the descriptors; also the streams if the snippet failed (not ``intact``) or left them unusable."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    for name, number, errors in _STREAMS:
        own = getattr(sys, f"__{name}__", None)
        if not (isinstance(own, Stream) and own.kb == number and _is_usable(own)):
            own = Stream(number, errors)
            setattr(sys, f"__{name}__", own)
        if not (intact and _is_usable(getattr(sys, name, None))):
            setattr(sys, name, own)


def _is_usable(stream: Any) -> bool:
    try:
        return not stream.closed and bool(stream.writable())
    except Exception:  # noqa: BLE001 - a stream of the page's own may do anything
        return callable(getattr(stream, "write", None)) and not hasattr(stream, "closed")


class Threads:
    """The threads that one snippet starts."""

    def __init__(self) -> None:
        self._before = {thread.ident for thread in threading.enumerate()}
        self._finished = False

    def finish(self, limit: float) -> None:
        """Wait up to ``limit`` seconds for threads other than daemons; after that, output of running threads is
        discarded."""
        if self._finished:
            return
        self._finished = True
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline and any(not thread.daemon for thread in self._busy()):
            time.sleep(_LOOK)
        _late.intersection_update(thread.ident for thread in threading.enumerate() if thread.ident is not None)
        _late.update(thread.ident for thread in self._busy() if thread.ident is not None)

    def _busy(self) -> list[threading.Thread]:
        frames = sys._current_frames()
        return [
            thread
            for thread in threading.enumerate()
            if thread.ident not in self._before
            and thread is not threading.current_thread()
            and (frame := frames.get(thread.ident or 0)) is not None
            and not _waits_for_others(frame)
        ]


def _waits_for_others(frame: FrameType) -> bool:
    """Whether a thread waits for input without a time limit: it has no unfinished work."""
    place = PurePath(frame.f_code.co_filename)
    if place.name == "threading.py" and frame.f_code.co_name in ("wait", "_wait_for_tstate_lock"):
        return frame.f_locals.get("timeout") in (None, -1)
    if place.name == "thread.py" and place.parent.name == "futures":
        return frame.f_code.co_name == "_worker"
    return place.name in ("selectors.py", "socket.py", "connection.py") and frame.f_code.co_name in (
        "select",
        "accept",
        "_recv",
        "recv_into",
        "readinto",
    )
