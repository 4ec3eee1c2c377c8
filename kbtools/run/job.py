"""Jobs as plain values: a session of a page on a device, with its steps and options."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kbtools.errors import KbError
from kbtools.fences.expected.form import Form
from kbtools.fences.option_values import DEVICES

MIB = 1 << 20
GIB = 1 << 30
ANY = "*"
"""In ``Step.imports``: code that may import anything."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Default resource limits of a snippet; its fence can override them."""

    timeout: float = 60.0
    """Seconds."""
    memory: int = 4 * GIB
    """Bytes of private memory of the process."""
    output: int = MIB
    """Bytes kept of standard output and standard error, each; the rest is discarded."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """The devices requested by ``--device`` and ``--require-device``."""

    devices: tuple[str, ...] = ("auto",)
    """``("auto",)``: every available one; ``("all",)``: every known one; else names out of DEVICES."""
    required: tuple[str, ...] = ()
    """Devices whose absence is an error instead of a reason to skip."""

    @classmethod
    def parse(cls, device: str | None, required: Iterable[str] = ()) -> DeviceRequest:
        """Parses ``auto``, ``all`` or a list like ``cpu,cuda``. Raises KbError for an unknown name."""
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
class ExpectedOutput:
    """Output a step must have: see ``snippets.Expectation``."""

    line: int
    """1-based page line of the expectation."""
    text: str
    statement: tuple[int, int] | None = None
    """Where in the code the statement begins (line from 1, column in UTF-8 bytes); None for the whole output."""
    form: Form = Form.OUTPUT
    value: bool = False
    short: int | None = None
    why_not: str | None = None
    last: tuple[int, int] | None = None
    shows: tuple[tuple[int, int], ...] | None = None


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
    expects: tuple[ExpectedOutput, ...] = ()
    raises: str | None = None
    may_raise: bool = False
    match: str | None = None
    requires: tuple[str, ...] = ()
    network: bool = False
    file: str | None = None
    files: tuple[tuple[str, str, str], ...] = ()
    """Files copied into its folder: destination, source and hash of each (``page_files.File``)."""
    write_only: bool = False
    """The fence is only written to a file, not run."""
    launch: str | None = None
    repl: bool = False
    at_exit: bool = False
    """It is the last of its session: functions registered with ``atexit`` are called after it."""
    uses: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    open: bool = False
    """It may define names that static analysis cannot determine."""
    skip: str | None = None
    """Why it is not run, or None."""
    missing_is_error: bool = False
    """The reason for skipping it is an error, for example a required device that is missing."""
    reported: bool = True
    """False when the snippet's outcome is reported by another session; here it only takes part in blocking."""
    rehearse: str | None = None
    """The device it is retargeted to in a rehearsal."""
    gpus: int = 1
    """CUDA devices it needs at once."""
    imports: tuple[str, ...] = ()
    """Packages that it, or a step before it, imports."""
    source: str = ""
    """Hash of the session's source up to and including this step: see ``keys.sources``."""
    key: str = ""
    """Cache key: hash of everything that determines the result, except the machine; see ``keys.keyed``."""


@dataclass(frozen=True, slots=True)
class SessionContext:
    """Environment of a session from the configuration: directory, variables, interpreter."""

    cwd: str = ""
    """Working directory within the session's folder."""
    environment: tuple[str, ...] = ()
    """Variables passed on by name, or set as ``NAME=value``."""
    python: str = ""
    """The interpreter; empty for kb's own."""
    installed: str = ""
    """Hash of the packages installed for it."""

    def variables(self) -> dict[str, str]:
        """The variables that are set, with their values."""
        found = {}
        for entry in self.environment:
            name, sep, value = entry.partition("=")
            if sep or name in os.environ:
                found[name] = value if sep else os.environ[name]
        return found


@dataclass(frozen=True, slots=True)
class Job:
    """One session of one page on one device: what one worker process runs, in order.

    A job consists of plain values that can be pickled and is self-contained: ``runner`` can run it on any machine
    with kbtools and the packages that its ``imports`` name.
    """

    path: str
    session: str
    device: str
    steps: tuple[Step, ...]
    around: SessionContext = SessionContext()

    @property
    def id(self) -> str:
        """Unique in a run."""
        return f"{self.path}::{self.session}[{self.device}]"

    @property
    def runs(self) -> bool:
        """Whether any step is to be run."""
        return any(step.skip is None for step in self.steps)

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules that the fork server should import before forking."""
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
    """Options that apply to all sessions of a run."""

    sandbox: str = "default"
    """One of ``protections.MODES``."""
    start: Literal["auto", "fork", "spawn"] = "auto"
    """Start method of workers: forked from a server, or fresh interpreters."""
    workers: int = 1
    """Number of concurrent sessions; together they use at most as many threads as the machine has cores."""
    cached: bool = False
    """Reuse stored results that passed and are still valid."""
    vault: str | None = None
    """The folder of pages, to hint at a file there that a snippet did not find."""


_TORCH = {
    "torch.optim": re.compile(r"optim|checkpoint|compile|dynamo|vmap|export|torch\.(?:func|fx|library)"),
    "torch.compile": re.compile(r"(?<!\bre)\.compile\(|torch\.compile"),
}


def preloads(codes: Iterable[str]) -> tuple[str, ...]:
    """Names of ``forkserver.PRELOADS`` that code is likely to import. Other modules are imported in the worker."""
    known = tuple(codes)
    torch = [code for code in known if "torch" in code]
    found = ["torch", *(name for name, word in _TORCH.items() if any(map(word.search, torch)))] if torch else []
    if any("matplotlib" in code for code in known):
        found.append("matplotlib")
    return tuple(found)
