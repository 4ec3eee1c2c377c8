"""A job's way to its outcomes: what is known is told, and what is not is run together with what it needs.

The seam between planning and running: a job and what is known of it in, outcomes out, all of them plain values. What
runs a job, here or on another machine, needs no more than a launcher and settings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from kbtools.codefence.dataflow import closure
from kbtools.execution.job import Job
from kbtools.execution.outcomes import Outcome, Status
from kbtools.execution.session import Session

Begin = Callable[[Collection[int] | None], Session]
"""Begins a session that runs the steps at these positions, or all."""
_TRUSTED = (Status.PASSED, Status.XFAILED, Status.REHEARSED, Status.SKIPPED, Status.BLOCKED)


class Course:
    """Runs as little of a session as the unknown outcomes need, in order, and only as far as it is asked.

    That a snippet needs nothing else is read off its code. So where anything fails in such a part of a session, the
    session is run once more as a whole: a failure is never one of leaving something out.
    """

    def __init__(
        self, job: Job, begin: Begin, known: Mapping[str, Outcome], asked: Collection[str] | None = None
    ) -> None:
        """``known`` as ``Store.known`` gives it; ``asked`` are the ids that will be asked for, if not all."""
        self.job, self._begin = job, begin
        self.fresh: dict[str, Outcome] = {}
        """What has been run here: what is to be kept."""
        self._known = dict(known)
        self._told: dict[str, Outcome] = {}
        self._session: Session | None = None
        self._outcomes: Iterator[Outcome] = iter(())
        self._part: frozenset[int] | None = None
        if any(outcome.cached for outcome in known.values()):
            wanted = [at for at, step in enumerate(job.steps) if step.reported and step.id not in known]
            self._part = closure(
                [step.needs for step in job.steps], [at for at in wanted if asked is None or job.steps[at].id in asked]
            )

    @property
    def live(self) -> bool:
        """Whether a worker waits for the next step."""
        return self._session is not None

    def outcome(self, id: str) -> Outcome:
        """The outcome of a reported step. Raises KeyError for what is none."""
        while id not in self._told:
            found = self.fresh.get(id) or self._known.get(id)
            if found is not None:
                self._told[id] = found
            else:
                self._advance(id)
        return self._told[id]

    def finish(self) -> None:
        """Run what is left of the session that has begun, so that its worker need not wait."""
        while self._session is not None:
            try:
                self._advance("")
            except KeyError:
                self.close()

    def close(self) -> None:
        """End the worker. What has not been run may be asked for again."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _advance(self, wanted: str) -> None:
        if self._session is None:
            if wanted in self.fresh or not any(step.id == wanted and step.reported for step in self.job.steps):
                raise KeyError(wanted)
            if self._part is not None and wanted not in {self.job.steps[at].id for at in self._part}:
                self._part = None  # asked for against what was said
            self._session = self._begin(self._part)
            self._outcomes = iter(self._session)
        outcome = next(self._outcomes, None)
        if outcome is None:
            self.close()
            raise KeyError(wanted)
        if self._part is not None and outcome.outcome not in _TRUSTED:
            self.close()
            self._part, self._known = None, {}
            self.fresh.clear()
        elif self._part is None or outcome.id not in self._known:
            self.fresh[outcome.id] = outcome
