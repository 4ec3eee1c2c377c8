"""Removes a folder with all that a snippet may have left in it: of any depth, without permissions, full of links."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folder: Path) -> None:
    """Removes a folder. Nothing outside is touched: no link is followed, neither for removal nor for permissions.

    Folders in it are moved to its top before they are emptied, so that paths stay short and no call is recursive.
    """
    with suppress(OSError):
        top = _open(str(folder), None)
        try:
            _empty(top)
        finally:
            os.close(top)
        folder.rmdir()


def _empty(top: int) -> None:
    waiting = _clear(top)
    moved, mark = 0, secrets.token_hex(8)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            folder = _open(name, top)
            try:
                for below in _clear(folder):
                    moved += 1
                    _permit(below, folder)  # its entry for the folder above is written to
                    os.rename(below, f".{mark}-{moved}", src_dir_fd=folder, dst_dir_fd=top)
                    waiting.append(f".{mark}-{moved}")
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)


def _clear(folder: int) -> list[str]:
    """Removes everything but folders; returns the names of these."""
    folders = []
    for name in os.listdir(folder):
        with suppress(OSError):
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                folders.append(name)
            else:
                os.unlink(name, dir_fd=folder)
    return folders


def _open(name: str, above: int | None) -> int:
    """A descriptor of a folder that is made readable and writable. Raises OSError if it is not a folder."""
    with suppress(OSError):
        _permit(name, above)
    return os.open(name, _FOLDER, dir_fd=above)


def _permit(name: str, above: int | None) -> None:
    """Gives the owner all permissions for a folder. A link is not followed. Raises OSError."""
    if sys.platform != "linux":
        os.chmod(name, 0o700, dir_fd=above, follow_symlinks=False)
        return
    # Linux cannot change a mode without following links; a path-only descriptor (O_PATH) needs no permissions.
    place = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        os.chmod(f"/proc/self/fd/{place}", 0o700)  # noqa: PTH101
    finally:
        os.close(place)
