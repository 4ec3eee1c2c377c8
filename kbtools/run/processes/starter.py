"""Ends a process with the one that started it, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

_VARIABLE = "KB_STARTED_BY"
_PR_SET_PDEATHSIG = 1


def environment() -> Mapping[str, str]:
    """The environment of a process of kb that is to end with this one."""
    return {**os.environ, _VARIABLE: str(os.getpid())}


def end_with_starter() -> None:
    """Where the environment says so, have the system send SIGTERM to this process when the one that started it ends.
    Only on Linux; elsewhere a starter that is killed leaves it running to its end."""
    starter = os.environ.pop(_VARIABLE, "")
    if not starter or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(starter):  # it has ended in between
        os.kill(os.getpid(), signal.SIGTERM)
