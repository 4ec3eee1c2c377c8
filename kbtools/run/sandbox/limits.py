"""Confines the current process: namespaces, Landlock, seccomp, resource limits; called before any page code.

First ``enclose``, which does not depend on the session, so that it can be done in advance; then ``seal``. Every
protection is attempted separately and named in the result, so that ``--sandbox=require`` can require it and a report
can list it. Kernel interfaces: namespaces(7), landlock(7), prctl(2), setrlimit(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kbtools.run.sandbox.calls import filter_calls
from kbtools.run.sandbox.filesystem import DEVICE_NODES, own_file_system, own_places
from kbtools.run.sandbox.names import CONTAINER, ESSENTIAL
from kbtools.run.sandbox.namespaces import (
    NEWIPC,
    NEWNET,
    NEWNS,
    NEWUTS,
    loopback,
    own_keyring,
    own_namespaces,
    own_network_works,
)

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_CAPSET, _CAPABILITIES_VERSION = {"x86_64": 126, "aarch64": 91}, 0x20080522
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION = 1
_RULE_PATH_BENEATH = 1
# Bits of LANDLOCK_ACCESS_FS_*: write_file, remove_dir, remove_file, make_*, then refer (ABI 2) and truncate (ABI 3).
_WRITE_FILE, _TRUNCATE, _REFER = 1 << 1, 1 << 14, 1 << 13
_MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 13))
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2
_FILE_SIZE = 2 << 30
"""Maximum bytes of a single file."""
_MOUNTS = "mounts"
"""A mount namespace: the precondition for hiding files and for a private /tmp, but no protection by itself."""


MOST_PROCESSES = max(512, 16 * (os.cpu_count() or 1))
"""Maximum number of processes and threads of one session."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The restrictions of one worker."""

    mode: str = "default"
    network: bool = False
    writable: tuple[str, ...] = ()
    """Folders in which files may be written and created; the first is the scratch folder."""
    hidden: tuple[str, ...] = ()
    """Folders that are not visible, except writable folders in them."""
    sockets: tuple[str, ...] = ()
    """Unix sockets of other programs, to which connections fail."""
    shared: int = 1 << 30
    """Maximum bytes of its own ``/dev/shm``."""


def enclose(mode: str, *, network: bool, own_processes: bool = False) -> tuple[str, ...]:
    """Applies restrictions that do not depend on folders: limits, and namespaces. ``own_processes``: it is already
    in a process namespace. Returns the names of the protections that are active."""
    held = ["processes"] if own_processes else []
    if _own_session():
        held.append("session")
    if _limit_resources():
        held.append("limits")
    if sys.platform != "linux":
        return tuple(held)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0:
        held.append("dies with its parent")
    # Orphans of a snippet become this process's children, and after it the launcher's: they are never lost.
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if mode == "off":
        return tuple(held)
    own_keyring(libc)
    works = own_network_works()
    isolated = works and not network
    mounts = works or mode == "strict"
    if mounts and own_namespaces(libc, NEWNS | NEWIPC | NEWUTS | (NEWNET if isolated else 0)):
        _limit_processes()
        if isolated and loopback():
            held.append("network")
        held += [_MOUNTS, "objects"]
    return tuple(held)


def seal(rules: Rules, held: tuple[str, ...]) -> tuple[str, ...]:
    """Restricts an enclosed process to its folders. Returns the names of all active protections."""
    own_mounts = _MOUNTS in held
    held = tuple(name for name in held if name != _MOUNTS)
    if sys.platform != "linux" or rules.mode == "off":
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return held
    folder, *others = rules.writable
    strict = rules.mode == "strict"
    hides = own_mounts and strict and own_file_system(libc, folder, others, rules.shared)
    private = hides or (
        own_mounts
        and not strict
        and own_places(libc, folder, others, hidden=rules.hidden, sockets=rules.sockets, shared=rules.shared)
    )
    if _landlock(libc, (*rules.writable, *(("/tmp",) if private else ())), terminals=private):
        held += ("files", "reading") if hides else ("files",)  # without Landlock it could all be mounted again
        if private:
            held += ("terminal", "metadata")
    if _drop_capabilities(libc):
        held += ("capabilities",)
    if filter_calls(libc, own_objects="objects" in held, own_processes="processes" in held):
        held += ("calls",)
    return held


def lacking(rules: Rules, held: tuple[str, ...]) -> tuple[str, ...]:
    """Protections that the mode requires and that are not active. A fence with ``network="yes"`` does not need the
    one for the network."""
    if rules.mode not in ("require", "strict"):
        return ()
    asked = CONTAINER if rules.mode == "strict" else ESSENTIAL
    return tuple(name for name in asked if name not in held and not (name == "network" and rules.network))


def _own_session() -> bool:
    try:
        os.setsid()
    except OSError:
        return os.getpid() == os.getsid(0)
    return True


def _limit_resources() -> bool:
    try:
        import resource
    except ImportError:
        return False
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))
        return True
    return False


def _limit_processes() -> None:
    """Limits processes, counted in this user namespace only (since Linux 5.14; before, all processes of the user
    count)."""
    import resource

    release = tuple(int(part) for part in os.uname().release.split(".")[:2] if part.isdecimal())
    if release >= (5, 14):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))


def limit_memory(limit: int, *, for_good: bool = False) -> None:
    """Limits private memory of this process, in bytes: exceeding it raises an exception instead of making the
    machine swap. ``for_good``: the limit cannot be raised again."""
    try:
        import resource
    except ImportError:
        return
    kind = resource.RLIMIT_DATA
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit if for_good else hard))


def _landlock(libc: ctypes.CDLL, writable: Iterable[str], *, terminals: bool) -> bool:
    """Allows writing only below ``writable``, and signals only to child processes."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)
    if version < 1:
        return False
    files = _WRITE_FILE | _MAKE_AND_REMOVE
    if version >= 2:
        files |= _REFER
    if version >= 3:
        files |= _TRUNCATE
    scoped = (_SCOPE_SIGNALS | _SCOPE_ABSTRACT_SOCKETS) if version >= 6 else 0
    attributes = struct.pack("=QQQ", files, 0, scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for folder in writable:
            _allow(libc, ruleset, folder, files)
        # Shared memory of DataLoader workers; null, own terminals and the accelerators' device files, but no disks.
        _allow(libc, ruleset, "/dev/shm", files)
        for node in _device_nodes(terminals=terminals):
            _allow(libc, ruleset, node, _WRITE_FILE | (_TRUNCATE if version >= 3 else 0))
        return bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    """Drops root's capabilities, here and in the process's namespaces, after the set-up is complete."""
    number = _CAPSET.get(os.uname().machine)
    header, none = struct.pack("=Ii", _CAPABILITIES_VERSION, 0), bytes(24)
    return number is not None and libc.syscall(number, header, none) == 0


def _device_nodes(*, terminals: bool) -> list[str]:
    """Entries of ``/dev`` that may be written to; terminals only if they are the session's own."""
    try:
        there = os.listdir("/dev")  # noqa: PTH208
    except OSError:
        return []
    if "nvidiactl" in there and "nvidia-uvm" not in there:
        return ["/dev"]  # CUDA creates this node on first use, and a rule needs an existing file
    nodes = (*DEVICE_NODES, "pts", "ptmx") if terminals else DEVICE_NODES
    return [f"/dev/{name}" for name in there if any(fnmatchcase(name, pattern) for pattern in nodes)]


def _allow(libc: ctypes.CDLL, ruleset: int, folder: str, access: int) -> None:
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        libc.syscall(_LANDLOCK_ADD, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", access, descriptor), 0)
    finally:
        os.close(descriptor)
