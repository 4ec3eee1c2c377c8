"""The wiki of a pytest run: its pages, the jobs of their snippets, and the outcomes, each computed on first use."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kbtools.errors import KbError
from kbtools.run.job import DeviceRequest, RunOptions
from kbtools.run.sandbox.names import MODES
from kbtools.vault.listing import Exclusion

if TYPE_CHECKING:
    from kbtools.config.project import Project
    from kbtools.run.job import Job, Step
    from kbtools.run.plan import Planner
    from kbtools.run.results.outcomes import Outcome
    from kbtools.run.runner import Runner


class Wiki:
    """The wiki of a test run. Everything expensive is created on first use."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        if python := config.getoption("--kb-python"):
            # Not resolved: the target of a virtual environment's interpreter does not belong to the environment.
            project = project._replace(python=os.path.abspath(config.invocation_params.dir / python))  # noqa: PTH100
            from kbtools.run.devices.interpreter import interpreter

            interpreter(str(project.python))
        self.config, self.project = config, project
        self.root = project.vault.resolve()
        option = config.getoption
        if option("--kb-sandbox") not in MODES:
            raise KbError(
                f'--kb-sandbox takes one of {", ".join(MODES)}, not "{option("--kb-sandbox")}"', "as kb run --sandbox"
            )
        self.request = DeviceRequest.parse(option("--kb-device"), tuple(option("--kb-require-device")))
        self.passed_on: dict[str, Any] = getattr(config, "workerinput", {}).get("kb") or {}
        self.exclusion = Exclusion(self.project.config)
        self.wanted: dict[str, set[str]] = {}
        """By job, the ids of the outcomes that test items need."""
        self._locks: str | None = None
        self._job: Job | None = None
        self._running: Iterator[Outcome] = iter(())
        self._outcomes: dict[tuple[str, str], Outcome] = {}

    def path_of(self, file: Path) -> str | None:
        """A page's path in the vault; None for other files."""
        try:
            path = file.resolve().relative_to(self.root)
            shown = file.parent.resolve().relative_to(self.root) / file.name
        except ValueError:
            return None
        name = shown.as_posix()
        if self.exclusion.covers(name) or self.exclusion.covers(path.as_posix()):
            return None
        return name

    def jobs(self, path: str, file: Path) -> tuple[Job, ...]:
        from kbtools.vault.page import decode

        policy = self.project.policies.of(path)
        if any(file.samefile(word) for word in self.pointed_at):
            policy = policy._replace(mode="run")
        snippets = decode(path, file.read_bytes(), policy).snippets
        return self.planner.plan(path, snippets, policy) if any(s.executable for s in snippets) else ()

    @functools.cached_property
    def pointed_at(self) -> tuple[Path, ...]:
        """Files named on the command line: they are run whatever the policy of their folder is."""
        here = self.config.invocation_params.dir
        words = (str(arg).partition("::")[0] for arg in self.config.args)
        return tuple(file for word in words if word and (file := here / word).is_file())

    @functools.cached_property
    def planner(self) -> Planner:
        from kbtools.run.devices import probe as devices
        from kbtools.run.plan import Planner

        devices.take_over(self.passed_on.get("devices"))
        return Planner(self.project, self.request, rehearse=self.config.getoption("--kb-rehearse"))

    @functools.cached_property
    def runner(self) -> Runner:
        from kbtools.run.runner import Runner

        option = self.config.getoption
        options = RunOptions(
            sandbox=option("--kb-sandbox"),
            start=option("--kb-launcher"),
            workers=int(self.passed_on.get("workers", 1)),
            cached=option("--kb-cache"),
            vault=str(self.project.vault),
        )
        state = self.project.state if option("--kb-cache") or option("--kb-store") else None
        return Runner(state, options, locks=self.passed_on.get("locks"))

    def outcome(self, job: Job, step: Step) -> Outcome:
        """The outcome of one step. Its session runs up to that step; another session that was begun is first run to
        its end."""
        while (job.id, step.id) not in self._outcomes:
            outcome = next(self._running, None)
            if outcome is not None and self._job is not None:
                self._outcomes[self._job.id, outcome.id] = outcome
            elif self._job is job:
                raise KeyError(step.id)
            else:
                self._job, self._running = job, self.runner.outcomes(job, self.wanted.get(job.id, {step.id}))
        return self._outcomes[job.id, step.id]

    def why_accepted(self, failed: Outcome) -> str | None:
        """Why a failed snippet is not an error: see ``check.failures``."""
        from kbtools.check.baseline import Baseline
        from kbtools.check.failures import why_accepted
        from kbtools.text.source import Source

        file = self.root / failed.path
        source = Source.decode(failed.path, file.read_bytes() if file.is_file() else b"")  # it may have been deleted
        baseline = Baseline.read(self.project.root) or Baseline()
        return why_accepted(self.project.config, baseline, failed, lambda path: source)

    def share(self, workers: int) -> dict[str, Any]:
        """The data for ``workers`` xdist workers: shared GPUs, and the detected devices."""
        from kbtools.run.devices import probe as devices

        if self._locks is None:
            self._locks = tempfile.mkdtemp(prefix="kb-")
        return {"workers": workers, "locks": self._locks, "devices": devices.export()}

    def close(self) -> None:
        if isinstance(self._running, Generator):
            self._running.close()  # ends the last session, whose results are stored then
        if "runner" in vars(self):
            self.runner.close()
            if self.runner.unkept is not None:
                warning = pytest.PytestWarning(f"kb: results are not kept: {self.runner.unkept}")
                self.config.issue_config_time_warning(warning, stacklevel=1)
        if self._locks is not None:
            shutil.rmtree(self._locks, ignore_errors=True)
