"""Memory that processes use together, read from ``/proc`` (Linux): see proc(5).

Pages that processes share are counted once. Kernel memory (pipes, sockets) and deleted files whose descriptors are
in transit in a socket are not counted.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_PRIVATE, _SHARED = ("RssAnon", "VmSwap"), "RssShmem"
_FAIR_PRIVATE, _FAIR_SHARED = ("Pss_Anon", "SwapPss"), "Pss_Shmem"
"""Each process is charged its share of pages that several processes have."""
_TABLES = "VmPTE"
_KILLED = 1 << (signal.SIGKILL - 1)
_UNNAMED = " (deleted)"
_SHARED_FOLDER = "/dev/shm"


def used_together(pids: Sequence[int], most: int) -> int:
    """Bytes that processes use together; exact only if it may be more than ``most``, because that takes longer. The
    first of ``pids`` is in the session's mount namespace, whose ``/dev/shm`` is counted."""
    known = {pid: status for pid in pids if not _is_dying(status := _fields(f"/proc/{pid}/status"))}
    files = _files(pids)
    total = sum(_sum(one, (*_PRIVATE, _SHARED, _TABLES)) for one in known.values()) + files
    if total <= most:
        return total
    private = shared = 0
    for pid, one in known.items():
        fair = _fields(f"/proc/{pid}/smaps_rollup")
        if not fair and not _fields(f"/proc/{pid}/status").get(_PRIVATE[0]):
            continue  # it has ended
        # If a process hides this from kb (prctl PR_SET_DUMPABLE), all of its memory is charged.
        private += _sum(fair, _FAIR_PRIVATE) if fair else _sum(one, _PRIVATE)
        private += _sum(one, (_TABLES,))
        shared += _sum(fair, (_FAIR_SHARED,)) if fair else _sum(one, (_SHARED,))
    # Mapped files in memory are part of both numbers.
    return private + max(shared, files)


def unnamed_files(pids: Iterable[int]) -> dict[tuple[int, int], tuple[str, int]]:
    """Deleted files that processes hold open, in memory or on disk: path and bytes, by device and inode."""
    found: dict[tuple[int, int], tuple[str, int]] = {}
    for pid in pids:
        folder = f"/proc/{pid}/fd"
        with suppress(OSError):
            for name in os.listdir(folder):  # noqa: PTH208
                with suppress(OSError):
                    path = os.readlink(f"{folder}/{name}")  # noqa: PTH115
                    if path.endswith(_UNNAMED):
                        about = os.stat(f"{folder}/{name}")  # noqa: PTH116
                        found[about.st_dev, about.st_ino] = path, about.st_blocks * 512
    return found


def _files(pids: Sequence[int]) -> int:
    """Bytes of files in memory: those of the session's ``/dev/shm``, and deleted ones."""
    own: int | None = None
    total = 0
    with suppress(OSError, IndexError):
        folder = f"/proc/{pids[0]}/root{_SHARED_FOLDER}"
        device = os.stat(folder).st_dev  # noqa: PTH116
        if device != os.stat(_SHARED_FOLDER).st_dev:  # noqa: PTH116
            space = os.statvfs(folder)
            own, total = device, (space.f_blocks - space.f_bfree) * space.f_frsize
    for (device, _), (path, size) in unnamed_files(pids).items():
        if device != own and path.startswith(("/memfd:", f"{_SHARED_FOLDER}/")):
            total += size
    return total


def _fields(path: str) -> dict[str, int]:
    """Bytes by name, from a file with lines such as ``RssAnon: 12 kB``, and pending signals; empty if the file is
    missing."""
    found: dict[str, int] = {}
    with suppress(OSError, ValueError), Path(path).open("rb") as file:
        for line in file.read().split(b"\n"):
            name, _, value = line.partition(b":")
            if value.endswith(b" kB"):
                found[name.decode("ascii")] = int(value[:-3]) << 10
            elif name in (b"SigPnd", b"ShdPnd"):
                found[name.decode("ascii")] = int(value, 16)
    return found


def _is_dying(status: dict[str, int]) -> bool:
    """Whether a process is about to end: its shared pages are then gradually charged to the others."""
    return bool((status.get("SigPnd", 0) | status.get("ShdPnd", 0)) & _KILLED)


def _sum(fields: dict[str, int], names: Iterable[str]) -> int:
    return sum(fields.get(name, 0) for name in names)
