"""Ends a process together with the process that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

_VARIABLE = "KB_STARTED_BY"
_PR_SET_PDEATHSIG = 1


def environment() -> Mapping[str, str]:
    """The environment for a process of kb that should end with this one."""
    return {**os.environ, _VARIABLE: str(os.getpid())}


def end_with_starter() -> None:
    """If the environment says so, makes the system send SIGTERM to this process when its starter ends. Only on
    Linux; elsewhere the process continues if its starter is killed."""
    starter = os.environ.pop(_VARIABLE, "")
    if not starter or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(starter):  # the starter has ended in between
        os.kill(os.getpid(), signal.SIGTERM)
