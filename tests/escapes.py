"""Runs the attempts of ``suites/escapes.md`` in one mode: ``python escapes.py MODE`` tells as JSON what came of them.

Around them: a folder with a secret and a file to spoil, sockets that listen, a process to harm, a terminal, System V
memory, a key, a lock. A process of its own, since some ways need another user or a system without namespaces.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import Case, load

from kbtools.adapters.testing import jobs_of
from kbtools.run.processes import process
from kbtools.run.processes.launchers import ForkServerLauncher
from kbtools.run.session import ProcessSettings, Session

SUITE = Path(__file__).parent / "suites/escapes.md"
_KEY = 0x6B620000 + os.getpid() % 0xFFFF
_CREATE, _REMOVE = 0o1000 | 0o666, 0


@dataclass(frozen=True)
class World:
    """What is outside, by the names that attempts use."""

    out: str
    victim: int
    tcp: int
    udp: int
    unix: str
    unix_tmp: str
    unix_relative: str
    abstract: str
    tty: str
    sysv: int
    state: str


@contextmanager
def world(wrong: list[str]) -> Iterator[World]:
    """What is outside; what has come to harm there is added to ``wrong``."""
    libc = ctypes.CDLL(None, use_errno=True)
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as folder,
        tempfile.TemporaryDirectory() as temporary,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as unix_tmp,
        socket.socket(socket.AF_UNIX) as unix_relative,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        out = Path(folder)
        (out / "secret").write_text("hunter2")
        (out / "precious").write_text("precious")
        (out / "precious").chmod(0o600)
        state = Path(temporary) / "state"
        state.mkdir()
        (state / "lock").touch()
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.2)
        unix.bind(str(out / "s"))
        with chdir(out):
            unix_relative.bind("r")
        unix_tmp.bind(str(Path(temporary) / "s"))
        abstract.bind(f"\0kb-escape-{os.getpid()}")
        for listener in (unix, unix_tmp, unix_relative, abstract):
            listener.listen(64)
        master, terminal = os.openpty()
        os.set_blocking(master, False)
        sysv = libc.shmget(_KEY, 4096, _CREATE)
        victim = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"SECRET": "hunter2"}, start_new_session=True
        )
        yield World(
            out=folder,
            victim=victim.pid,
            tcp=tcp.getsockname()[1],
            udp=udp.getsockname()[1],
            unix=str(out / "s"),
            unix_tmp=str(Path(temporary) / "s"),
            unix_relative=str(out / "r"),
            abstract=f"kb-escape-{os.getpid()}",
            tty=os.ttyname(terminal),
            sysv=_KEY,
            state=str(state),
        )
        wrong += _harm(out, victim, udp, master)
        victim.kill()
        victim.wait()
        libc.shmctl(sysv, _REMOVE, None)


def _harm(out: Path, victim: subprocess.Popen[bytes], udp: socket.socket, master: int) -> list[str]:
    found = []
    names = sorted(f.name for f in out.iterdir())
    if names != ["precious", "r", "s", "secret"] or (out / "precious").read_text() != "precious":
        found.append(f"files: {names}")
    if (out / "precious").stat().st_mode & 0o777 != 0o600 or (out / "precious").stat().st_mtime < 1:
        found.append("modes or times")
    if victim.poll() is not None:
        found.append("the process was killed")
    with suppress(TimeoutError):
        udp.recvfrom(100)
        found.append("a datagram arrived")
    with suppress(BlockingIOError):
        os.read(master, 100)
        found.append("the terminal was written to")
    return found


def page(case: Case, around: World) -> str:
    names = "\n".join(f"{name} = {getattr(around, name)!r}" for name in World.__annotations__)
    options = " ".join(['timeout="90"', *case.all("options")])
    return f"```python {{{options}}}\n{names}\n{case.page}\nprint('escaped')\n```\n"


def attempt_all(mode: str) -> dict[str, Any]:
    """What held, what each attempt printed, and what has come to harm."""
    cases = load(SUITE)
    wrong: list[str] = []
    process.MOST_DISK = 64 << 20
    held: tuple[str, ...] = ()
    output: dict[str, str] = {}
    launcher = ForkServerLauncher(mode)
    try:
        with world(wrong) as around:
            settings = ProcessSettings(hidden=(around.state,))
            for case in cases:
                (job,) = jobs_of(page(case, around))
                with Session(job, launcher, settings) as session:
                    (outcome,) = session
                    held = session.protections
                output[case.name] = outcome.stdout + (outcome.message or "")
    finally:
        launcher.close()
    return {"held": held, "told": output, "wrong": wrong}


if __name__ == "__main__":
    print(json.dumps(attempt_all(sys.argv[1])))
