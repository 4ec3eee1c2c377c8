"""Flushing a whole file system in one call: syncfs(2), where it can be relied on."""

from __future__ import annotations

import ctypes
import os
import sys

_TRUSTED = {0xEF53: "ext4", 0x58465342: "XFS", 0x9123683E: "btrfs", 0xF2F52010: "F2FS", 0x01021994: "tmpfs"}
"""By the number statfs(2) gives. Elsewhere (FUSE, some networks) the call may return before the data is safe."""
_SINCE = (5, 8)
"""The Linux that began to report, by this call too, what could not be written."""


def can_flush(folder: str) -> bool:
    """Whether ``flush`` makes durable what lies in a folder, and tells when it could not."""
    if sys.platform != "linux":
        return False
    release = tuple(int(part) for part in os.uname().release.split(".")[:2] if part.isdecimal())
    if release < _SINCE:
        return False
    status = (ctypes.c_long * 64)()  # struct statfs, of which the first member is asked; 120 bytes at most
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(folder), status) != 0:
        return False
    return (status[0] & 0xFFFFFFFF) in _TRUSTED


def flush(descriptor: int) -> None:
    """Flush the file system that an open file or folder lies on: every file of it, and every folder. Raises OSError
    when any of what was written since that was opened could not be."""
    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
