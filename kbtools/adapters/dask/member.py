"""Dask worker side: reports the environment of a worker and runs sessions on it.

Everything here runs on the workers, each of which has its own kbtools, torch, devices and fork server.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

import kbtools
from kbtools.run.devices import probe as devices
from kbtools.run.job import Job, RunOptions
from kbtools.run.results import packages
from kbtools.run.runner import Runner
from kbtools.run.worker.requirements import unmet


class EnvironmentPlugin(WorkerPlugin):
    """Announces the devices of a worker to the scheduler as resources; also for workers that join later."""

    name = "kbtools"
    idempotent = True

    async def setup(self, worker: Worker) -> None:
        found = await asyncio.to_thread(devices.probe)
        # A GPU serves one session at a time. Resources set by the worker's owner are kept.
        counts = {name: info.count for name, info in found.items() if name != "cpu" and info.available}
        said = worker.state.total_resources
        await worker.set_resources(**{name: count for name, count in counts.items() if name not in said})

    def teardown(self, worker: Worker) -> None:
        _close()


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """How sessions are run."""

    sandbox: str = "default"


def describe(imports: Iterable[str] = (), requires: Iterable[str] = ()) -> dict[str, Any]:
    """This machine: its description for reports, its environment for results, and the requirements it does not meet."""
    names = devices.probe()
    return {
        "kb": kbtools.__version__,
        "environment": devices.environment(),
        "keys": {name: packages.environment(name) for name in names},
        "versions": {name: packages.versions((name,)) for name in imports},
        "unmet": {name: why for name in requires if (why := unmet(name)) is not None},
    }


def run_job(job: Job, options: MemberOptions) -> dict[str, Any]:
    """Runs a session on this worker. Ends early if the session was cancelled."""
    worker = get_worker()
    key = worker.get_current_task()
    runner = _runner(options, worker.state.nthreads)
    ids = [step.id for step in job.steps if step.reported]
    outcomes = []
    with contextlib.closing(runner.outcomes(job, ids)) as found:  # type: ignore[type-var]
        for outcome in found:
            outcomes.append(outcome.to_wire())
            task = worker.state.tasks.get(key)
            if task is None or task.state != "executing":
                break  # cancelled: the client has ended
    return {"outcomes": outcomes, "worker": worker.address, "versions": _versions(job)}


def _versions(job: Job) -> Mapping[str, dict[str, str]]:
    return {name: packages.versions((name,)) for step in job.steps for name in step.imports}


_lock = threading.Lock()
_held: dict[MemberOptions, Runner] = {}


def _runner(options: MemberOptions, threads: int) -> Runner:
    """The runner of this worker, created for the first session."""
    with _lock:
        if options not in _held:
            chosen = RunOptions(sandbox=options.sandbox, workers=threads)
            _held[options] = Runner(options=chosen)
        return _held[options]


def _close() -> None:
    with _lock:
        while _held:
            _held.popitem()[1].close()
