"""Namespaces of a session's own (network, mounts, System V objects, name of the machine), and of all: processes.

See namespaces(7), user_namespaces(7), pid_namespaces(7), keyctl(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import NoReturn

NEWUSER, NEWNET, NEWNS = 0x10000000, 0x40000000, 0x00020000
NEWPID, NEWIPC, NEWUTS = 0x20000000, 0x08000000, 0x04000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_KILLED = 128
"""Added to the number of a signal, as shells do."""
_REC, _PRIVATE = 0x4000, 1 << 18
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_KEYCTL, _JOIN_SESSION = {"x86_64": 250, "aarch64": 219}, 1


def own_namespaces(libc: ctypes.CDLL, spaces: int) -> bool:
    """Namespaces of this process's own, in a user namespace in which it is who it was."""
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(NEWUSER | spaces) != 0:
        return False
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - not a file of a page
                file.write(text)
    except OSError:
        pass  # the namespaces stand; who the process is in them only decides what it can set up
    return True


def loopback() -> bool:
    """Bring up the one interface of a network namespace, which gloo and torchrun need."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock.fileno(), _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock.fileno(), _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
        return True
    return False


def own_keyring(libc: ctypes.CDLL) -> bool:
    """A new session keyring, in which none of the user's keys are."""
    number = _KEYCTL.get(os.uname().machine)
    return number is not None and libc.syscall(number, _JOIN_SESSION, None) >= 0


@cache
def own_network_works() -> bool:
    """Whether a process can get a network of its own here, with a loopback that works. Tried in a child: there is no
    way back from a namespace, and one without a loopback would break what talks to itself (gloo, test servers).

    Where AppArmor restricts user namespaces (Ubuntu), the namespaces can be had but nothing in them set up. Landlock is
    no substitute: it cannot distinguish the loopback from other addresses. Called early, because it forks the process.
    """
    return sys.platform == "linux" and _tried(
        lambda: own_namespaces(ctypes.CDLL(None, use_errno=True), NEWNET) and loopback()
    )


def own_processes() -> bool:
    """Go on as the first process of a process namespace, with a ``/proc`` that shows no other; whether that was done.

    Processes outside are not visible inside, and all processes started inside end with this one: the kernel ensures
    that. The process this was called in waits for this one's end. To be called early, while there is one thread.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not _tried(lambda: own_namespaces(libc, NEWNS | NEWPID) and _tried(lambda: _own_proc(libc))):
        return False
    return own_namespaces(libc, NEWNS | NEWPID) and _continue_in_child(libc, lambda: _own_proc(libc))


def supervised() -> bool:
    """Go on in a child of this process, which ends as that does and, before, all that it has left; whether within
    processes of its own, as ``own_processes``.
    """
    own = own_processes()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        _continue_in_child(libc, lambda: True)
    return own


def _continue_in_child(libc: ctypes.CDLL, first: Callable[[], bool]) -> bool:
    parent = os.getpid()
    child = os.fork()
    if child:
        _wait_as(child)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() not in (parent, 0):  # 0: of another process namespace
        os._exit(70)
    return first()


def _wait_as(child: int) -> NoReturn:
    """Wait for a child, end what it has left, and end as it has."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.closerange(3, 1 << 16)  # the child's, which is to see when the other end closes
    status = None
    while True:
        try:
            pid, ended = os.waitpid(-1, 0)
        except ChildProcessError:
            break
        if pid == child:
            status = ended
        if status is not None:
            _kill_children()
    code = os.waitstatus_to_exitcode(status) if status is not None else 70
    if _KILLED < code <= _KILLED + signal.NSIG:  # the exit code of a process that cannot be killed from inside
        code = _KILLED - code
    if code < 0:
        with suppress(OSError, ValueError):  # SIGKILL cannot be handled
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else _KILLED - code)  # the first process of a namespace is not killed from within


def _kill_children() -> None:
    me = os.getpid()
    with suppress(OSError), open(f"/proc/{me}/task/{me}/children", "rb") as file:  # noqa: PTH123
        for pid in file.read().split():
            with suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)


def _own_proc(libc: ctypes.CDLL) -> bool:
    """Mount a ``/proc`` of this process namespace, which shows to each what it may look into."""
    if libc.mount(None, b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None) != 0:
        return False
    flags = ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC)
    return any(libc.mount(b"proc", b"/proc", b"proc", flags, data) == 0 for data in (b"hidepid=4", None))


def _tried(action: Callable[[], bool]) -> bool:
    """What an action comes to, in a child that ends with it."""
    child = os.fork()
    if child == 0:
        works = False
        try:
            works = action()
        finally:
            os._exit(0 if works else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
