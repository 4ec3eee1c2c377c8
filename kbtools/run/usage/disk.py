"""Disk space used by a session's folder."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kbtools.run.usage.memory import unnamed_files

_LEAST = 4096
"""Minimum bytes counted for each file, so that many empty files count too."""
_EVERY = 2.0
"""Seconds after which the files are counted although the file system has not grown."""
_SHARE = 50
"""The minimum wait until the next count, as a multiple of the duration of the last one."""


class Disk:
    """The space used by one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = self._taken()
        self._next = time.monotonic() + _EVERY

    def used(self, pids: Sequence[int], most: int) -> int:
        """Bytes of the folder, and of deleted files in it that processes hold open.

        Exact if the file system has grown by more than ``most``, and from time to time: others may free as much as
        the folder grows.
        """
        grown, started = self._taken() - self._before, time.monotonic()
        if grown <= most and started < self._next:
            return grown
        used = self._of_files(pids)
        ended = time.monotonic()
        self._next = ended + max(_EVERY, _SHARE * (ended - started))
        return used

    def _taken(self) -> int:
        """Bytes used on the file system, by any program."""
        try:
            space = os.statvfs(self.folder)
        except OSError:
            return 0
        return (space.f_blocks - space.f_bfree) * space.f_frsize + (space.f_files - space.f_ffree) * _LEAST

    def _of_files(self, pids: Sequence[int]) -> int:
        sizes: dict[tuple[int, int], int] = {}
        device = None
        with suppress(OSError):
            device = self.folder.stat().st_dev
        waiting = [self.folder]
        while waiting:
            with suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    with suppress(OSError):
                        about = entry.stat(follow_symlinks=False)
                        sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(Path(entry.path))
        sizes |= {key: size for key, (_, size) in unnamed_files(pids).items() if key[0] == device}
        return sum(max(size, _LEAST) for size in sizes.values())
