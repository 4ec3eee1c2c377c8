"""A control group for each session: the kernel limits memory and processes of all its processes together.

Only groups of version 2, and only below a group that was delegated to kb: see cgroups(7), the kernel's
``Documentation/admin-guide/cgroup-v2.rst`` and systemd's https://systemd.io/CGROUP_DELEGATION/. A group with
processes cannot enable controllers for its children, so kb moves itself into a group below its own, and does nothing
if the group has other processes.
"""

from __future__ import annotations

import atexit
import os
import secrets
import select
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock

from kbtools.run.usage.process_tree import descendants

_CONTROLLERS = ("memory", "pids")
_OWN = "kb-main"
"""The group that kb moves itself into, below the one it was started in."""
_SESSION = "kb-session-"
_PATIENCE = 5.0
"""Seconds for the processes of a group to end after they are killed."""
_TRIED = 16 << 20
"""Bytes: the limit used for the test."""
_GREEDY = f"input(); x = b'x' * {4 * _TRIED}"
_lock = Lock()


class Group:
    """The group of one session. Raises OSError if it cannot be created."""

    def __init__(self, above: Path, memory: int, processes: int) -> None:
        self.folder = above / f"{_SESSION}{secrets.token_hex(8)}"
        self.folder.mkdir()
        try:
            self._write("memory.max", memory)
            self._write("memory.oom.group", 1)
            self._write("pids.max", processes)
            if (self.folder / "memory.swap.max").exists():  # not available without swap accounting
                self._write("memory.swap.max", 0)
        except OSError:
            self.folder.rmdir()
            raise

    def add(self, pid: int) -> None:
        """Moves a process into the group; its future child processes are in it as well. Raises OSError."""
        self._write("cgroup.procs", pid)

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has killed processes of the group for their memory."""
        return self._count("memory.events", "oom_kill") > 0

    def close(self) -> None:
        """Kills all processes of the group, and removes it."""
        with suppress(OSError):
            self._write("cgroup.kill", 1)
        deadline = time.monotonic() + _PATIENCE
        with suppress(OSError), (self.folder / "cgroup.events").open(encoding="ascii") as events:
            poll = select.poll()
            poll.register(events, select.POLLPRI)
            while self._count("cgroup.events", "populated") and (left := deadline - time.monotonic()) > 0:
                self._kill_each()
                poll.poll(1000 * left)
                events.seek(0)
                events.read()
        with suppress(OSError):
            self.folder.rmdir()

    def _kill_each(self) -> None:
        """Before Linux 5.14 a group cannot be killed as one."""
        if not (self.folder / "cgroup.kill").exists():
            for pid in _members(self.folder):
                with suppress(OSError):
                    os.kill(pid, 9)

    def _write(self, name: str, value: int) -> None:
        (self.folder / name).write_text(str(value), encoding="ascii")

    def _count(self, name: str, key: str) -> int:
        with suppress(OSError, ValueError):
            for line in (self.folder / name).read_text(encoding="ascii").splitlines():
                if line.startswith(f"{key} "):
                    return int(line.split()[1])
        return 0


def new_group(memory: int, processes: int) -> Group | None:
    """A group for a session, if that is possible."""
    with _lock:
        above = delegated()
    if above is None:
        return None
    with suppress(OSError):
        return Group(above, memory, processes)
    return None


@cache
def delegated() -> Path | None:
    """The group below which groups of sessions are created, after a test that limits work there. None if there is
    none."""
    if sys.platform != "linux":
        return None
    try:
        own = _own_group()
        if own is None:
            return None
        above = own.parent if own.name == _OWN else own
        if not _is_ours(above) or not (own.name == _OWN or _move_below(own)):
            return None
        return above if _limits(above) else None
    except OSError:
        return None


def _own_group() -> Path | None:
    """The folder of this process's group of version 2."""
    path = next((line[3:] for line in _lines("/proc/self/cgroup") if line.startswith("0::/")), None)
    if path is None:
        return None
    for line in _lines("/proc/self/mountinfo"):
        mount, _, kind = line.partition(" - ")
        root, place = mount.split(" ")[3:5]
        if kind.startswith("cgroup2 ") and (path == root or path.startswith(root.rstrip("/") + "/")):
            return Path(place) / path[len(root) :].lstrip("/")
    return None


def _move_below(own: Path) -> bool:
    """Whether this process has moved into a group below its own, whose siblings can be limited. Raises OSError."""
    there = (own / "cgroup.controllers").read_text(encoding="ascii").split()
    if not set(_CONTROLLERS) <= set(there) or not set(_members(own)) <= _family():
        return False
    below = own / _OWN
    below.mkdir(exist_ok=True)
    for left in own.glob(f"{_SESSION}*"):
        with suppress(OSError):  # of a killed kb; it exists as long as its processes live
            left.rmdir()
    try:
        _move(own, below)
        _pass_on(own, "+")
    except OSError:
        _move_back(own, below)
        raise
    atexit.register(_move_back, own, below)
    return True


def _move_back(own: Path, below: Path) -> None:
    """Restores a group as it was: with processes in it, it can be used as before."""
    with suppress(OSError):
        _pass_on(own, "-")
        _move(below, own)
        below.rmdir()


def _pass_on(group: Path, sign: str) -> None:
    """Enables (``+``) or disables (``-``) controllers for the groups below one. Raises OSError."""
    (group / "cgroup.subtree_control").write_text(" ".join(f"{sign}{name}" for name in _CONTROLLERS), encoding="ascii")


def _family() -> set[int]:
    return {os.getpid(), *descendants(os.getpid())}


def _move(group: Path, to: Path) -> None:
    """Moves this process and all its descendants from one group to another. Raises OSError."""
    while members := set(_members(group)) & _family():
        for pid in members:
            with suppress(ProcessLookupError):
                (to / "cgroup.procs").write_text(str(pid), encoding="ascii")


def _is_ours(group: Path) -> bool:
    """Whether a group was delegated to this user. Root may write to every group; systemd marks the delegated ones."""
    if os.geteuid() != 0 or not Path("/run/systemd/system").exists():
        return all(os.access(group / name, os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control"))
    for name in ("trusted.delegate", "user.delegate"):
        with suppress(OSError):
            return os.getxattr(group, name) == b"1"
    return False


def _limits(above: Path) -> bool:
    """Whether a process below a group is killed when it exceeds the group's memory limit. Raises OSError."""
    group = Group(above, _TRIED, 8)
    try:
        with subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GREEDY],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as tried:
            group.add(tried.pid)
            tried.communicate(b"\n")
        return tried.returncode == -9 and group.ran_out_of_memory()
    finally:
        group.close()


def _members(group: Path) -> list[int]:
    return [int(pid) for pid in (group / "cgroup.procs").read_text(encoding="ascii").split()]


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return []
