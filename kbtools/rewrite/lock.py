"""Lock of a vault: only one process rewrites at a time, and a killed process is detected."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from types import TracebackType

from kbtools.errors import KbError
from kbtools.state.lock import take

# unfinished() of another process takes the lock briefly to test whether it is held, so a failed attempt is retried.
PATIENCE = 0.25


class Lock:
    """The exclusive lock of one run.

    The file contains the process id while a run is in progress and is emptied at its end. A file with text whose lock
    is free therefore shows that a run was killed, without reading any manifest.

    Raises KbError, naming the process, when another one holds it, and OSError.
    """

    def __init__(self, path: str) -> None:
        self.settled = False
        """True when no run is unfinished: only then is the file emptied."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._wait(path)
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
            os.write(self._fd, f"{os.getpid()}\n".encode())
            os.fsync(self._fd)
        except BaseException:
            os.close(self._fd)
            raise

    def _wait(self, path: str) -> None:
        until = time.monotonic() + PATIENCE
        while not _try(self._fd, path):
            if time.monotonic() > until:
                holder = os.pread(self._fd, 32, 0).strip().decode("ascii", "replace") if hasattr(os, "pread") else ""
                who = f"process {holder}" if holder.isdigit() else "another process"
                raise KbError(
                    f"another kb ({who}) is rewriting this vault",
                    "wait until it has ended, then run the command again",
                )
            time.sleep(0.01)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.settled:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
        os.close(self._fd)


def _try(fd: int, path: str) -> bool:
    try:
        return take(fd, wait=False)
    except OSError as error:
        raise KbError(
            f"{path} cannot be locked: {error.strerror or error}",
            "the file system of the vault must support locks (for NFS, mount with local_lock=flock)",
        ) from error


def is_settled(path: str) -> bool | None:
    """State of the lock file: True if no run can be unfinished or a live process holds the lock, False if a process
    may have been killed, None if there is no lock file. Writes nothing."""
    try:
        fd = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if not os.read(fd, 1):
            return True
        return not _try(fd, path)  # closing the file releases the lock at once
    finally:
        os.close(fd)
