"""Fork server (Linux): imports torch once and forks a worker for each session.

One server serves one process. Its rules: one thread, no parallel operation, no accelerator (a forked child of a process
that used either hangs or fails). It ends, and all it started with it, when its owner's end of their socket closes: that
is, when its owner ends, however that happens.

The confinement of workers is set on the server's command line. Requests come over an unnamed socket that the server
inherits from its owner: no session can reach it, and no request can lower the confinement.

Where a second session has come, a third is expected: a worker is forked ahead of it and made ready for a session of the
same kind, while the one before it runs.

Wire: a request is one packet of JSON with five descriptors: a socket for replies about the worker, and the worker's
channel, stdout, stderr and trace. The replies are a byte with
a descriptor of the worker's process (pidfd), then ``{"exit": waitstatus}`` once the worker has ended; a request that is
not understood gets neither. Closing that socket kills the worker.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NoReturn

from kbtools.fences.option_values import DEVICES
from kbtools.run.processes.removal import remove
from kbtools.run.sandbox import namespaces
from kbtools.run.worker.preload import warm
from kbtools.run.worker.ready import WorkerKind, ready

PRELOADS = {
    "torch": ("torch",),
    "torch.optim": ("torch._dynamo",),
    "torch.compile": ("torch._inductor.compile_fx",),
    "matplotlib": ("matplotlib.pyplot",),
}
"""The modules behind the names in ``Job.preload``. The first optimizer imports ``torch._dynamo``, which takes as
long as torch; ``matplotlib.pyplot`` scans all fonts of the machine if it has no font cache, as in a worker's empty
folder."""
_DESCRIPTORS = 4
_MOST_THREADS = 1 << 16
_LARGEST = 1 << 16
"""Maximum bytes of a request."""
_PATIENCE = 20.0
"""Seconds to wait until a worker confirms its descriptors; they are sent when it is ready or nearly so."""
_SWEEP = 5.0
"""Seconds spent at the end on killing processes that workers left behind."""
_KINDS = 4
"""Number of kinds of workers that are forked in advance."""


@dataclass(slots=True)
class _Client:
    connection: socket.socket
    pid: int | None = None


@dataclass(slots=True)
class _Waiting:
    """A worker that receives its descriptors over ``orders``, confirms them, and ends when that socket closes."""

    pid: int
    orders: socket.socket

    def give(self, descriptors: list[int]) -> bool:
        """Whether it accepted the descriptors."""
        with self.orders:
            try:
                self.orders.settimeout(_PATIENCE)
                socket.send_fds(self.orders, [b"."], descriptors)
                return bool(self.orders.recv(1))
            except OSError:
                return False


class ForkServer:
    """The server's loop. ``folder`` contains every session's scratch folder, and is removed at the end."""

    def __init__(self, folder: Path, requests: socket.socket, mode: str, *, own_processes: bool = False) -> None:
        self.folder, self.mode, self.own_processes = folder, mode, own_processes
        self.preloaded: set[str] = set()
        self.clients: dict[int, _Client] = {}
        self.workers: dict[int, _Client | None] = {}
        """By process; None for those that wait."""
        self.waiting: dict[WorkerKind, _Waiting] = {}
        """Workers forked in advance, the last used at the end."""
        self.foreseen: list[WorkerKind] = []
        """Kinds for which a worker is forked when the server is idle."""
        self.started = 0
        self.selector = selectors.DefaultSelector()
        self.requests = requests
        self.wake, self.waker = socket.socketpair()
        for sock in (self.requests, self.wake, self.waker):
            sock.setblocking(False)

    def serve(self, preload: Sequence[str]) -> None:
        """Serves until the owner's end closes. ``preload`` is imported first; requests wait until then."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        _prctl_subreaper()
        self.selector.register(self.requests, selectors.EVENT_READ, "request")
        self.selector.register(self.wake, selectors.EVENT_READ, "child")
        _import_worker()
        self._preload(preload)
        while True:
            events = self.selector.select(0 if self.foreseen else None)
            if not events:
                self._fork_ahead(self.foreseen.pop())
            for key, _ in events:
                if key.data == "request":
                    if not self._hear():
                        return
                elif key.data == "child":
                    with suppress(BlockingIOError):
                        self.wake.recv(4096)
                    self._reap()
                else:
                    self._forget(key.data)  # the owner never sends anything there, so it has been closed

    def close(self) -> None:
        """Kills remaining processes and removes the folder."""
        for pid in list(self.workers):
            _kill(pid)
        self._reap(wait=True)
        # Orphans become this process's children one after the other, as their parents end.
        deadline = time.monotonic() + _SWEEP
        while _children() and time.monotonic() < deadline:
            self._sweep()
            self._reap()
            time.sleep(0.001)
        remove(self.folder)

    def _hear(self) -> bool:
        """Handles a request. False if the owner has closed its end."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self.requests, _LARGEST, 1 + _DESCRIPTORS)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        asked = _request(data)
        if len(descriptors) != 1 + _DESCRIPTORS or asked is None:
            for descriptor in descriptors:
                os.close(descriptor)
            return True
        client = _Client(socket.socket(fileno=descriptors[0]))
        self.clients[client.connection.fileno()] = client
        self.selector.register(client.connection, selectors.EVENT_READ, client)
        try:
            self._start(client, *asked, descriptors[1:])
        finally:
            for descriptor in descriptors[1:]:
                os.close(descriptor)
        return True

    def _start(self, client: _Client, kind: WorkerKind, preload: Sequence[str], descriptors: list[int]) -> None:
        if self._preload(preload):
            for waiting in tuple(self.waiting):
                self._drop(waiting)  # it lacks modules that have been imported since
        worker = self.waiting.pop(kind, None)
        if worker is not None and not worker.give(descriptors):
            _kill(worker.pid)
            worker = None
        if worker is None:
            worker = self._fork(kind)
            worker.give(descriptors)
        client.pid = worker.pid
        self.workers[worker.pid] = client
        with suppress(OSError):
            process = os.pidfd_open(worker.pid)
            try:
                socket.send_fds(client.connection, [b"."], [process])
            finally:
                os.close(process)
        self.started += 1
        if self.started > 1 and kind not in self.foreseen:
            self.foreseen.append(kind)

    def _fork_ahead(self, kind: WorkerKind) -> None:
        if kind not in self.waiting:
            while len(self.waiting) >= _KINDS:
                self._drop(next(iter(self.waiting)))
            self.waiting[kind] = self._fork(kind)

    def _drop(self, kind: WorkerKind) -> None:
        worker = self.waiting.pop(kind)
        worker.orders.close()
        _kill(worker.pid)

    def _fork(self, kind: WorkerKind) -> _Waiting:
        # Existing objects stay: children share their memory instead of copying it at their first garbage collection.
        gc.freeze()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._become_worker(kind, theirs)
        theirs.close()
        self.workers[pid] = None
        return _Waiting(pid, ours)

    def _become_worker(self, kind: WorkerKind, orders: socket.socket) -> NoReturn:
        try:
            gc.enable()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.selector.close()
            others = (c.connection for c in self.clients.values()), (w.orders for w in self.waiting.values())
            for sock in (self.requests, self.wake, self.waker, *chain(*others)):
                sock.close()
            held = None
            with suppress(Exception):  # the next request tries again, and reports the error
                held = ready(kind, self.mode, own_processes=self.own_processes)
            _, descriptors, _, _ = socket.recv_fds(orders, 1, _DESCRIPTORS)
            with orders, suppress(OSError):  # on a busy machine, if the client has given up waiting
                orders.send(b".")
            if len(descriptors) == _DESCRIPTORS:
                from kbtools.run.worker import main as worker

                worker.main(descriptors, self.mode, held)
        finally:
            os._exit(70)

    def _preload(self, names: Iterable[str]) -> bool:
        """Whether there was something to import."""
        new = [name for name in names if name not in self.preloaded]
        self.preloaded.update(new)
        for name in new:
            for module in PRELOADS.get(name, ()):
                # Not installed, or broken: a page that imports it reports the error.
                with suppress(Exception):
                    __import__(module)
        if new:
            warm()
        return bool(new)

    def _reap(self, *, wait: bool = False) -> None:
        ended = False
        while True:
            try:
                pid, status = os.waitpid(-1, 0 if wait and self.workers else os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            client = self.workers.pop(pid, None)
            ended = True
            self.waiting = {kind: worker for kind, worker in self.waiting.items() if worker.pid != pid}
            if client is not None:
                self._tell(client, {"exit": status})
        if ended:
            self._sweep()

    def _sweep(self) -> None:
        """Kills processes that ended workers left behind.

        This process is their subreaper, so it has become their parent. While a worker runs, its orphans are its own
        children; every other child of the server is a leftover.
        """
        for pid in _children():
            if pid not in self.workers:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def _forget(self, client: _Client) -> None:
        with suppress(KeyError, ValueError):
            self.selector.unregister(client.connection)
        self.clients.pop(client.connection.fileno(), None)
        client.connection.close()
        if client.pid in self.workers:
            _kill(client.pid)

    def _tell(self, client: _Client, message: dict[str, int]) -> None:
        with suppress(OSError):
            client.connection.sendall(json.dumps(message).encode() + b"\n")


def _import_worker() -> None:
    """Imports modules that every worker needs, so that forked children share them."""
    import encodings.ascii  # noqa: F401
    import resource  # noqa: F401

    from kbtools.fences.languages.registry import find
    from kbtools.run.sandbox.namespaces import own_network_works
    from kbtools.run.worker import main as worker  # noqa: F401

    find("python")
    own_network_works()  # computed once for all workers, while this process is small


def _kill(pid: int | None) -> None:
    if pid is not None:
        for kill in (os.killpg, os.kill):
            with suppress(OSError):
                kill(pid, signal.SIGKILL)


def _children() -> list[int]:
    me = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/{me}/task/{me}/children").read_bytes().split()]
    except OSError:
        return []


def _prctl_subreaper() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def _request(data: bytes) -> tuple[WorkerKind, tuple[str, ...]] | None:
    """The content of a request: a kind of worker, and names of PRELOADS; None for an invalid request."""
    try:
        asked = json.loads(data)
        kind, preload = WorkerKind(**asked["kind"]), tuple(asked["preload"])
        sound = (
            type(kind.network) is bool
            and type(kind.changed) is int
            and type(kind.threads) is int
            and 0 < kind.threads <= _MOST_THREADS
            and kind.device in DEVICES
            and all(name in PRELOADS for name in preload)
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (kind, preload) if sound else None


def main(folder: str, requests: str, mode: str, *preload: str) -> None:
    """Serves in ``folder``, on a socket given as a descriptor, with workers confined as ``mode`` says."""
    own_processes = mode != "off" and namespaces.own_processes()
    # Garbage collection during so many imports would take a quarter of the time and free next to nothing.
    gc.disable()
    own = socket.socket(fileno=int(requests))
    own.set_inheritable(False)
    server = ForkServer(Path(folder), own, mode, own_processes=own_processes)
    try:
        server.serve(preload)
    finally:
        server.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
