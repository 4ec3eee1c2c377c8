"""Plans the jobs of a page: sessions by device, and which steps are skipped and why."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kbtools.config.project import Project
from kbtools.config.snippet_policy import DEFAULT, Policy
from kbtools.fences.option_values import DEVICES
from kbtools.run.devices import probe as devices
from kbtools.run.devices.interpreter import interpreter, normalized
from kbtools.run.job import DeviceRequest, ExpectedOutput, Job, Limits, SessionContext, Step
from kbtools.run.page_files import FoundFiles, PageFiles
from kbtools.run.worker.requirements import unmet as lacking
from kbtools.state import program
from kbtools.text.reason import Reason

if TYPE_CHECKING:
    from kbtools.snippets import Snippet


_NO_SAY = frozenset({"cluster", "commands", "incremental", "output", "renaming", "rewrite", "rules", "site"})
"""Packages of kbtools that do not affect a plan."""


class Fences(NamedTuple):
    """Number of fences, and of those that are not executable, by reason."""

    total: int
    idle: Mapping[str, int]

    @classmethod
    def of(cls, snippets: Iterable[Snippet]) -> Fences:
        """Counts for some snippets."""
        total, idle = 0, dict[str, int]()
        for snippet in snippets:
            total += 1
            if not snippet.executable:
                why = snippet.why_not or "no reason known"
                idle[why] = idle.get(why, 0) + 1
        return cls(total, idle)

    @property
    def executable(self) -> int:
        return self.total - sum(self.idle.values())

    @property
    def of_other_tools(self) -> Mapping[str, int]:
        """Number of fences written for other tools that are only shown, by reason."""
        head = "another tool's: "
        return {why.removeprefix(head): n for why, n in sorted(self.idle.items()) if why.startswith(head)}


class Planner:
    """Plans pages for one device request on this machine."""

    def __init__(self, project: Project, request: DeviceRequest, *, rehearse: bool = False) -> None:
        self.request, self.rehearse = request, rehearse
        self.root = project.root
        self.limits = Limits(project.config.run.timeout, project.config.run.memory)
        self.files = PageFiles(project.vault, project.root)
        self.unmet = functools.cache(_unmet)

    def python(self, policy: Policy) -> str:
        """The interpreter for pages of a policy; "" for kb's own."""
        # Symbolic links are not resolved: a virtual environment's interpreter links to one outside the environment.
        return os.path.abspath(self.root / policy.python) if policy.python else ""  # noqa: PTH100

    def context(self, policy: Policy) -> bytes:
        """Cache key of a plan: everything that determines it except the page itself."""
        python = self.python(policy)
        available = devices.available_for(self.request, python)
        installed = interpreter(python).digest if python else ""
        asked = (self.request, sorted(available.items()), self.limits, self.rehearse, policy, installed)
        return "\n".join([*program.parts(_NO_SAY), repr(asked)]).encode("utf-8", "surrogateescape")

    def plan(self, path: str, snippets: Sequence[Snippet], policy: Policy = DEFAULT) -> tuple[Job, ...]:
        """The jobs of a page under a policy."""
        python = self.python(policy)
        return plan(
            path,
            snippets,
            self.request,
            devices.available_for(self.request, python),
            self.limits,
            rehearse=self.rehearse,
            unmet=lambda requirement: self.unmet(requirement, python),
            policy=policy,
            files=self.files,
            python=python,
        )


def _unmet(requirement: str, python: str) -> str | None:
    if not python:
        return lacking(requirement)
    found = interpreter(python)
    return lacking(requirement, lambda n: found.version if n.lower() == "python" else found.packages.get(normalized(n)))


def plan(
    path: str,
    snippets: Sequence[Snippet],
    request: DeviceRequest,
    available: Mapping[str, int],
    limits: Limits | None = None,
    *,
    rehearse: bool = False,
    unmet: Callable[[str], str | None] | None = None,
    policy: Policy = DEFAULT,
    files: PageFiles | None = None,
    python: str = "",
) -> tuple[Job, ...]:
    """The jobs of one page. Every executable snippet gets one outcome for each device it can run on.

    ``available``: the number of devices of each kind. ``unmet`` returns the reason why a ``requires=`` is not met
    here (``requirements.unmet``); without it the workers find out. ``files`` finds files of the vault for snippets;
    ``python`` is another interpreter than kb's own. A snippet bound to devices none of which is requested and
    available gets one outcome, skipped, under the first of them; in other sessions it is not reported, but snippets
    that need its names are blocked.
    """
    limits = limits or Limits()
    limits = Limits(policy.timeout or limits.timeout, policy.memory or limits.memory, limits.output)
    found = files.of_page(path, snippets, policy.files) if files is not None else {}
    from kbtools.run.results.keys import keyed, sources

    jobs: list[Job] = []
    hashes = sources(snippets, found)
    for session, members in _sessions(snippets).items():
        chosen = request.chosen(available)
        usable = tuple(d for d in chosen if available.get(d))
        reported_ids: set[str] = set()
        for device in chosen or ("cpu",):
            steps = tuple(
                step
                for snippet in members
                for step in _step(
                    path, snippet, hashes, device, chosen, usable, request, limits, reported_ids, rehearse
                )
            )
            steps = tuple(_enough(step, available) for step in steps)
            if any(step.reported for step in steps):
                if unmet is not None:
                    steps = tuple(_lacking(step, unmet) for step in steps)
                steps = tuple(_with_files(step, found.get(step.name)) for step in steps)
                installed = interpreter(python).digest if python else ""
                around = SessionContext(policy.cwd, policy.environment, python, installed)
                jobs.append(Job(path, session, device, keyed(steps, path, session, device, around), around))
    return tuple(jobs)


def _enough(step: Step, available: Mapping[str, int]) -> Step:
    """The step, skipped if it needs more GPUs than there are."""
    if step.device != "cuda" or step.skip is not None or step.rehearse is not None:
        return step
    needed, there = step.gpus, int(available.get("cuda", 0))
    if needed <= there:
        return step
    if there == 1:
        return replace(step, skip=Reason("needs {needed} GPUs: there is 1", needed=str(needed)))
    return replace(step, skip=Reason("needs {needed} GPUs: there are {there}", needed=str(needed), there=str(there)))


def _with_files(step: Step, found: FoundFiles | None) -> Step:
    """The step with the files to copy into its folder; an error when one of them does not exist."""
    if step.skip is not None or found is None:
        return step
    if found.missing is not None:
        option = f'files="{found.missing}"'
        why = Reason("{option}: there is no such file beside the page or in the vault", option=option)
        return replace(step, skip=why, missing_is_error=True)
    return replace(step, files=found.files)


def _lacking(step: Step, unmet: Callable[[str], str | None]) -> Step:
    """The step, skipped if a package that it requires is missing."""
    if step.skip is not None:
        return step
    lack = next((why for requirement in step.requires if (why := unmet(requirement)) is not None), None)
    return replace(step, requires=()) if lack is None else replace(step, skip=lack)


def _sessions(snippets: Sequence[Snippet]) -> dict[str, list[Snippet]]:
    """Snippets by session, in page order. ``extract`` gives every ``.alone`` fence a session of its own. Code that
    is only shown is included if it may define names that others need."""
    sessions: dict[str, list[Snippet]] = {}
    for snippet in snippets:
        if snippet.executable or snippet.names.open:
            sessions.setdefault(snippet.session, []).append(snippet)
    return sessions


def _step(
    path: str,
    snippet: Snippet,
    hashes: Mapping[str, str],
    device: str,
    chosen: tuple[str, ...],
    usable: tuple[str, ...],
    request: DeviceRequest,
    limits: Limits,
    reported_ids: set[str],
    rehearse: bool,
) -> Iterable[Step]:
    """The step of a snippet in the session on ``device``."""
    on = device
    skip = snippet.options.skip if snippet.executable else snippet.why_not
    reported = snippet.executable
    target: str | None = None
    if device in snippet.devices or not snippet.executable:
        if device not in usable and skip is None:
            skip = _missing(snippet, device)
            # The rehearsal on another device is reported instead.
            reported = not (rehearse and usable and not any(d in usable for d in snippet.devices))
    else:
        # Bound to other devices. It is reported once: by the session on one of them, else by the first session.
        on = snippet.devices[0] if snippet.devices else device
        elsewhere = any(d in chosen for d in snippet.devices)
        if rehearse and skip is None and not any(d in usable for d in snippet.devices) and device in usable:
            target = device
            reported = snippet.id not in reported_ids
        else:
            reported = not elsewhere and snippet.id not in reported_ids
            if skip is None:
                asked = request.devices in (("auto",), ("all",))
                unasked = Reason("{needs}: not among the devices asked for", needs=_needs(snippet, on))
                skip = _missing(snippet, on) if asked else unasked
        if reported:
            reported_ids.add(snippet.id)
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
        expects=tuple(
            ExpectedOutput(e.line, e.text, e.statement, e.form, e.value, e.short, e.why_not, e.last, e.shows)
            for e in snippet.expects
        ),
        raises=options.raises,
        may_raise=options.may_raise,
        match=options.match,
        requires=options.requires,
        network=options.network,
        file=options.file,
        launch=options.launch,
        repl=options.repl,
        uses=snippet.uses,
        defines=snippet.defines,
        open=snippet.names.open,
        skip=skip,
        missing_is_error=skip is not None and options.skip is None and on in request.required,
        reported=reported,
        rehearse=target,
        source=hashes[snippet.id],
        gpus=snippet.gpus,
        write_only=options.write_only,
    )


def _needs(snippet: Snippet, device: str) -> Reason:
    if snippet.device_reason and len(snippet.devices) < len(DEVICES):
        return Reason("needs {device} ({why})", device=device, why=snippet.device_reason)
    return Reason("needs {device}", device=device)


def _missing(snippet: Snippet, device: str) -> Reason:
    absent = Reason("no {device} device here", device=device.upper())
    if set(snippet.devices) >= set(DEVICES):
        return absent
    return Reason("{needs}: {absent}", needs=_needs(snippet, device), absent=absent)
