"""Unix sockets that other programs listen on (Linux): see unix(7) and proc(5).

Neither Landlock nor a system call filter can block connections to a path (a filter cannot read it), and DataLoader
workers need Unix sockets. So other programs' sockets are covered by mounts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_LISTED = "/proc/net/unix"


def named_sockets(below: Iterable[str]) -> tuple[str, ...]:
    """Paths of the sockets of this network namespace that are not ``below`` some folders."""
    others = tuple(f"{folder}/" for folder in below)
    found = []
    with suppress(OSError):
        for line in Path(_LISTED).read_bytes().splitlines()[1:]:
            path = os.fsdecode(line.split(None, 7)[-1])
            if not path.startswith("/") or path.startswith(others):
                continue
            with suppress(OSError, ValueError):
                # A name that is no socket was chosen by a program that wants some file to be hidden.
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    found.append(path)
    return tuple(dict.fromkeys(found))
