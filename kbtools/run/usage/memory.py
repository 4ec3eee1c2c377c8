"""Memory that processes use together, read from ``/proc`` (Linux): see proc(5).

Pages that processes share are counted once. What no process shows is not seen: memory of the kernel (pipes, sockets),
and files without a name whose descriptors are under way in a socket.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_PRIVATE, _SHARED = ("RssAnon", "VmSwap"), "RssShmem"
_FAIR_PRIVATE, _FAIR_SHARED = ("Pss_Anon", "SwapPss"), "Pss_Shmem"
"""Of pages that several processes have, each is charged its part."""
_TABLES = "VmPTE"
_KILLED = 1 << (signal.SIGKILL - 1)
_UNNAMED = " (deleted)"
_SHARED_FOLDER = "/dev/shm"


def used_together(pids: Sequence[int], most: int) -> int:
    """Bytes that processes use together; exact only where it may be more than ``most``, since that takes longer.

    The first of ``pids`` is in the session's mount namespace, whose ``/dev/shm`` counts.
    """
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
        # Where a process hides this from kb (prctl PR_SET_DUMPABLE), it is charged all that it has.
        private += _sum(fair, _FAIR_PRIVATE) if fair else _sum(one, _PRIVATE)
        private += _sum(one, (_TABLES,))
        shared += _sum(fair, (_FAIR_SHARED,)) if fair else _sum(one, (_SHARED,))
    # Files in memory that are mapped as well are in both.
    return private + max(shared, files)


def unnamed_files(pids: Iterable[int]) -> dict[tuple[int, int], tuple[str, int]]:
    """Files that processes hold open and that have no name any more, in memory or on a disk: path and bytes each has,
    by device and inode."""
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
    """Bytes of files in memory: those of the session's own ``/dev/shm``, and those without a name."""
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
    """Bytes by name, of a file with lines such as ``RssAnon:  12 kB``, and pending signals; none if it is not there."""
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
    """Whether a process is about to end: what it shares with others is charged to them more and more."""
    return bool((status.get("SigPnd", 0) | status.get("ShdPnd", 0)) & _KILLED)


def _sum(fields: dict[str, int], names: Iterable[str]) -> int:
    return sum(fields.get(name, 0) for name in names)
