"""Locks on open files, which the system releases when their holder ends for any reason (flock; a byte on Windows)."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    def take(descriptor: int, *, wait: bool) -> bool:
        """Lock a file for this process alone; False where another holds it. Raises OSError without locks.

        The locked byte is far after the text, so other processes can still read the text.
        """
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:  # LK_LOCK gives up after ten seconds
                    return False
            else:
                return True

else:
    import fcntl

    def take(descriptor: int, *, wait: bool) -> bool:
        """Lock a file for this process alone; False where another holds it. Raises OSError without locks."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
