"""Launchers of workers: forked from the fork server, or a fresh interpreter."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from kbtools.errors import KbError
from kbtools.run.devices.interpreter import command
from kbtools.run.processes.reaper import Reaper
from kbtools.run.processes.removal import remove
from kbtools.run.results.environment import interpreter_environment, worker_environment
from kbtools.run.usage.process_tree import children, descendants, kill_group
from kbtools.run.worker.ready import WorkerKind

_IMPORT = 120.0
"""Seconds that the fork server may take to import torch before it serves."""
_SWEEP = 5.0
"""Seconds spent on finding and killing processes that a worker leaves behind."""


@dataclass(frozen=True, slots=True)
class Descriptors:
    """A worker's descriptors: a channel, its standard output and error, and a file for crash tracebacks."""

    channel: int
    out: int
    err: int
    trace: int

    def all(self) -> tuple[int, int, int, int]:
        return self.channel, self.out, self.err, self.trace


class WorkerHandle(Protocol):
    """A started worker, as the session sees it."""

    pid: int
    lost: bool
    """It ended because its starter ended."""

    def fileno(self) -> int | None:
        """Becomes readable when the worker has ended; None if the system does not support that."""

    def ended(self, timeout: float = 0.0) -> int | None:
        """The exit code, negative for a signal; None while it runs. Waits up to ``timeout`` seconds."""

    def settle(self) -> None:
        """Called once the worker is running: from here on ``pid`` is the process that runs the session's code."""

    def kill(self) -> None:
        """Ends it and its process group."""


class ServerGone(KbError):
    """The fork server has ended, or has lost a worker before it started."""


class Launcher(Protocol):
    """Starts workers. ``folder`` is where sessions may create their scratch folders."""

    folder: Path
    sandbox: str
    """How its workers are confined: one of ``protections.MODES``."""

    def start(
        self, kind: WorkerKind, preload: Sequence[str], environment: Mapping[str, str], descriptors: Descriptors
    ) -> WorkerHandle:
        """Start a worker. Raises KbError when none can be started."""

    def fresh(self) -> Launcher:
        """A launcher that starts a fresh interpreter for every worker; closed with this one."""

    def later(self, task: Callable[[], None]) -> None:
        """Schedules a task for the end of a worker; it is done at the latest before ``close`` returns."""

    def close(self) -> None:
        """Ends every worker and removes the folder."""


def _own_folder() -> Path:
    """A folder for the sessions of a launcher. Raises KbError if none can be created."""
    try:
        return Path(tempfile.mkdtemp(prefix="kb-"))
    except OSError as error:
        what = f"no temporary folder can be made: {error.strerror or error}"
        raise KbError(what, "free space, or name another place: TMPDIR=DIR") from error


class SpawnLauncher:
    """A fresh interpreter for every session: works on every system, but is slow if torch must be imported each time."""

    def __init__(self, sandbox: str = "default", python: str = "") -> None:
        """``python`` is another interpreter than kb's own."""
        self.sandbox, self._python = sandbox, python
        if os.name != "posix":
            raise KbError("snippets cannot be run on this system", "run kb on Linux, macOS or WSL, or use --no-run")
        self.folder = _own_folder()
        self._reaper = Reaper()
        self.later = self._reaper.do

    def start(
        self, kind: WorkerKind, preload: Sequence[str], environment: Mapping[str, str], descriptors: Descriptors
    ) -> WorkerHandle:
        numbers = descriptors.all()
        words = [*_command(self._python, "kbtools.run.worker.main"), *map(str, numbers), self.sandbox]
        try:
            process = subprocess.Popen(
                words,
                env=interpreter_environment(environment, other=bool(self._python), hash_seed=kind.changed),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=descriptors.err,
                pass_fds=numbers,
                start_new_session=True,
            )
        except OSError as problem:
            raise KbError(f"no worker could be started: {problem}", "try --start-method spawn") from problem
        return _Spawned(process)

    def fresh(self) -> SpawnLauncher:
        return self

    def close(self) -> None:
        try:
            self._reaper.finish()
        finally:
            remove(self.folder)


class _Spawned:
    lost = False

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pid = process.pid
        self._pidfd: int | None = None
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._pidfd = os.pidfd_open(process.pid)

    def fileno(self) -> int | None:
        return self._pidfd

    def ended(self, timeout: float = 0.0) -> int | None:
        try:
            return self.process.wait(timeout) if timeout > 0 else self.process.poll()
        except subprocess.TimeoutExpired:
            return None

    def settle(self) -> None:
        # The started process waits for another one, in a process namespace of its own for a third.
        while len(below := children(self.pid)) == 1:
            self.pid = below[0]

    def kill(self) -> None:
        # Processes that it started and did not wait for are still its descendants: it is a subreaper.
        # While suspended, it remains the parent of the orphans of its children until all are dead: a process
        # that forks while it is being killed is found in the next round.
        top = self.process.pid
        if self.process.poll() is None:
            os.kill(top, signal.SIGSTOP)
        deadline = time.monotonic() + _SWEEP
        while (left := descendants(top)) and time.monotonic() < deadline:
            for pid in left:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
        kill_group(top)
        self.process.kill()
        self.process.wait()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


class ForkServerLauncher:
    """Forks workers in milliseconds from a server that belongs to this launcher alone. Thread-safe."""

    def __init__(
        self,
        sandbox: str = "default",
        preload: Sequence[str] = (),
        environment: Iterable[tuple[str, str]] = (),
        python: str = "",
    ) -> None:
        """Does not wait for the server, which imports ``preload`` in the meantime. ``environment`` is set for the
        server only; ``python`` is another interpreter than kb's own."""
        self.sandbox, self._python = sandbox, python
        self._lock = threading.Lock()
        self._reaper = Reaper()
        self.later = self._reaper.do
        self.folder = _own_folder()
        self._preload, self._environment = tuple(preload), dict(environment)
        self._server: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._fresh: SpawnLauncher | None = None
        self._begin()

    def _begin(self) -> None:
        # An unnamed socket: only the two processes that hold its ends can use it.
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = self._start_server(theirs.fileno(), self._preload, self._environment)

    def _begin_again(self, before: subprocess.Popen[bytes] | None) -> bool:
        """Starts another server if the one before, ``before``, has ended for any reason."""
        with self._lock:
            if self._closed or before is None:
                return False
            if self._server is before:
                try:
                    before.wait(_SWEEP)
                except subprocess.TimeoutExpired:
                    return False
                self._requests.close()
                self.folder.mkdir(mode=0o700, exist_ok=True)
                self._begin()
            return True

    def _start_server(self, requests: int, preload: Sequence[str], more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "MPLBACKEND": "Agg", **more}
        words = _command(self._python, "kbtools.run.processes.forkserver")
        try:
            return subprocess.Popen(
                [*words, str(self.folder), str(requests), self.sandbox, *preload],
                env=interpreter_environment(worker_environment(1, own), other=bool(self._python)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(requests,),
                start_new_session=True,
                cwd=self.folder,
            )
        except OSError as problem:
            self._requests.close()
            remove(self.folder)
            raise KbError(f"the fork server did not start: {problem}", "try --start-method spawn") from problem

    def start(
        self, kind: WorkerKind, preload: Sequence[str], environment: Mapping[str, str], descriptors: Descriptors
    ) -> WorkerHandle:
        server = self._server
        try:
            return self._ask(kind, preload, descriptors)
        except ServerGone:
            if not self._begin_again(server):
                raise
        return self._ask(kind, preload, descriptors)

    def _ask(self, kind: WorkerKind, preload: Sequence[str], descriptors: Descriptors) -> WorkerHandle:
        ours, theirs = socket.socketpair()
        request = json.dumps({"preload": list(preload), "kind": asdict(kind)}).encode()
        try:
            with theirs:
                socket.send_fds(self._requests, [request], [theirs.fileno(), *descriptors.all()])
            return _Forked(ours)
        except OSError as problem:
            ours.close()
            raise ServerGone(
                f"the fork server cannot be reached: {problem}", "run again; or try --start-method spawn"
            ) from problem

    def fresh(self) -> SpawnLauncher:
        with self._lock:
            if self._fresh is None:
                self._fresh = SpawnLauncher(self.sandbox, self._python)
            return self._fresh

    def close(self) -> None:
        with self._lock:
            server, self._server, self._closed = self._server, None, True
            fresh, self._fresh = self._fresh, None
        try:
            self._reaper.finish()
        finally:
            if fresh is not None:
                fresh.close()
            if server is not None:
                self._end(server)

    def _end(self, server: subprocess.Popen[bytes]) -> None:
        self._requests.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        remove(self.folder)


class _Forked:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""
        self._status: int | None = None
        self._pidfd: int | None = None
        self.lost = False
        self.pid = self._named()

    def _named(self) -> int:
        self.connection.settimeout(_IMPORT)
        try:
            data, descriptors, _, _ = socket.recv_fds(self.connection, 1, 1)
        except OSError:
            data, descriptors = b"", []
        if not data or not descriptors:
            self.connection.close()
            raise ServerGone("the fork server gave no worker", "see what it printed above, or use --start-method=spawn")
        self._pidfd = descriptors[0]
        try:
            # The server may be in another process namespace; the kernel reports the number in this one.
            with open(f"/proc/self/fdinfo/{self._pidfd}", encoding="ascii") as file:  # noqa: PTH123
                (pid,) = (int(line.split()[1]) for line in file if line.startswith("Pid:"))
        except (OSError, ValueError):
            pid = 0
        return max(pid, 0)

    def settle(self) -> None:
        pass

    def fileno(self) -> int | None:
        return self.connection.fileno() if self._status is None else None

    def ended(self, timeout: float = 0.0) -> int | None:
        if self._status is None:
            message = self._message(timeout)
            if message is None and timeout > 0 and self._is_gone(0):
                message = self._message(_IMPORT)
            if message is not None and "exit" in message:
                self._status = os.waitstatus_to_exitcode(message["exit"])
        return self._status

    def kill(self) -> None:
        if self._status is None:
            kill_group(self.pid)
            self._is_gone(5.0)
        self.connection.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _is_gone(self, timeout: float) -> bool:
        """Whether the process has ended within this many seconds. Only the server knows its exit code."""
        if self._pidfd is None:
            return True
        waiting = select.poll()
        waiting.register(self._pidfd, select.POLLIN)
        return bool(waiting.poll(timeout * 1000))

    def _message(self, timeout: float) -> dict[str, int] | None:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            self.connection.settimeout(max(0.0, deadline - time.monotonic()))
            try:
                data = self.connection.recv(4096)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError:
                data = b""
            if not data:
                # The server has ended, and with it the worker (workers die with their parent).
                self.lost = True
                return {"exit": signal.SIGKILL}
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, int] = json.loads(line)
        return message


def _command(python: str, module: str) -> Sequence[str]:
    """The command that runs a module of kbtools, with kb's own interpreter or another."""
    return command(python, module) if python else [sys.executable, "-P", "-m", module]


def forks() -> bool:
    """Whether forking is safe on this system (Linux)."""
    return sys.platform == "linux"
