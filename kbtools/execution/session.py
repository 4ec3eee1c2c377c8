"""One session from outside its worker: orders step after step, watches the clock, and judges what comes back."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from kbtools.errors import KbError
from kbtools.execution import judge
from kbtools.execution.channel import Channel
from kbtools.execution.gpus import Slot
from kbtools.execution.job import Job, Limits, Step
from kbtools.execution.launchers import Descriptors, Launcher, WorkerHandle, clean_environment, remove
from kbtools.execution.outcomes import Outcome, Status

START_TIMEOUT = 120.0
"""Seconds for a worker to be ready: a cold import of torch on a busy machine."""
_GRACE = 0.5
_ENDED = (Status.PASSED, Status.XFAILED, Status.REHEARSED)


@dataclass(frozen=True, slots=True)
class Settings:
    """How sessions are run; the same for all of a run."""

    limits: Limits = field(default_factory=Limits)
    sandbox: str = "default"
    threads: int = 1
    """Threads of OpenMP and the like in a worker."""
    writable: tuple[str, ...] = ()
    """Folders besides its scratch folder in which a worker may write: caches."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables set for workers beside the clean ones."""
    update: bool = False
    """Output that differs is about to be rewritten: it blocks nothing."""
    gpus: int = 1
    """CUDA devices to share out: each serves one session at a time."""


@dataclass(slots=True)
class Reply:
    """What a step came to: a worker's message, or how the worker ended without one."""

    message: dict[str, Any] | None
    stdout: str
    stderr: str
    exit: int | None = None
    """The exit code of a worker that died, negative for a signal."""
    timed_out: bool = False
    trace: str = ""
    """What faulthandler wrote."""
    seconds: float = 0.0


class Session:
    """Runs a job's steps in order, in one worker; after a crash, in a new one that has caught up."""

    def __init__(self, job: Job, launcher: Launcher | None, settings: Settings | None = None) -> None:
        """``launcher`` may be None for a job of which nothing runs."""
        self.job = job
        self.launcher = launcher
        self.settings = settings or Settings()
        self._worker: _Worker | None = None
        self._history: list[tuple[Step, bool]] = []
        self._lost: KbError | None = None
        self._broken: dict[str, tuple[Step, Outcome]] = {}
        self._outcomes = self._run()
        self._done: dict[str, Outcome] = {}
        self._gpu: Slot | None = None
        self.protections: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Outcome]:
        """The reported outcomes, as they come. The worker ends with the last one."""
        for outcome in self._outcomes:
            self._done[outcome.id] = outcome
            yield outcome

    def until(self, outcome_id: str) -> Outcome:
        """The outcome of one step, after running those before it. Raises KeyError for one that is not of the job."""
        if outcome_id not in self._done:
            for outcome in self:
                if outcome.id == outcome_id:
                    break
        return self._done[outcome_id]

    def close(self) -> None:
        """End the worker and remove its folder. May be called at any time, and again."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
        gpu, self._gpu = self._gpu, None
        if gpu is not None:
            gpu.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> Iterator[Outcome]:
        try:
            for step in self.job.steps:
                outcome, intact = self._step(step)
                self._remember(step, outcome, intact)
                if step.reported:
                    yield outcome
        finally:
            self.close()

    def _step(self, step: Step) -> tuple[Outcome, tuple[str, ...]]:
        """The outcome, and which of the names a failed step defines are none the worse for it."""
        if step.skip is not None:
            status = Status.ERROR if step.missing_is_error else Status.SKIPPED
            return judge.outcome(self.job, step, status, reason=step.skip), ()
        for name in step.uses:
            if name in self._broken:
                culprit, what = self._broken[name]
                state = {"failed": "failed", "error": "ended in an error"}.get(
                    what.outcome.value, f"was {what.outcome.value}"
                )
                reason = f"needs {name} from #{culprit.name}, which {state}"
                return judge.outcome(self.job, step, Status.BLOCKED, reason=reason), ()
        try:
            reply = self._order(step)
        except KbError as problem:
            self.close()
            message = problem.message if problem.hint is None else f"{problem.message}\n{problem.hint}"
            return judge.outcome(self.job, step, Status.ERROR, reason=problem.message, message=message), ()
        if reply.message is None:
            self.close()
            return judge.died(self.job, step, reply), ()
        return judge.judge(self.job, step, reply), tuple(reply.message.get("intact", ()))

    def _remember(self, step: Step, outcome: Outcome, intact: tuple[str, ...]) -> None:
        complete = outcome.outcome in _ENDED or (self.settings.update and judge.only_output_differs(outcome))
        if self._worker is not None and step.skip is None and outcome.outcome is not Status.BLOCKED:
            self._history.append((step, complete))
        if complete:
            for name in step.defines:
                self._broken.pop(name, None)
        else:
            for name in step.defines:
                if name not in intact:
                    self._broken[name] = (step, outcome)

    def _order(self, step: Step) -> Reply:
        if self._lost is not None:
            raise self._lost
        if self._worker is None:
            try:
                self._begin()
            except KbError as problem:
                self._lost = problem
                raise
        assert self._worker is not None
        return self._worker.run(step)

    def _begin(self) -> None:
        """Start a worker and bring it where the last one was before it died. Raises KbError when that fails."""
        assert self.launcher is not None
        environment = dict(self.settings.environment)
        if self.job.device == "cuda":
            self._gpu = Slot.take(self.launcher.folder, self.settings.gpus)
            environment["CUDA_VISIBLE_DEVICES"] = self._gpu.visible()
        else:
            # Code that picks the best device it finds must find this session's.
            environment["CUDA_VISIBLE_DEVICES"] = ""
        self._worker = worker = _Worker(self.job, self.launcher, self.settings, environment)
        self.protections = worker.protections
        for earlier, passed in self._history:
            again = worker.run(earlier)
            # What failed before may fail again: it is run for the names it binds until then.
            if again.message is None or (passed and again.message.get("error")):
                raise KbError(
                    f"the session was begun again after a crash, and #{earlier.name} did not run as before",
                    "give the snippet that ends the process the class .alone",
                )


class _Worker:
    """A worker process with its pipes and scratch folder."""

    def __init__(self, job: Job, launcher: Launcher, settings: Settings, extra: Mapping[str, str]) -> None:
        self.job, self.settings = job, settings
        self.handle: WorkerHandle | None = None
        self.scratch = Path(tempfile.mkdtemp(prefix="s", dir=launcher.folder))
        ours, theirs = socket.socketpair()
        ours.setblocking(True)
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self.trace: IO[bytes] = tempfile.TemporaryFile(dir=launcher.folder)  # noqa: SIM115 - closed with the worker
        self.channel = Channel(ours)
        self.out, self.err = _Capture(out, settings.limits.output), _Capture(err, settings.limits.output)
        environment = {**self._environment(), **extra}
        try:
            descriptors = Descriptors(theirs.fileno(), out_end, err_end, self.trace.fileno())
            self.handle = launcher.start(job.preload, environment, descriptors)
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

    def run(self, step: Step) -> Reply:
        """Order a step and wait for its end, for its time limit, or for the worker's death."""
        self.out.clear()
        self.err.clear()
        self.trace.seek(0)
        self.trace.truncate()
        order = asdict(step)
        order["watch"] = sorted({w.of_line for w in step.expects if w.of_line is not None})
        # CUDA reserves far more address space than it uses, which this limit would count.
        order["limit_memory"] = self.job.device == "cpu"
        started = time.monotonic()
        try:
            self.channel.send({"op": "run", "step": order})
        except OSError:
            return self._dead(started)
        message = self._await(started + step.timeout)
        if message is not None:
            self._drain()
            seconds = float(message.get("seconds", 0.0))
            return Reply(message, self.out.text(), self.err.text(), seconds=seconds)
        assert self.handle is not None
        if self.handle.ended() is None:
            return self._late(started)
        return self._dead(started)

    def close(self) -> None:
        if self.handle is not None:
            self.handle.kill()
        for thing in (self.channel, self.out, self.err, self.trace, getattr(self, "selector", None)):
            if thing is not None:
                thing.close()
        remove(self.scratch)

    def _environment(self) -> dict[str, str]:
        place = str(self.scratch)
        own = {"HOME": place, "TMPDIR": place, "TMP": place, "TEMP": place, "MPLBACKEND": "Agg", "MPLCONFIGDIR": place}
        return clean_environment(self.settings.threads, own)

    def _greet(self, environment: dict[str, str]) -> tuple[str, ...]:
        job, settings = self.job, self.settings
        start = {
            "path": job.path,
            "device": job.device,
            "scratch": str(self.scratch),
            "environment": environment,
            "sandbox": settings.sandbox,
            "writable": list(settings.writable),
            "network": job.network,
            "threads": settings.threads,
            "preload": list(job.preload),
        }
        started = time.monotonic()
        message = None
        with suppress(OSError):
            self.channel.send(start)
            message = self._await(started + START_TIMEOUT)
        if message is None:
            self._drain()
            told = self.err.text().strip().split("\n")[-1]
            self.close()
            raise KbError(f"the worker did not start{': ' + told if told else ''}")
        if message["lacking"]:
            self.close()
            raise KbError(
                f"--sandbox=require: this system does not confine {' and '.join(message['lacking'])}",
                "Landlock and user namespaces are needed; without them use --sandbox=default",
            )
        return tuple(message["protections"])

    def _await(self, deadline: float) -> dict[str, Any] | None:
        """The next message; None when the worker has ended or the time is up."""
        assert self.handle is not None
        while True:
            message = self.channel.buffered()
            if message is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            gone = False
            for key, _ in self.selector.select(min(left, _GRACE)):
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
        """Read what has been written so far: all that the step wrote, since pipes take it at once."""
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
        while time.monotonic() < until and self.handle.ended() is None and not self._trace():
            time.sleep(0.02)
        time.sleep(0.02)
        self._drain()
        trace = self._trace()
        self.handle.kill()
        return Reply(None, self.out.text(), self.err.text(), None, True, trace, time.monotonic() - started)

    def _dead(self, started: float) -> Reply:
        assert self.handle is not None
        code = self.handle.ended(_GRACE)
        self._drain()
        seconds = time.monotonic() - started
        return Reply(None, self.out.text(), self.err.text(), code, False, self._trace(), seconds)

    def _trace(self) -> str:
        self.trace.seek(0)
        return self.trace.read(1 << 16).decode("utf-8", "replace")


class _Capture:
    """The read end of a pipe: keeps the first ``limit`` bytes and counts the rest."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor, self.limit = descriptor, limit
        self.kept = bytearray()
        self.dropped = 0

    def fileno(self) -> int:
        return self.descriptor

    def feed(self) -> bool:
        """Take what is there; False at the end."""
        data = os.read(self.descriptor, 1 << 16)
        room = max(0, self.limit - len(self.kept))
        self.kept += data[:room]
        self.dropped += max(0, len(data) - room)
        return bool(data)

    def clear(self) -> None:
        self.kept.clear()
        self.dropped = 0

    def text(self) -> str:
        told = bytes(self.kept).decode("utf-8", "replace")
        return told + (f"\n[{self.dropped} more bytes were written and dropped]\n" if self.dropped else "")

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
