"""Writes files named on the command line (reports, notebooks, assets) atomically."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from pathlib import Path

from kbtools.state.lock import take


def write_output(file: Path, content: bytes) -> None:
    """Write a file, creating its folders. Raises OSError.

    If the command is killed or the disk is full, the previous file is kept. A temporary file left by a killed command
    is reused by the next. Concurrent writers take turns.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    place = Path(os.path.realpath(file))
    if place.exists() and not place.is_file():
        file.write_bytes(content)  # a pipe or a terminal
        return
    beside = place.with_name(f".kb-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]}.tmp")
    try:
        descriptor = _open_alone(beside)
    except PermissionError:
        if not place.is_file():
            raise
        place.write_bytes(content)  # in a folder that takes no new files
        return
    try:
        with os.fdopen(descriptor, "wb") as out:
            if place.is_file() and sys.platform != "win32":
                os.fchmod(descriptor, stat.S_IMODE(place.stat().st_mode))
            out.write(content)
            out.flush()
            os.fsync(descriptor)
            if sys.platform != "win32":
                beside.replace(place)  # before the lock is released
        if sys.platform == "win32":
            beside.replace(place)  # Windows refuses this for an open file
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _open_alone(beside: Path) -> int:
    """Create an empty temporary file, locked against other processes where the file system supports locks."""
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        descriptor = os.open(beside, flags, 0o666)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                take(descriptor, wait=True)
            if not _is_still(beside, descriptor):
                os.close(descriptor)  # the one before put it in its place
                continue
            os.ftruncate(descriptor, 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(file), os.fstat(descriptor))
    except FileNotFoundError:
        return False
