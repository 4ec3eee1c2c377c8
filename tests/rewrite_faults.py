"""Faults for the tests of kbtools.rewrite: killed, disk full, interrupted, at the k-th call that changes the disk."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import signal
import stat
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kbtools.errors import KbError

CHANGING = (
    "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "link",
    "utime", "fchmod", "fchown", "ftruncate", "setxattr",
)  # fmt: skip
NEEDS_SPACE = ("open", "write", "fsync", "mkdir")
SEEN_AFTERWARDS = ("open", *(name for name in CHANGING if name != "fsync"))
"""Calls that change what a killed process leaves: one killed before a flush leaves what one killed behind it leaves."""

Fault = Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], None]
"""Called with a function's name, the function and its arguments, instead of the k-th call, or before it."""


@contextlib.contextmanager
def faulty(
    at: int, fault: Fault, only: tuple[str, ...] = ("open", *CHANGING), lasting: bool = False
) -> Iterator[list[str]]:
    """Let the ``at``-th changing call (0-based) fail, and with ``lasting`` all behind it. Gives the calls made.

    Opening counts where it creates, writing where it is to a file: pipes are nobody's disk. So do the files of
    Python's own ``open``. Processes that are forked meanwhile go untouched. Flushes do nothing: what they are good for
    is seen in test_rewrite_power.
    """
    calls: list[str] = []
    real = {name: getattr(os, name) for name in ("open", *CHANGING)}
    owner = os.getpid()

    def count(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if name in only and os.getpid() == owner:
            calls.append(name)
            if len(calls) - 1 == at or (lasting and len(calls) - 1 > at):
                fault(name, function, args, kwargs)

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if (name != "open" or args[1] & os.O_CREAT) and (name != "write" or _is_file(args[0])):
                count(name, real[name], args, kwargs)
            return None if name == "fsync" else real[name](*args, **kwargs)

        return call

    class Raw(io.FileIO):
        def write(self, data: Any) -> int:
            if _is_file(self.fileno()):
                count("write", real["write"], (self.fileno(), bytes(data)), {})
            return super().write(data)

    def opening(
        file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, errors: Any = None, newline: Any = None,
        closefd: bool = True, opener: Any = None,
    ) -> Any:  # fmt: skip
        if not set(mode) & set("wax+") or opener is not None:
            return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if not isinstance(file, int):
            count("open", real_open, (file, mode), {})
        raw = Raw(file, mode.replace("b", "").replace("t", ""), closefd)
        if buffering == 0:
            return raw
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    real_open = io.open
    for name in real:
        setattr(os, name, wrap(name))
    io.open = builtins.open = opening  # type: ignore[assignment]
    try:
        yield calls
    finally:
        io.open = builtins.open = real_open
        for name, function in real.items():
            setattr(os, name, function)


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def kill(name: str, real: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """SIGKILL before the call; in the middle of it when it writes."""
    if name == "write":
        real(args[0], bytes(args[1])[: len(args[1]) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def raising(error: Callable[[], BaseException]) -> Fault:
    """Raise instead of the call; a write gets half of it done first."""

    def fault(name: str, real: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if name == "write":
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
        raise error()

    return fault


def in_child(action: Callable[[], object]) -> int:
    """Run something in a forked process. Gives its exit status: 0, 1 for an exception, minus a signal's number."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            action()
            status = 0
        except BaseException:  # noqa: BLE001 (nothing may go on in the copy of the test run)
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def message_of(action: Callable[[], object]) -> str | None:
    """Run something in a forked process. Gives the message of its KbError, or None; fails for other exceptions."""
    reader, writer = os.pipe()

    def child() -> None:
        try:
            action()
        except KbError as error:
            os.write(writer, error.message.encode()[:4000])

    assert in_child(child) == 0
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read().decode() or None


def killed(at: int, action: Callable[[], object]) -> bool:
    """Run something in a forked process and kill it at its ``at``-th changing call. False if it came to its end."""

    def child() -> None:
        with faulty(at, kill, SEEN_AFTERWARDS):
            action()

    status = in_child(child)
    assert status in (0, -signal.SIGKILL), status
    return status != 0


def page(root: Path, path: str, data: bytes, mode: int = 0o640) -> Path:
    """Write a file with a mode and times that a rewrite must keep."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    file.chmod(mode)
    os.utime(file, ns=(1_500_000_000_000_000_001, 1_400_000_000_123_456_789))
    return file


def tree(root: Path) -> dict[str, bytes | str]:
    """Every file under a folder with its bytes, and every link with where it leads, but for the backups."""
    found: dict[str, bytes | str] = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if name.startswith("_link_reconcile_backup"):
            continue
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found
