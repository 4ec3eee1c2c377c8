"""Entry point of a worker process: set up, confine, run steps on request.

Started by a launcher with four descriptors: a channel for messages, standard output and error, and a file for the
tracebacks of crashes and hangs. It reports what happened; outcomes are determined by the parent.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import multiprocessing
import os
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from kbtools.fences.dialects import without_options
from kbtools.fences.languages.registry import find
from kbtools.run.sandbox.limits import Rules, enclose, lacking, limit_memory, seal
from kbtools.run.sandbox.namespaces import supervised
from kbtools.run.worker import other_conditions
from kbtools.run.worker.channel import Channel
from kbtools.run.worker.python.captures import flush
from kbtools.run.worker.python.interpreter import Interpreter
from kbtools.run.worker.python.unraised import Unraised
from kbtools.run.worker.ready import WorkerKind, reseed, seed
from kbtools.run.worker.requirements import unmet
from kbtools.run.worker.session_api import SessionApi
from kbtools.run.worker.streams import Threads, open_streams, restore

_PATIENCE = 10.0
"""Maximum seconds to wait for a snippet's threads."""
_TURNS = 10_000
_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


class NetworkOff(ConnectionError):
    """A snippet used the network without ``network="yes"``."""


def main(
    descriptors: Sequence[int], mode: str, held: tuple[str, ...] | None = None, *, own_processes: bool = False
) -> NoReturn:
    """Serves one session on ``launchers.Descriptors``, confined as ``mode`` says, and ends the process. ``held`` is
    the result of ``ready``, if it was called in advance."""
    channel, out, err, trace = descriptors
    code = 0
    link = Channel(socket.socket(fileno=channel))
    try:
        open_streams(out, err)
        start = link.receive()
        if start is not None:
            _Worker(link, start, (out, err, trace), mode, held, own_processes=own_processes).serve()
    except BaseException:  # noqa: BLE001 - the process ends here, with the reason on standard error
        sys.excepthook(*sys.exc_info())
        code = 70
    flush()
    # Not sys.exit: exit handlers registered by the launcher's process must not run.
    os._exit(code)


class _Worker:
    def __init__(
        self,
        link: Channel,
        start: dict[str, Any],
        streams: tuple[int, int, int],
        mode: str,
        held: tuple[str, ...] | None,
        *,
        own_processes: bool,
    ) -> None:
        self.link = link
        self.out, self.err, trace = streams
        self.pid = os.getpid()
        self.folder = Path(start["folder"])
        self.scratch = self.folder / "work"
        self.network = False
        os.environ.clear()
        os.environ.update(start["environment"])
        _find_python(self.folder)
        # Both cache the temporary folder of the process from which this one was forked.
        tempfile.tempdir = None
        multiprocessing.current_process()._config.pop("tempdir", None)  # type: ignore[attr-defined]
        self.cwd = self.scratch / start["cwd"]
        self.cwd.mkdir(parents=True, exist_ok=True)
        os.chdir(self.cwd)
        sys.path[:0] = dict.fromkeys([str(self.cwd), str(self.scratch)])
        sys.argv = [start["path"]]
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.default_int_handler if stop == signal.SIGINT else signal.SIG_DFL)
        faulthandler.enable(file=trace, all_threads=False)
        if hasattr(faulthandler, "register"):
            # Sent before a worker that took too long is killed, to find out where it was.
            faulthandler.register(signal.SIGUSR1, file=trace, all_threads=False)
        kind = WorkerKind(**start["kind"])
        seeded = held is not None and kind.device == "cpu"
        writable = (str(self.folder), *start["writable"])
        hidden, sockets = tuple(start["hidden"]), tuple(start["sockets"])
        rules = Rules(mode, kind.network, writable, hidden, sockets, start["shared_memory"])
        if held is None:
            held = enclose(mode, network=kind.network, own_processes=own_processes)
        held = seal(rules, held)
        if start["memory"] is not None:
            limit_memory(start["memory"], for_good=True)
        missing = lacking(rules, held)
        script = self.folder / "__page__.py"
        script.touch()
        self.interpreter = Interpreter(start["path"], str(script))
        self.unraised = Unraised({start["path"]})
        self.unraised.watch_tasks()
        self.collects = False
        """Whether there may be tasks, which report their failure when they are deleted."""
        getattr(atexit, "_clear", lambda: None)()  # exit handlers of the process from which this one was forked
        sys.addaudithook(self._audit)
        self.apart = kind.changed if kind.changed in other_conditions.SEEDS_APART else 0
        """Random seeds that one snippet sets do not affect the next."""
        self.turn = 0
        self.interpreter.apart = kind.changed == other_conditions.PROMPT
        self.transform = other_conditions.transform(kind.changed)
        if kind.changed:
            other_conditions.change(self.scratch, kind.changed)
        if not missing and not seeded:
            if "torch" in start["preload"]:
                # If it is not installed, the page's own import reports that.
                with suppress(ImportError):
                    import torch  # noqa: F401
            seed(kind)
        self.link.send({"ready": True, "protections": held, "lacking": missing})

    def serve(self) -> None:
        while (order := self.link.receive()) is not None:
            if order["op"] == "confirm":
                self.link.send({"word": order["word"]})
                continue
            reply = self._run(order["step"])
            if os.getpid() != self.pid:
                # A forked child of a snippet has reached the end of the snippet: it must not reply for the session.
                flush()
                os._exit(0)
            restore(self.out, self.err, intact="error" not in reply)
            self.link.send(reply)

    def _run(self, step: dict[str, Any]) -> dict[str, Any]:
        for requirement in step["requires"]:
            lack = unmet(requirement)
            if lack is not None:
                return {"seconds": 0.0, "skip": lack}
        self.network = step["network"]
        if step["limit_memory"]:
            limit_memory(step["memory"])
        code, line = step["code"], step["line"]
        if step["file"] is not None:
            complaint = self._write(step["file"], code, line)
            if complaint is not None:
                return {"seconds": 0.0, "error": {"message": complaint, "line": line, "config": True}}
            if step["write_only"]:
                return {"seconds": 0.0}
        self.turn += 1
        if self.apart:
            reseed(self.apart * _TURNS + self.turn)
        transform = _retarget(step["rehearse"]) or self.transform
        inside = SessionApi(self.interpreter, step, self.scratch, transform)
        threads = Threads()
        self.collects = self.collects or "async" in code
        if "concurrent" in code:
            self.unraised.watch_futures()
        self.interpreter.settle = lambda: self._settle(threads, step)
        reply = inside.run(find(step["language"]))
        threads.finish(min(_PATIENCE, step["timeout"] / 2))
        flush()
        return reply

    def _settle(self, threads: Threads, step: dict[str, Any]) -> BaseException | None:
        """Waits for the tasks and threads of a snippet; returns the errors raised in them, or in exit handlers."""
        limit = min(_PATIENCE, step["timeout"] / 2)
        self.interpreter.run_tasks(limit)
        threads.finish(limit)
        if step["at_exit"]:
            flush()
            os.dup2(self.err, 1)  # not part of the snippet's output
            getattr(atexit, "_run_exitfuncs", lambda: None)()
            flush()
            os.dup2(self.out, 1)
        if self.collects:
            gc.collect()
        return next(iter(self.unraised.take()), None)

    def _write(self, name: str, code: str, line: int) -> str | None:
        """Writes a ``file=`` snippet into the scratch folder; returns the error in its name, or None."""
        target = Path(os.path.normpath(self.scratch / name))
        if not target.is_relative_to(self.scratch) or target == self.scratch:
            return f'file="{name}" is outside the session\'s folder'
        target.parent.mkdir(parents=True, exist_ok=True)
        text = without_options(code).lstrip("\n")
        line += without_options(code).count("\n") - text.count("\n")
        target.write_bytes((text if text.endswith("\n") or not text else text + "\n").encode("utf-8", "surrogatepass"))
        self.interpreter.modules[str(target)] = line
        self.unraised.files.add(str(target))
        return None

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.network or event not in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
            return
        host = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        if isinstance(host, tuple):
            host = host[0] if host else None
        elif event != "socket.getaddrinfo":
            return  # a Unix socket
        if isinstance(host, bytes):
            host = host.decode("latin-1")
        if not isinstance(host, str) or not host or host.startswith(_LOCAL) or host == socket.gethostname():
            return
        raise NetworkOff(f'the network is off ({host}): allow it with network="yes" on the fence')


def _find_python(folder: Path) -> None:
    """Makes ``python`` refer to this interpreter, for programs that a page starts."""
    programs = Path(sys.executable).parent
    if not (programs / "python").exists():
        programs = folder / "bin"
        programs.mkdir()
        (programs / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
        (programs / "python").chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(programs), *filter(None, [os.environ.get("PATH")])])
    if sys.prefix != sys.base_prefix:
        os.environ["VIRTUAL_ENV"] = sys.prefix


def _retarget(device: str | None) -> Callable[..., Any] | None:
    if device is None:
        return None
    from kbtools.run.worker.python.rehearse import retarget

    return lambda tree: retarget(tree, device)


if __name__ == "__main__":
    own = supervised() if sys.argv[5] != "off" else False
    main([int(number) for number in sys.argv[1:5]], sys.argv[5], own_processes=own)
