"""A filter of system calls (seccomp): blocks access to other processes and kernel objects that namespaces and
Landlock do not cover.

The program is minimal, in the language of socket filters, and loaded with prctl: see seccomp(2) and the kernel's
``Documentation/userspace-api/seccomp_filter.rst``. libseccomp is not used because it is not installed everywhere. A
blocked call fails with EPERM; calls that the filter does not name are allowed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_REFUSE, _UNKNOWN, _NO_FAMILY = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS, _ERRNO | errno.EAFNOSUPPORT
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in ``struct seccomp_data``; little-endian, so the lower half of an argument comes first."""

_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_CALLS = {
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "prlimit64": (302, 261), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "socket": (41, 198), "socketpair": (53, 199),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "semctl": (66, 191), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "unshare": (272, 97), "setns": (308, 268), "clone": (56, 220), "clone3": (435, 435),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "bpf": (321, 280), "userfaultfd": (323, 282), "kcmp": (312, 272), "process_madvise": (440, 440),
}  # fmt: skip
"""System call numbers on each architecture."""
_ALWAYS = "keyctl add_key request_key setns bpf userfaultfd kcmp process_madvise".split()  # noqa: SIM905
_ABSENT = "clone3 io_uring_setup io_uring_enter io_uring_register".split()  # noqa: SIM905
"""Reported as missing (ENOSYS), so that libraries use alternatives: io_uring opens sockets regardless of filters,
and the arguments of clone3 are not visible to a filter (the C library then uses clone)."""
_OBJECTS = (
    "shmget shmat shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink".split()  # noqa: SIM905
)
_SCHEDULING = "ioprio_set sched_setaffinity sched_setscheduler sched_setparam sched_setattr".split()  # noqa: SIM905
_FAMILIES = (1, 2, 10, 16)
"""Socket families: Unix, IPv4, IPv6, netlink. Others (vsock, packet, kernel crypto) are not part of the network
namespace."""
_NEW_USER = 0x10000000
_NEW_ANY = 0x7E020080
"""All namespaces: a new user namespace would restore capabilities that were dropped."""

Instruction = tuple[int, int, int, int]


def filter_calls(libc: ctypes.CDLL, *, own_objects: bool, own_processes: bool) -> bool:
    """Blocks system calls that no snippet needs; permanently, and for all child processes. ``own_objects`` and
    ``own_processes``: System V objects and process numbers are the session's own (namespaces). To be called after
    no_new_privs is set."""
    machine = os.uname().machine
    if machine not in _MACHINES:
        return False
    code = b"".join(struct.pack("=HBBI", *one) for one in _program(machine, own_objects, own_processes))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0) == 0)


def _program(machine: str, own_objects: bool, own_processes: bool) -> list[Instruction]:
    arch, column = _MACHINES[machine]

    def number(name: str) -> int:
        return _CALLS[name][column]

    made: list[Instruction] = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _UNKNOWN)]
    made.append((_LOAD, 0, 0, _NUMBER))
    if machine == "x86_64":  # the numbers of x32
        made += [(_GREATER, 0, 1, 0x3FFFFFFF), (_RETURN, 0, 0, _UNKNOWN)]
    for name in (*_ALWAYS, *(() if own_objects else _OBJECTS)):
        made += [(_EQUAL, 0, 1, number(name)), (_RETURN, 0, 0, _REFUSE)]
    for name in _ABSENT:
        made += [(_EQUAL, 0, 1, number(name)), (_RETURN, 0, 0, _UNKNOWN)]
    # Of whom: the calling process alone.
    for name in ("prlimit64", *(() if own_processes else _SCHEDULING)):
        made += _where(number(name), [_only(1 if name == "ioprio_set" else 0)])
    made += _where(number("setpriority"), [_only(0), _only(1)])
    for name in ("socket", "socketpair"):
        family = [(_LOAD, 0, 0, _ARGUMENTS)]
        for at, known in enumerate(_FAMILIES):
            family.append((_EQUAL, len(_FAMILIES) - at, 0, known))
        made += _where(number(name), [[*family, (_RETURN, 0, 0, _NO_FAMILY)]])
    for name, flags in (("unshare", _NEW_ANY), ("clone", _NEW_USER)):
        bits = [(_LOAD, 0, 0, _ARGUMENTS), (_ANY_BIT, 0, 1, flags), (_RETURN, 0, 0, _REFUSE)]
        made += _where(number(name), [bits])
    return [*made, (_RETURN, 0, 0, _ALLOW)]


def _only(argument: int) -> list[Instruction]:
    """Refuses unless an argument, an int, is 0."""
    return [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _REFUSE)]


def _where(number: int, checks: list[list[Instruction]]) -> list[Instruction]:
    """The checks for one call, which is allowed if none refuses it."""
    inner = [one for check in checks for one in check]
    inner.append((_RETURN, 0, 0, _ALLOW))
    return [(_EQUAL, 0, len(inner), number), *inner]
