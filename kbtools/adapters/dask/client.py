"""Dask client: submits sessions to a cluster and yields their outcomes as they arrive.

Planning, the store and the report stay here. A session that needs a device goes where that device is, and one that
needs packages where they are. A worker that is lost has its sessions run again elsewhere: the scheduler sees to that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import kbtools
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.run.job import DeviceRequest, Job, Limits
from kbtools.run.page_files import PageFiles
from kbtools.run.plan import plan
from kbtools.run.report import environment_of
from kbtools.run.results.outcomes import Outcome, Status, by_place, outcome_of
from kbtools.run.results.packages import RemoteMachine
from kbtools.run.results.store import Store
from kbtools.run.runner import Runner
from kbtools.snippets import Snippet

if TYPE_CHECKING:
    from distributed import Client


_PATIENCE = 30.0
"""Seconds without any worker for the remaining sessions after which the run is given up."""
_LOOK = 0.5
"""Seconds between checks of the cluster while no results arrive."""
_TRIES = 3
"""Number of workers that a session may lose before it is considered the cause."""


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """The result of a run on a cluster."""

    outcomes: tuple[Outcome, ...]
    environment: Mapping[str, Any]
    """The combined environment of all machines, for a report."""
    machines: tuple[Mapping[str, Any], ...]
    ran_on: Mapping[str, int]
    """By outcome id, the index of its machine in ``machines``."""


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What is to be run, and how."""

    request: DeviceRequest
    rehearse: bool = False
    cached: bool = True
    sandbox: str = "default"
    wanted: Callable[[str, str], bool] = field(default=lambda path, outcome_id: True)
    """Whether an outcome is wanted, by its page and its id."""


def run_on_cluster(
    address: str,
    project: Project,
    pages: Mapping[str, Sequence[Snippet]],
    options: ClusterOptions,
    on_outcome: Callable[[Outcome], None],
) -> ClusterRun:
    """Runs the snippets of pages on the cluster whose scheduler is at ``address``, and stores the results.
    ``on_outcome`` receives each outcome as it arrives.

    Raises KbError if the cluster cannot be reached, has no workers, or runs another version of kb. When interrupted,
    it cancels submitted sessions.
    """
    with _client(address) as client:
        run = _Run(client, project, options, on_outcome)
        run.meet()
        run.go(pages)
        machines = tuple(member["environment"] for member in run.members.values())
        places = {address: number for number, address in enumerate(run.members)}
        ran_on = {id: places[address] for id, address in run.ran_on.items()}
        return ClusterRun(tuple(by_place(run.outcomes)), environment_of(machines), machines, ran_on)


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as e:
        raise KbError(
            "running on a cluster needs Dask", 'pip install "kbtools[cluster]", here and on the workers'
        ) from e
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as e:
        hint = "is `dask scheduler` running there? An address looks like tcp://192.0.2.7:8786"
        raise KbError(f"no cluster answers at {address}: {e}", hint) from e
    try:
        with client.as_current():
            yield client
    finally:
        client.close(timeout=5)


class _Run:
    def __init__(
        self, client: Client, project: Project, options: ClusterOptions, on_outcome: Callable[[Outcome], None]
    ) -> None:
        self.client, self.project, self.options, self.on_outcome = client, project, options, on_outcome
        self.members: dict[str, dict[str, Any]] = {}
        """By the address of a worker, the description of its machine."""
        self.outcomes: list[Outcome] = []
        self.ran_on: dict[str, str] = {}
        """By outcome id, the address of the worker that ran it."""

    # -- workers -------------------------------------------------------------------------------------------

    def meet(self) -> None:
        """Collects the environment of every worker, also of those that join later."""
        from kbtools.adapters.dask.member import EnvironmentPlugin, describe

        if not self._workers():
            raise KbError("no worker has joined the cluster", "start some: dask worker ADDRESS --nthreads 2")
        try:
            self.client.register_plugin(EnvironmentPlugin())
            self.members = self.client.run(describe)
        except Exception as e:
            hint = 'pip install "kbtools[cluster]" there too, in this version'
            raise KbError(f"the workers cannot run kb: {type(e).__name__}: {e}", hint) from e
        for address, member in self.members.items():
            if member["kb"] != kbtools.__version__:
                message = f"the worker {address} has kb {member['kb']}, this is {kbtools.__version__}"
                raise KbError(message, "install one version everywhere")

    def _workers(self) -> Mapping[str, Mapping[str, Any]]:
        workers: Mapping[str, Mapping[str, Any]] = self.client.scheduler_info()["workers"]
        return workers

    def _has(self, address: str, device: str) -> bool:
        info = self.members[address]["environment"]["devices"].get(device)
        return bool(info and info["available"])

    # -- planning ------------------------------------------------------------------------------------------

    def go(self, pages: Mapping[str, Sequence[Snippet]]) -> None:
        """Plans for the cluster's devices, submits the sessions, and collects the results."""
        from kbtools.adapters.dask.member import describe

        run = self.project.config.run
        limits = Limits(run.timeout, run.memory)
        devices = {d for m in self.members.values() for d in m["environment"]["devices"]}
        available = {d: any(self._has(a, d) for a in self.members) for d in devices}
        files = PageFiles(self.project.vault, self.project.root)
        jobs = [
            job
            for path, snippets in pages.items()
            for job in plan(
                path,
                snippets,
                self.options.request,
                available,
                limits,
                rehearse=self.options.rehearse,
                policy=self.project.policies.of(path),
                files=files,
            )
            if any(step.reported and self.options.wanted(job.path, step.id) for step in job.steps)
        ]
        imports = sorted({name for job in jobs for step in job.steps for name in step.imports})
        requires = sorted({name for job in jobs for step in job.steps for name in step.requires})
        self.members = self.client.run(describe, imports, requires)
        to_run = []
        for job in jobs:
            if not job.runs:
                self._tell(job, Runner(self.project.state).run([job]))
            elif (known := self._known(job)) is not None:
                self._tell(job, known)
            else:
                to_run.append(job)
        self._hand_out(to_run)

    def _eligible(self, job: Job) -> list[str]:
        """The workers that have a session's device and meet most of its requirements."""
        there = [a for a in self.members if self._has(a, job.device)]
        wanted = {name for step in job.steps if step.skip is None for name in step.requires}
        lacking = {a: len(wanted & self.members[a]["unmet"].keys()) for a in there}
        least = min(lacking.values(), default=0)
        return [a for a in there if lacking[a] == least]

    def _known(self, job: Job) -> list[Outcome] | None:
        """All outcomes of a session, if the store has them from machines equal to those that could run it."""
        machines = [_elsewhere(self.members[a]) for a in self._eligible(job)]
        if not self.options.cached or not machines or any(m != machines[0] for m in machines):
            return None
        store = Store(self.project.state, machines[0], sandbox=self.options.sandbox)
        known = store.answer(job, [step.id for step in job.steps if step.reported])
        return known.outcomes if known is not None else None

    def _tell(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if self.options.wanted(job.path, outcome.id):
                self.outcomes.append(outcome)
                self.on_outcome(outcome)

    # -- submitting and collecting ---------------------------------------------------------------------------

    def _hand_out(self, jobs: Sequence[Job]) -> None:
        from kbtools.adapters.dask.member import MemberOptions, run_job

        options = MemberOptions(self.options.sandbox)
        pending: dict[Any, Job] = {}
        run = f"{time.time_ns():x}"
        try:
            for job in jobs:
                everyone = [a for a in self.members if self._has(a, job.device)]
                eligible = self._eligible(job)
                future = self.client.submit(
                    run_job,
                    job,
                    options,
                    key=f"kb-{run}-{job.id}",
                    resources=None if job.device == "cpu" else {job.device: 1},
                    workers=eligible if len(eligible) < len(everyone) else None,
                    retries=_TRIES,
                    pure=False,
                )
                pending[future] = job
            self._gather(pending)
        finally:
            if pending:
                self.client.cancel(list(pending), force=True)

    def _gather(self, pending: dict[Any, Job]) -> None:
        from distributed import wait

        idle_since = time.monotonic()
        while pending:
            try:
                done = wait(list(pending), timeout=_LOOK, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                done = set()
            for future in done:
                job = pending.pop(future)
                self._take(job, future)
            if done or self._could_run(pending.values()):
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > _PATIENCE:
                for job in pending.values():
                    self._tell(job, _lost(job, f"no worker with {job.device} is left in the cluster"))
                return

    def _could_run(self, jobs: Any) -> bool:
        """Whether there is a worker for any of the remaining sessions."""
        workers = self._workers().values()
        return any(w["resources"].get(job.device) or job.device == "cpu" for job in jobs for w in workers)

    def _take(self, job: Job, future: Any) -> None:
        error = future.exception()
        if error is not None:
            lost = type(error).__name__ == "KilledWorker"
            reason = (
                f"{_TRIES} workers were lost while they ran this session" if lost else f"the worker failed: {error}"
            )
            self._tell(job, _lost(job, reason))
            return
        result = future.result()
        outcomes = [Outcome.from_json(data) for data in result["outcomes"]]
        member = self.members.get(result["worker"]) or self._newcomer(result["worker"])
        versions = {**member["versions"], **result["versions"]}
        machine = RemoteMachine(member["keys"], versions, member["environment"])
        store = Store(self.project.state, machine, sandbox=self.options.sandbox)
        store.save(job, outcomes)
        self.ran_on.update((outcome.id, result["worker"]) for outcome in outcomes)
        self._tell(job, outcomes)

    def _newcomer(self, address: str) -> dict[str, Any]:
        """Registers a worker that joined during the run."""
        from kbtools.adapters.dask.member import describe

        (member,) = self.client.run(describe, workers=[address]).values()
        self.members[address] = member
        return dict(member)


def _elsewhere(member: Mapping[str, Any]) -> RemoteMachine:
    return RemoteMachine(member["keys"], member["versions"])


def _lost(job: Job, why: str) -> list[Outcome]:
    """Error outcomes for all snippets of a session that no worker could complete."""
    return [outcome_of(job, step, Status.ERROR, reason=why) for step in job.steps if step.reported]
