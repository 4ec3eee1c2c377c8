"""``kb run``: the snippets of a wiki through pytest, and back as outcomes.

Pages are run side by side by threads of this process where workers are forked off a server and there are few at once,
else by xdist.

Nothing of the folder it runs in, or of the vault, takes part: no ini file, no conftest, no plugin it did not name, no
cache folder. pytest is imported when first needed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kbtools.config import Project
from kbtools.errors import KbError
from kbtools.execution.ahead import MOST
from kbtools.execution.compile_cache import server_cache
from kbtools.execution.job import Job
from kbtools.execution.launchers import ForkServerLauncher, forks
from kbtools.execution.outcomes import Outcome, by_place
from kbtools.execution.runner import cores

_ATTRIBUTE, _JOBS, _LAUNCHER = "kb_outcome", "kb_jobs", "kb_launcher"
_INTERRUPTED, _NOTHING = 2, 5


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What ``kb run`` was asked for."""

    selection: tuple[str, ...] = ()
    """Pages, folders and ids relative to the vault; empty: all."""
    device: str = "auto"
    required: tuple[str, ...] = ()
    workers: int | None = 1
    """Processes; None: as many as the machine has cores."""
    sandbox: str = "default"
    cached: bool = False
    """Take over what passed and still holds."""
    stored: bool = True
    """Keep the results under the project's state folder."""
    rehearse: bool = False
    update: bool = False
    launcher: str = "auto"
    preload: tuple[str, ...] | None = None
    """What the pages import (``job.preloads``), so that it is begun at once; None: wait for the first page."""
    jobs: Mapping[str, tuple[Job, ...]] = field(default_factory=dict)
    """The plans of pages, by path, where they are made: those pages are not analysed once more."""


def run_with_pytest(
    project: Project, options: RunOptions | None = None, *, on_outcome: Callable[[Outcome], None] | None = None
) -> list[Outcome]:
    """Run the selected snippets and return their outcomes by path, line and device.

    Nothing is printed. ``on_outcome`` sees each outcome as it comes. Raises KbError when the run itself goes wrong (a
    bad device name, a crash of pytest), and KeyboardInterrupt.
    """
    from kbtools.execution.job import DeviceRequest

    options = options or RunOptions()
    DeviceRequest.parse(options.device, options.required)
    told = io.StringIO()
    with _server(project, options) as server, _quiet(told), _alone(project):
        import pytest

        gatherer = _Gatherer(on_outcome, options.jobs, server)
        code = pytest.main(_words(project, options, server is not None), plugins=[gatherer])
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code not in (0, 1, _NOTHING) or gatherer.broken:
        lines = [line for line in told.getvalue().split("\n") if line.strip()]
        detail = gatherer.broken[0] if gatherer.broken else "\n".join(lines[-20:])
        raise KbError(f"running the snippets went wrong: {detail}", "try -n 1")
    return by_place(list(gatherer.outcomes.values()))


class _Gatherer:
    """A pytest plugin that collects the outcomes its reports carry."""

    def __init__(
        self,
        on_outcome: Callable[[Outcome], None] | None,
        jobs: Mapping[str, tuple[Job, ...]] | None = None,
        launcher: ForkServerLauncher | None = None,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.broken: list[str] = []
        self.on_outcome = on_outcome
        self.jobs = jobs or {}
        self.launcher = launcher

    def pytest_configure(self, config: Any) -> None:
        setattr(config, _JOBS, self.jobs)
        setattr(config, _LAUNCHER, self.launcher)

    def pytest_runtest_logreport(self, report: Any) -> None:
        carried = getattr(report, _ATTRIBUTE, None)
        if carried is not None:
            outcome = Outcome.from_json(json.loads(carried))
            self.outcomes[outcome.id] = outcome
            if self.on_outcome is not None:
                self.on_outcome(outcome)
        elif report.failed:
            self.broken.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {report.longreprtext}")


def _words(project: Project, options: RunOptions, server: bool) -> list[str]:
    vault = str(project.vault.resolve())
    workers = cores() if options.workers is None else options.workers
    words = [vault, "-c", os.devnull, f"--rootdir={project.root.resolve()}", "--noconftest", "--capture=no", "-q"]
    for plugin in ("cacheprovider", "doctest", "unittest", "junitxml", "stepwise", "faulthandler", "nose", "pastebin"):
        words += ["-p", f"no:{plugin}"]
    # A page may stand in any folder; nothing but pages is collected.
    words += ["-o", "python_files=", "-o", "norecursedirs=.git", "-o", "addopts=", "--tb=short"]
    words += ["-p", "kbtools.pytest_plugin", f"--kb-device={options.device}", f"--kb-sandbox={options.sandbox}"]
    words += [f"--kb-launcher={options.launcher}", *(f"--kb-require-device={d}" for d in options.required)]
    if server and workers <= MOST:
        words.append(f"--kb-ahead={workers}")
    elif workers > 1:
        words += ["-p", "xdist.plugin", "-n", str(workers), "--maxprocesses", str(workers)]
    if project.foreign:
        words.append(f"--kb-vault={vault}")
    for flag in ("cached", "stored", "rehearse", "update"):
        if getattr(options, flag):
            words.append({"cached": "--kb-cache", "stored": "--kb-store"}.get(flag, f"--kb-{flag}"))
    return words + [f"--kb-only={selected}" for selected in options.selection]


@contextlib.contextmanager
def _server(project: Project, options: RunOptions) -> Iterator[ForkServerLauncher | None]:
    """A fork server that gets ready while pytest is imported and pages are read, where there is one."""
    if options.preload is None or not (options.launcher == "fork" or (options.launcher == "auto" and forks())):
        yield None
        return
    own = server_cache(project.state) if options.stored and "torch.compile" in options.preload else ()
    launcher = ForkServerLauncher(options.sandbox, options.preload, own)
    try:
        yield launcher
    finally:
        launcher.close()


@contextlib.contextmanager
def _quiet(told: io.StringIO) -> Iterator[None]:
    """Standard output is for the command's own result: what pytest prints is kept for when something goes wrong."""
    with contextlib.redirect_stdout(told):
        yield


@contextlib.contextmanager
def _alone(project: Project) -> Iterator[None]:
    """The environment without what would change pytest, for the time of the run and for its xdist workers."""
    import kbtools

    ours = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": "", "PYTHONSAFEPATH": "1"}
    here = os.path.dirname(os.path.dirname(os.path.abspath(kbtools.__file__)))  # noqa: PTH100, PTH120
    paths = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    ours["PYTHONPATH"] = os.pathsep.join([*paths, *([] if here in paths else [here])])
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def words_of(selection: Sequence[str]) -> tuple[str, ...]:
    """Selections as given by people (``./topics/A.md``, ``topics/``) in the form ids have."""
    return tuple(word.removeprefix("./").rstrip("/") if "::" not in word else word for word in selection)
