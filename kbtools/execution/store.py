"""Results on disk: one JSON file a page under ``<state>/results/``, for the site, for reports and for the cache.

A result carries the key of what was run (``Step.key``) and the environment it was run in, so that a reader can tell a
fresh result from one of another text, machine or torch. Failures are kept to be shown and never reused.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from kbtools.execution import devices, judge
from kbtools.execution.job import Job
from kbtools.execution.outcomes import Outcome, Status

VERSION = 1
_REUSABLE = (Status.PASSED, Status.XFAILED)


class Freshness(str, Enum):
    """How a stored result relates to the page as it is."""

    FRESH = "fresh"
    STALE = "stale"
    """The snippet, or one before it in its session, has changed since."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Result:
    """A stored outcome with what it was obtained from."""

    outcome: Outcome
    key: str
    job: str
    python: str
    torch: str | None
    platform: str
    device_name: str | None
    date: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of a step: its result, if there is one, and whether it still speaks for the page."""

    id: str
    status: Freshness
    result: Result | None


class Store:
    """The results of one vault. Files are replaced whole; writers of one page take turns."""

    def __init__(self, state: Path) -> None:
        self.folder = state / "results"

    def file(self, path: str) -> Path:
        """Where a page's results are. The hash keeps apart what file systems take for the same name."""
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in path)[-60:]
        return self.folder / f"{name}-{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.json"

    def read(self, path: str) -> dict[str, Result]:
        """A page's results by outcome id. A file that cannot be read or is of another version holds none."""
        try:
            data = json.loads(self.file(path).read_bytes())
            if data["version"] != VERSION or data["path"] != path:
                return {}
            return {id: _result(entry) for id, entry in data["results"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def load(self, path: str, jobs: Iterable[Job]) -> tuple[Shown, ...]:
        """What is known of every reported step of a page's jobs, planned from its snippets as they are now."""
        known = self.read(path)
        shown = []
        for job in jobs:
            for step in job.steps:
                if not step.reported:
                    continue
                result = known.get(step.id)
                status = Freshness.MISSING
                if result is not None:
                    status = Freshness.FRESH if result.key == step.key else Freshness.STALE
                shown.append(Shown(step.id, status, result))
        return tuple(shown)

    def reusable(self, job: Job, known: Mapping[str, Result] | None = None) -> list[Outcome] | None:
        """The outcomes of a whole session, marked cached, where all that runs has passed as it stands and here.

        ``known`` is what ``read`` gives for the page, for who has it already.
        """
        if known is None:
            known = self.read(job.path)
        here = _environment(job)
        outcomes = []
        for step in job.steps:
            if not step.reported:
                continue
            if step.skip is not None:
                outcomes.append(judge.skipped(job, step))
                continue
            result = known.get(step.id)
            if result is None or result.key != step.key or not _same(result, here):
                return None
            if result.outcome.outcome not in _REUSABLE:
                return None
            outcomes.append(replace(result.outcome, cached=True))
        return outcomes

    def save(self, job: Job, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of a job beside those the page has; outcomes of snippets it no longer has go.

        Raises OSError when the folder cannot be written.
        """
        keys = {step.id: step.key for step in job.steps}
        here = _environment(job)
        date = datetime.now(UTC).isoformat(timespec="seconds")
        new = {
            outcome.id: {"outcome": outcome.to_json(), "key": keys[outcome.id], "job": job.id, "date": date, **here}
            for outcome in outcomes
            if not outcome.cached and outcome.id in keys
        }
        if not new:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.file(job.path)
        with _lock(self.folder / ".lock"):
            kept = {
                id: _entry(result)
                for id, result in self.read(job.path).items()
                if id not in new and (result.job != job.id or id in keys)
            }
            data = {"version": VERSION, "path": job.path, "results": dict(sorted({**kept, **new}.items()))}
            _replace(file, json.dumps(data, indent=1).encode("ascii"))

    def prune(self, paths: Iterable[str]) -> None:
        """Remove the results of pages that are not among ``paths``."""
        keep = {self.file(path).name for path in paths}
        with suppress(OSError):
            for file in self.folder.glob("*.json"):
                if file.name not in keep:
                    file.unlink()


def _environment(job: Job) -> dict[str, Any]:
    environment = devices.environment()
    return {
        "python": environment["python"],
        "torch": environment["torch"],
        "platform": environment["platform"],
        "device_name": environment["devices"].get(job.device, {}).get("name"),
    }


def _same(result: Result, here: Mapping[str, Any]) -> bool:
    return (result.python, result.torch, result.platform, result.device_name) == (
        here["python"],
        here["torch"],
        here["platform"],
        here["device_name"],
    )


def _result(entry: Mapping[str, Any]) -> Result:
    return Result(
        Outcome.from_json(entry["outcome"]),
        *(entry[name] for name in ("key", "job", "python", "torch", "platform", "device_name", "date")),
    )


def _entry(result: Result) -> dict[str, Any]:
    values = {name: getattr(result, name) for name in Result.__dataclass_fields__}
    return {**values, "outcome": result.outcome.to_json()}


def _replace(file: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _lock(file: Path) -> Any:
    """One writer at a time, across processes, where the system can lock files."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with file.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)
