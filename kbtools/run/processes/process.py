"""A worker process seen by its parent: pipes, scratch folder, time limits."""

from __future__ import annotations

import os
import secrets
import selectors
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from kbtools.errors import KbError
from kbtools.run.job import Job, Limits, Step
from kbtools.run.processes.capture import Capture
from kbtools.run.processes.launchers import Descriptors, Launcher, WorkerHandle
from kbtools.run.processes.removal import remove
from kbtools.run.processes.reply import InvalidReply, validated
from kbtools.run.results.environment import worker_environment
from kbtools.run.sandbox.limits import MOST_PROCESSES
from kbtools.run.sandbox.sockets import named_sockets
from kbtools.run.usage.cgroups import Group, new_group
from kbtools.run.usage.process_tree import stop_all
from kbtools.run.usage.watch import Exceeded, Most, Watch
from kbtools.run.worker.channel import BadMessage, Channel
from kbtools.run.worker.ready import WorkerKind

START_TIMEOUT = 120.0
"""Seconds for a worker to be ready: a cold import of torch on a busy machine."""
_GRACE = 2.0
_CONFIRM = 10.0
"""Seconds for a worker to confirm a reply once its snippet has ended: threads of the page may be busy."""
_LOOK = 0.1
"""Seconds between checks whether a worker has ended."""
MOST_DISK = 4 << 30
"""Maximum bytes of a session's folder."""


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """How sessions are run; the same for all of a run."""

    limits: Limits = field(default_factory=Limits)
    threads: int = 1
    """Threads of OpenMP and similar libraries in a worker."""
    writable: tuple[str, ...] = ()
    """Folders besides its scratch folder in which a worker may write: caches."""
    hidden: tuple[str, ...] = ()
    """Folders that appear empty to a worker with a mount namespace: kb's own state."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables set for workers in addition to the standard ones."""
    vault: str | None = None
    """The folder of pages, in which a file that a snippet did not find may be."""
    gpus: int = 1
    """CUDA devices to allocate: each serves one session at a time."""
    locks: str | None = None
    """The folder of the locks by which the processes of one run share GPUs; None: this process is the only one."""


@dataclass(slots=True)
class Reply:
    """The result of a step: a worker's message, or how the worker ended without one."""

    message: dict[str, Any] | None
    stdout: str
    stderr: str
    exit: int | None = None
    """The exit code of a worker that died, negative for a signal."""
    timed_out: bool = False
    exceeded: Exceeded | None = None
    """The worker was killed because it and its child processes together exceeded a limit."""
    lost: bool = False
    """It ended because its starter ended: the snippet is not the cause."""
    refused: str | None = None
    """Its message was not a valid reply."""
    cut: bool = False
    """It wrote more to standard output than is kept."""
    trace: str = ""
    """The output of faulthandler."""
    seconds: float = 0.0


class WorkerProcess:
    """A worker process with its pipes and scratch folder."""

    def __init__(
        self,
        job: Job,
        launcher: Launcher,
        settings: ProcessSettings,
        extra: Mapping[str, str],
        *,
        changed: int = 0,
    ) -> None:
        """``changed``: the number of the other conditions, for a second run."""
        self.job, self.settings = job, settings
        self.kind = WorkerKind(job.network, settings.threads, job.device, changed)
        self.mode = launcher.sandbox
        self.memory = max((s.memory for s in job.steps if s.skip is None), default=settings.limits.memory)
        self.handle: WorkerHandle | None = None
        self._exceeded: Exceeded | None = None
        self._group: Group | None = None
        self._watch: Watch | None = None
        self._made = Path(tempfile.mkdtemp(prefix="s", dir=launcher.folder))
        self.folder = self._made / "changed" / "s" if changed else self._made
        self.scratch = self.folder / "work"
        self._brought: set[str] = set()
        for place in (self.scratch, self.folder / "home", self.folder / "tmp"):
            place.mkdir(parents=True)
        ours, theirs = socket.socketpair()
        ours.setblocking(True)
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self.trace: IO[bytes] = tempfile.TemporaryFile(dir=launcher.folder)  # noqa: SIM115 - closed with the worker
        self.channel = Channel(ours)
        self.out, self.err = Capture(out, settings.limits.output), Capture(err, settings.limits.output)
        environment = {**self._environment(), **extra}
        try:
            descriptors = Descriptors(theirs.fileno(), out_end, err_end, self.trace.fileno())
            self.handle = launcher.start(self.kind, job.preload, environment, descriptors)
        except KbError:
            self.close()
            raise
        finally:
            theirs.close()
            os.close(out_end)
            os.close(err_end)
        self.selector = selectors.DefaultSelector()
        for source, kind in ((self.channel, "message"), (self.out, "out"), (self.err, "err")):
            self.selector.register(source, selectors.EVENT_READ, kind)
        exit_notice = self.handle.fileno()
        if exit_notice is not None:
            self.selector.register(exit_notice, selectors.EVENT_READ, "exit")
        self.protections = self._greet(environment)
        self.handle.settle()
        self.protections += self._limit_together(self.handle.pid)

    def run(self, step: Step) -> Reply:
        """Runs a step and waits for its end, its time limit, or the worker's death."""
        self.out.clear()
        self.err.clear()
        self.trace.seek(0)
        self.trace.truncate()
        self._bring(step)
        order = asdict(step)
        compared = [w for w in step.expects if w.why_not is None]
        places = {place for w in compared for place in (w.statement or w.last, *(w.shows or ()))}
        order["watch"] = sorted(place for place in places if place is not None)
        # CUDA reserves far more address space than it uses, which this limit would count: for CUDA, only actual use is
        # limited.
        order["limit_memory"] = self.job.device == "cpu"
        self._exceeded = None
        if self._watch is not None:
            if self.job.device != "cpu":
                self._watch.most = replace(self._watch.most, memory=step.memory)
            self._watch.begin()
        started = time.monotonic()
        try:
            self._expect_silence()
            self.channel.send({"op": "run", "step": order})
            message = self._await(started + step.timeout)
            if message is not None:
                self._drain()
                took = time.monotonic() - started
                message = validated(message, step)
                self._confirm()
                said = self.out.text(), self.err.text()
                return Reply(message, *said, seconds=min(message["seconds"], took), cut=self.out.dropped > 0)
        except (BadMessage, InvalidReply) as problem:
            if self._exceeded is not None:
                return self._stopped(started)
            if self.handle is not None and self.handle.ended() is not None and self.handle.lost:
                return self._dead(started)
            return self._refused(str(problem), started)
        except OSError:
            return self._dead(started)
        assert self.handle is not None
        if self._exceeded is not None:
            return self._stopped(started)
        if self.handle.ended() is None:
            return self._late(started)
        return self._dead(started)

    def _expect_silence(self) -> None:
        """Raises InvalidReply if there is unrequested data, which would be read as the next reply."""
        while self._readable(self.channel.fileno()) and self.channel.feed():
            if not self.channel.is_empty:
                raise InvalidReply("it was written before the first request")

    def _confirm(self) -> None:
        """Verifies that the worker replied, and not the page's code in its place before it failed or ended the
        process. It must answer with a random word, generated now, before any other data. Raises InvalidReply."""
        word = secrets.token_hex(16)
        try:
            if not self.channel.is_empty:
                raise InvalidReply("there is more than one reply")
            self.channel.send({"op": "confirm", "word": word})
            answer = self._await(time.monotonic() + _CONFIRM)
        except OSError:
            answer = None
        if answer is None:
            raise InvalidReply("the process ended, or was busy, after the reply")
        if answer != {"word": word}:
            raise InvalidReply("there is more than one reply")

    def _refused(self, what: str, started: float) -> Reply:
        assert self.handle is not None
        self._drain()
        self.handle.kill()
        return self._no_message(started, refused=what)

    def _stopped(self, started: float) -> Reply:
        assert self.handle is not None
        stop_all(self.handle.pid)
        self.handle.kill()
        self._drain()
        return self._no_message(started, trace=self._trace(), exceeded=self._exceeded)

    def _no_message(self, started: float, **how: Any) -> Reply:
        return Reply(None, self.out.text(), self.err.text(), seconds=time.monotonic() - started, **how)

    def _limit_together(self, pid: int) -> tuple[str, ...]:
        """Limits what the session's processes use together. Returns the names of the protections that are active."""
        self._group = new_group(self.memory, MOST_PROCESSES)
        if self._group is not None:
            try:
                self._group.add(pid)
            except OSError:
                self._group.close()
                self._group = None
        if Watch.works():
            memory = self.memory if self._group is None else None
            self._watch = Watch(self._made, Most(MOST_PROCESSES, memory, MOST_DISK))
        grouped = ("group",) if self._group is not None else ()
        return grouped + (("watched",) if self._watch is not None else ())

    def _bring(self, step: Step) -> None:
        """Copies the step's files into its folder. If one has been deleted since planning, the code reports it as
        missing."""
        for target, source, _ in step.files:
            if target in self._brought:
                continue
            self._brought.add(target)
            place = self.scratch / target
            with suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, place)

    def close(self) -> None:
        if self.handle is not None:
            self.handle.kill()
        for thing in (self.channel, self.out, self.err, self.trace, getattr(self, "selector", None)):
            if thing is not None:
                thing.close()
        if self._group is not None:
            self._group.close()
        remove(self._made)

    def _environment(self) -> dict[str, str]:
        home, tmp = str(self.folder / "home"), str(self.folder / "tmp")
        own = {"HOME": home, "TMPDIR": tmp, "TMP": tmp, "TEMP": tmp, "MPLBACKEND": "Agg", "MPLCONFIGDIR": home}
        return {**worker_environment(self.settings.threads, own), **self.job.around.variables()}

    def _greet(self, environment: dict[str, str]) -> tuple[str, ...]:
        job, settings = self.job, self.settings
        start = {
            "path": job.path,
            "kind": asdict(self.kind),
            "folder": str(self.folder),
            "cwd": job.around.cwd,
            "environment": environment,
            "writable": list(settings.writable),
            "hidden": list(settings.hidden),
            "sockets": named_sockets(("/tmp", "/run", *settings.writable))
            if self.mode in ("default", "require")
            else (),
            "memory": self.memory if job.device == "cpu" else None,
            "shared_memory": self.memory,
            "preload": list(job.preload),
        }
        started = time.monotonic()
        message = None
        with suppress(OSError, BadMessage):
            self.channel.send(start)
            message = self._await(started + START_TIMEOUT)
        if message is None:
            self._drain()
            last_line = self.err.text().strip().split("\n")[-1]
            self.close()
            raise KbError(
                f"the worker did not start{': ' + last_line if last_line else ''}",
                "run again with -n 1; kb check --no-run needs none",
            )
        if message["lacking"]:
            self.close()
            raise KbError(
                f"--sandbox={self.mode}: this system does not confine {' and '.join(message['lacking'])}",
                "Landlock and user namespaces are needed; without them use --sandbox=default",
            )
        return tuple(message["protections"])

    def _await(self, deadline: float) -> dict[str, Any] | None:
        """The next message; None if the worker has ended or the time is up."""
        assert self.handle is not None
        while True:
            message = self.channel.buffered()
            if message is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            gone = False
            if self._watch is not None:
                self._exceeded = self._watch.look(self.handle.pid)
                if self._exceeded is not None:
                    return None
                left = min(left, self._watch.wait())
            for key, _ in self.selector.select(min(left, _LOOK)):
                if key.data == "message":
                    gone = not self.channel.feed() or gone
                elif key.data == "exit":
                    gone = True
                else:
                    self._read(key.fileobj)
            if gone or self.handle.ended() is not None:
                self.handle.ended(_GRACE)
                while self._readable(self.channel.fileno()) and self.channel.feed():
                    pass
                self._drain()
                return self.channel.buffered()

    def _read(self, capture: Any) -> None:
        if not capture.feed():
            with suppress(KeyError, ValueError):
                self.selector.unregister(capture)

    def _drain(self) -> None:
        """Reads everything written so far: pipes deliver writes immediately, so this is all output of the step."""
        for capture in (self.out, self.err):
            while self._readable(capture.fileno()) and capture.feed():
                pass

    @staticmethod
    def _readable(descriptor: int) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _late(self, started: float) -> Reply:
        assert self.handle is not None
        with suppress(OSError):
            os.kill(self.handle.pid, signal.SIGUSR1)
        until = time.monotonic() + _GRACE
        # The page's own frame is the outermost, so it is printed last.
        page = f'File "{self.job.path}"'
        while time.monotonic() < until and self.handle.ended() is None and page not in self._trace():
            time.sleep(0.02)
        time.sleep(0.02)
        self._drain()
        trace = self._trace()
        self.handle.kill()
        return self._no_message(started, timed_out=True, trace=trace)

    def _dead(self, started: float) -> Reply:
        assert self.handle is not None
        code = self.handle.ended(_GRACE)
        self._drain()
        exceeded = None
        if self._group is not None and self._group.ran_out_of_memory():
            exceeded = Exceeded("memory", self.memory)
        return self._no_message(started, exit=code, lost=self.handle.lost, trace=self._trace(), exceeded=exceeded)

    def _trace(self) -> str:
        self.trace.seek(0)
        return self.trace.read(1 << 16).decode("utf-8", "replace")
