"""Jobs as plain values: a session of a page on a device, with its steps and options."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kbtools.errors import KbError
from kbtools.fences.option_values import DEVICES

MIB = 1 << 20
GIB = 1 << 30
ANY = "*"
"""In ``Step.imports``: code that may import anything."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a snippet may use unless its fence says otherwise."""

    timeout: float = 60.0
    """Seconds."""
    memory: int = 4 * GIB
    """Bytes of private memory of the process."""
    output: int = MIB
    """Bytes kept of standard output and of standard error, each; the rest is read and dropped."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What ``--device`` and ``--require-device`` ask for."""

    devices: tuple[str, ...] = ("auto",)
    """``("auto",)``: every available one; ``("all",)``: every known one; else names out of DEVICES."""
    required: tuple[str, ...] = ()
    """Where one of these is missing, that is an error instead of a reason to skip."""

    @classmethod
    def parse(cls, device: str | None, required: Iterable[str] = ()) -> DeviceRequest:
        """Read ``auto``, ``all`` or a list like ``cpu,cuda``. Raises KbError for a name it does not know."""
        names = tuple(dict.fromkeys(n.strip().lower() for n in (device or "auto").split(",") if n.strip())) or ("auto",)
        for name in (*names, *required):
            if name not in DEVICES and not (name in ("auto", "all") and len(names) == 1 and name in names):
                raise KbError(f'no device is called "{name}"', "devices are auto, all, or a list of cpu, cuda, mps")
        return cls(names, tuple(required))

    def chosen(self, available: Mapping[str, int]) -> tuple[str, ...]:
        """The devices to report on, in the order of DEVICES."""
        if self.devices == ("all",):
            return DEVICES
        if self.devices == ("auto",):
            return tuple(d for d in DEVICES if available.get(d) or d in self.required)
        return tuple(d for d in DEVICES if d in self.devices or d in self.required)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Output a step must have: see ``snippets.Expectation``."""

    line: int
    """1-based line of the page that says so."""
    text: str
    statement: tuple[int, int] | None = None
    """Where in the code the statement begins (line from 1, column in UTF-8 bytes); None for the whole output."""
    marked: bool = True
    value: bool = False
    short: int | None = None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A snippet within a session on a device."""

    id: str
    """The outcome's id: ``topics/Autograd.md::backward[cpu]``."""
    name: str
    """The snippet's own id: ``backward``."""
    device: str
    language: str
    code: str
    line: int
    """1-based page line of the opening fence: the code's first line is the next one."""
    timeout: float
    memory: int
    expects: tuple[Wanted, ...] = ()
    raises: str | None = None
    match: str | None = None
    requires: tuple[str, ...] = ()
    network: bool = False
    file: str | None = None
    files: tuple[tuple[str, str, str], ...] = ()
    """Files it finds in its folder: where, copied from where, and a hash of each (``page_files.File``)."""
    write_only: bool = False
    """The file is written, and the code not run."""
    launch: str | None = None
    repl: bool = False
    at_exit: bool = False
    """It is the last of its session: what the session has registered with ``atexit`` is called after it."""
    uses: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    open: bool = False
    """It may define names nobody can tell."""
    skip: str | None = None
    """Why it is not run, or None."""
    missing_is_error: bool = False
    """Its device was required."""
    reported: bool = True
    """False where the same snippet has its outcome in another session: it only takes part in what blocks what."""
    rehearse: str | None = None
    """The device it is retargeted to, when it is only rehearsed."""
    gpus: int = 1
    """CUDA devices it needs at once."""
    imports: tuple[str, ...] = ()
    """Packages that it, or a step before it, imports."""
    source: str = ""
    """A hash of what the page says up to here in the session: see ``keys.sources``."""
    key: str = ""
    """A hash of all that decides its result, but for the machine: see ``keys.keyed``."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a session finds around it, as the configuration says."""

    cwd: str = ""
    """Where in the session's folder the code runs."""
    environment: tuple[str, ...] = ()
    """Variables passed on by name, or set as ``NAME=value``."""
    python: str = ""
    """The interpreter; empty for kb's own."""
    installed: str = ""
    """A hash of what is installed in it."""

    def variables(self) -> dict[str, str]:
        """Those that there are, with their values."""
        found = {}
        for entry in self.environment:
            name, sep, value = entry.partition("=")
            if sep or name in os.environ:
                found[name] = value if sep else os.environ[name]
        return found


@dataclass(frozen=True, slots=True)
class Job:
    """One session of one page on one device: what one worker process runs, in order.

    A job is plain values that pickle and needs nothing but itself: ``runner`` makes outcomes of it on any machine with
    kbtools and the packages its ``imports`` name.
    """

    path: str
    session: str
    device: str
    steps: tuple[Step, ...]
    around: Around = Around()

    @property
    def id(self) -> str:
        """Unique in a run."""
        return f"{self.path}::{self.session}[{self.device}]"

    @property
    def runs(self) -> bool:
        """Whether anything of it needs a process."""
        return any(step.skip is None for step in self.steps)

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules worth having imported before the fork."""
        if not self.runs:
            return ()
        found = preloads(step.code for step in self.steps if step.skip is None)
        return found if self.device == "cpu" or found else ("torch",)

    @property
    def gpus(self) -> int:
        """CUDA devices its session needs at once; 0 on other devices."""
        if self.device != "cuda":
            return 0
        return max((step.gpus for step in self.steps if step.skip is None), default=1)

    @property
    def network(self) -> bool:
        return any(step.network for step in self.steps if step.skip is None)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How sessions are run."""

    sandbox: str = "default"
    """One of ``protections.MODES``."""
    start: Literal["auto", "fork", "spawn"] = "auto"
    """How workers come to be: forked off a server, or fresh interpreters."""
    workers: int = 1
    """Sessions side by side; together they get no more threads than the machine has cores."""
    cached: bool = False
    """Answer from the store what passed and still holds."""
    vault: str | None = None
    """The folder of pages, where a file that a snippet misses may lie."""


_TORCH = {
    "torch.optim": re.compile(r"optim|checkpoint|compile|dynamo|vmap|export|torch\.(?:func|fx|library)"),
    "torch.compile": re.compile(r"(?<!\bre)\.compile\(|torch\.compile"),
}


def preloads(codes: Iterable[str]) -> tuple[str, ...]:
    """Names of ``forkserver.PRELOADS`` that code is likely to import. What is not foreseen is imported by the page."""
    known = tuple(codes)
    torch = [code for code in known if "torch" in code]
    found = ["torch", *(name for name, word in _TORCH.items() if any(map(word.search, torch)))] if torch else []
    if any("matplotlib" in code for code in known):
        found.append("matplotlib")
    return tuple(found)
