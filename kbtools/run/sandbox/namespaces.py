"""Namespaces: network, mounts, System V objects and host name of a session, and processes of all sessions.

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
"""Added to a signal number, as shells do."""
_REC, _PRIVATE = 0x4000, 1 << 18
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_KEYCTL, _JOIN_SESSION = {"x86_64": 250, "aarch64": 219}, 1


def own_namespaces(libc: ctypes.CDLL, spaces: int) -> bool:
    """Creates namespaces, in a user namespace with the same user id."""
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(NEWUSER | spaces) != 0:
        return False
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - not a file of a page
                file.write(text)
    except OSError:
        pass  # the namespaces exist; the user mapping only decides what can be set up in them
    return True


def loopback() -> bool:
    """Enables the loopback interface of a network namespace, which gloo and torchrun need."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock.fileno(), _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock.fileno(), _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
        return True
    return False


def own_keyring(libc: ctypes.CDLL) -> bool:
    """Joins a new session keyring, without the user's keys."""
    number = _KEYCTL.get(os.uname().machine)
    return number is not None and libc.syscall(number, _JOIN_SESSION, None) >= 0


@cache
def own_network_works() -> bool:
    """Whether a process can create a network namespace with a working loopback on this machine.

    Tried in a child: there is no way back from a namespace, and without loopback, programs that connect to
    themselves (gloo, test servers) would fail. Where AppArmor restricts user namespaces (Ubuntu), namespaces can be
    created but not set up. Landlock is no substitute: it cannot distinguish the loopback from other addresses. To be
    called early, because it forks.
    """
    return sys.platform == "linux" and _tried(
        lambda: own_namespaces(ctypes.CDLL(None, use_errno=True), NEWNET) and loopback()
    )


def own_processes() -> bool:
    """Continues as the first process of a process namespace, with its own ``/proc``; returns whether that succeeded.

    Processes outside are not visible inside, and the kernel ends all processes inside together with this one. The
    calling process waits for the end of this one. To be called early, while there is one thread.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not _tried(lambda: own_namespaces(libc, NEWNS | NEWPID) and _tried(lambda: _own_proc(libc))):
        return False
    return own_namespaces(libc, NEWNS | NEWPID) and _continue_in_child(libc, lambda: _own_proc(libc))


def supervised() -> bool:
    """Continues in a child process; this process waits for it, ends what it has left behind, and exits with the same
    code. Returns whether the child is in a process namespace, as with ``own_processes``."""
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
    if os.getppid() not in (parent, 0):  # 0: in another process namespace
        os._exit(70)
    return first()


def _wait_as(child: int) -> NoReturn:
    """Waits for a child, ends its descendants, and exits with the same code."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.closerange(3, 1 << 16)  # the child's end, through which it notices that this process has ended
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
    """Mounts a ``/proc`` of this process namespace, in which each process sees only those that it may inspect."""
    if libc.mount(None, b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None) != 0:
        return False
    flags = ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC)
    return any(libc.mount(b"proc", b"/proc", b"proc", flags, data) == 0 for data in (b"hidepid=4", None))


def _tried(action: Callable[[], bool]) -> bool:
    """The result of an action in a child process that ends afterwards."""
    child = os.fork()
    if child == 0:
        works = False
        try:
            works = action()
        finally:
            os._exit(0 if works else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
