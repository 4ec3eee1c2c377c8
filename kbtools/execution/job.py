"""What is to be run, as plain values: a page's sessions on the chosen devices, and what is skipped beforehand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from kbtools.codefence.option_values import DEVICES
from kbtools.errors import KbError
from kbtools.snippets import Snippet

MIB = 1 << 20
GIB = 1 << 30


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

    def chosen(self, available: Mapping[str, bool]) -> tuple[str, ...]:
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
    text: str
    of_line: int | None


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
    launch: str | None = None
    uses: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    skip: str | None = None
    """Why it is not run, or None."""
    missing_is_error: bool = False
    """Its device was required."""
    reported: bool = True
    """False where the same snippet has its outcome in another session: it only takes part in what blocks what."""
    rehearse: str | None = None
    """The device it is retargeted to, when it is only rehearsed."""
    key: str = ""
    """A hash of all that decides its result within its session: code up to it, options, expectations, device."""


@dataclass(frozen=True, slots=True)
class Job:
    """One session of one page on one device: what one worker process runs, in order."""

    path: str
    session: str
    device: str
    steps: tuple[Step, ...]

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
        codes = [step.code for step in self.steps if step.skip is None]
        if self.device == "cpu" and not any("torch" in code for code in codes):
            return ()
        compiles = any("torch.compile" in code or ".compile(" in code for code in codes)
        return ("torch", "torch.compile") if compiles else ("torch",)

    @property
    def network(self) -> bool:
        return any(step.network for step in self.steps if step.skip is None)


def plan(
    path: str,
    snippets: Sequence[Snippet],
    request: DeviceRequest,
    available: Mapping[str, bool],
    limits: Limits | None = None,
    *,
    rehearse: bool = False,
) -> tuple[Job, ...]:
    """The jobs of one page. Every executable snippet gets an outcome: one a device it can run on.

    A snippet bound to devices of which none is chosen and available gets one outcome, skipped, under the first of
    them; in the sessions that do run it stands silent, so that what needs its names is blocked.
    """
    limits = limits or Limits()
    jobs: list[Job] = []
    for session, members in _sessions(snippets).items():
        chosen = request.chosen(available)
        usable = tuple(d for d in chosen if available.get(d))
        told: set[str] = set()
        for device in chosen or ("cpu",):
            steps = tuple(
                step
                for snippet in members
                for step in _step(path, snippet, device, chosen, usable, request, limits, told, rehearse)
            )
            if any(step.reported for step in steps):
                jobs.append(Job(path, session, device, _keyed(steps, path, session, device)))
    return tuple(jobs)


def _sessions(snippets: Sequence[Snippet]) -> dict[str, list[Snippet]]:
    """Snippets by namespace, in page order. ``extract`` gives every ``.alone`` fence a session of its own."""
    sessions: dict[str, list[Snippet]] = {}
    for snippet in snippets:
        if snippet.executable:
            sessions.setdefault(snippet.session, []).append(snippet)
    return sessions


def _step(
    path: str,
    snippet: Snippet,
    device: str,
    chosen: tuple[str, ...],
    usable: tuple[str, ...],
    request: DeviceRequest,
    limits: Limits,
    told: set[str],
    rehearse: bool,
) -> Iterable[Step]:
    """The snippet's part in the session on ``device``: one step."""
    on = device
    skip = snippet.options.skip
    reported = True
    target: str | None = None
    if device in snippet.devices:
        if device not in usable and skip is None:
            skip = _missing(snippet, device)
            # A rehearsal on another device is told of instead.
            reported = not (rehearse and usable and not any(d in usable for d in snippet.devices))
    else:
        # Bound to other devices. It is told of once: in the session on one of them, else in the first that exists.
        on = snippet.devices[0] if snippet.devices else device
        elsewhere = any(d in chosen for d in snippet.devices)
        if rehearse and skip is None and not any(d in usable for d in snippet.devices) and device in usable:
            target = device
            reported = snippet.id not in told
        else:
            reported = not elsewhere and snippet.id not in told
            if skip is None:
                asked = request.devices in (("auto",), ("all",))
                skip = _missing(snippet, on) if asked else f"{_needs(snippet, on)}: not among the devices asked for"
        if reported:
            told.add(snippet.id)
    options = snippet.options
    yield Step(
        id=f"{path}::{snippet.id}[{on}]",
        name=snippet.id,
        device=on,
        language=snippet.language,
        code=snippet.code,
        line=snippet.line,
        timeout=options.timeout if options.timeout is not None else limits.timeout,
        memory=options.memory if options.memory is not None else limits.memory,
        expects=tuple(Wanted(e.line, e.text, e.of_line) for e in snippet.expects) if options.compare else (),
        raises=options.raises,
        match=options.match,
        requires=options.requires,
        network=options.network,
        file=options.file,
        launch=options.launch,
        uses=snippet.uses,
        defines=snippet.defines,
        skip=skip,
        missing_is_error=skip is not None and options.skip is None and on in request.required,
        reported=reported,
        rehearse=target,
    )


def _needs(snippet: Snippet, device: str) -> str:
    why = f" ({snippet.device_reason})" if snippet.device_reason and len(snippet.devices) < len(DEVICES) else ""
    return f"needs {device}{why}"


def _missing(snippet: Snippet, device: str) -> str:
    if set(snippet.devices) >= set(DEVICES):
        return f"no {device.upper()} device here"
    return f"{_needs(snippet, device)}: no {device.upper()} device here"


def _keyed(steps: tuple[Step, ...], path: str, session: str, device: str) -> tuple[Step, ...]:
    """The steps with their content keys: each covers the steps before it, since they share a namespace."""
    running = hashlib.sha256(json.dumps([path, session, device]).encode())
    keyed = []
    for step in steps:
        values = asdict(step)
        for of_the_machine in ("key", "reported", "missing_is_error"):
            del values[of_the_machine]
        # Lines are part of it: a result shows the page's own lines.
        running.update(json.dumps(values, sort_keys=True).encode())
        keyed.append(_replace_key(step, running.hexdigest()))
    return tuple(keyed)


def _replace_key(step: Step, key: str) -> Step:
    values = {name: getattr(step, name) for name in Step.__dataclass_fields__}
    return Step(**{**values, "key": key})
