"""Results on disk: one JSON file a page under ``<state>/results/``, for the site, for reports and for the cache.

A result carries the key of what was run (``Step.key``) and the environment it was run in, so that a reader can tell a
fresh result from one of another text, machine, torch or package. Results are found by their key: a snippet that has
moved, or has another name, keeps its result. Failures are kept to be shown and never reused.

Safe side by side and when killed: a file is read whole, replaced whole by renaming, and writers take turns on a lock
that ends with its holder. What is left of a writer that was killed is an unfinished file that nobody reads.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from kbtools.execution import packages, verdict
from kbtools.execution.figures import is_name
from kbtools.execution.job import Job, Step
from kbtools.execution.outcomes import Outcome, Status

VERSION = 2
FIGURES = "figures"
"""The folder of pictures, within that of the results."""
HERE = packages.Here()
_REUSABLE = (Status.PASSED, Status.XFAILED)
_BAD = (Status.FAILED, Status.ERROR)


class Freshness(str, Enum):
    """How a stored result relates to the page as it is."""

    FRESH = "fresh"
    STALE = "stale"
    """The snippet, or one that it needs, has changed since."""
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
    kb: str
    packages: Mapping[str, str]
    """Versions of what the snippet, and what it needs, imports."""
    date: str
    """ISO 8601, UTC."""
    machine: str | None = None
    """What readers are told of where it ran."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of a step: its result, if there is one, and whether it still speaks for the page."""

    id: str
    status: Freshness
    result: Result | None


class Store:
    """The results of one vault. Files are replaced whole; writers of one page take turns."""

    def __init__(self, state: Path, machine: packages.Machine = HERE) -> None:
        """``machine`` is where what is kept was run, and where what is asked for would be."""
        self.folder = state / "results"
        self.machine = machine

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
            return {
                id: _result(whole)
                for id, entry in data["results"].items()
                if (whole := self._with_pictures(entry)) is not None
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def load(self, path: str, jobs: Iterable[Job]) -> tuple[Shown, ...]:
        """What is known of every reported step of a page's jobs, planned from its snippets as they are now."""
        held = self.read(path)
        keys = by_key(held)
        shown = []
        for job in jobs:
            for step in job.steps:
                if step.reported:
                    result = fitting(step, held, keys)
                    if result is not None:
                        shown.append(Shown(step.id, Freshness.FRESH, result))
                    else:
                        old = held.get(step.id)
                        shown.append(Shown(step.id, Freshness.STALE if old else Freshness.MISSING, old))
        return tuple(shown)

    def known(self, job: Job, held: Mapping[str, Result] | None = None) -> dict[str, Outcome]:
        """What need not be run of a session, by step id: results that passed as they stand and here, marked cached.

        A result counts only where everything the snippet needs is known too. Skips, and what waits for a name of a
        skipped snippet, are told as they will be. ``held`` is what ``read`` gives, for who has it already.
        """
        if held is None:
            held = self.read(job.path)
        keys = by_key(held)
        here = self.machine.environment(job.device)
        found: dict[str, Outcome] = {}
        sure: set[int] = set()
        missing: dict[str, tuple[Step, Outcome]] = {}
        for at, step in enumerate(job.steps):
            outcome = verdict.skipped(job, step) if step.skip is not None else verdict.blocked(job, step, missing)
            if outcome is not None:
                missing.update((name, (step, outcome)) for name in (*step.defines, *step.changes))
            elif sure.issuperset(step.needs) and not step.network:
                result = fitting(step, held, keys)
                if result is not None and self._holds(result, step, here):
                    outcome = replace(result.outcome, cached=True)
            if outcome is None or outcome.cached:
                for name in step.defines:
                    missing.pop(name, None)
            if outcome is not None:
                sure.add(at)
                found[step.id] = outcome
        if any(r is not None and r.outcome.outcome in _BAD for r in (fitting(s, held, keys) for s in job.steps)):
            # It would fail again, and a session with a failure is run as a whole.
            return {id: outcome for id, outcome in found.items() if not outcome.cached}
        return found

    def _holds(self, result: Result, step: Step, here: Mapping[str, object]) -> bool:
        return (
            result.outcome.outcome in _REUSABLE
            and all(getattr(result, name) == value for name, value in here.items())
            and result.packages == self.machine.versions(step.imports)
        )

    def save(self, job: Job, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of a job beside those the page has; outcomes of snippets it no longer has go.

        Raises OSError when the folder cannot be written.
        """
        steps = {step.id: step for step in job.steps}
        outcomes = tuple(outcomes)
        here = self.machine.environment(job.device)
        date = datetime.now(UTC).isoformat(timespec="seconds")
        machine = self.machine.told(job.device)
        new = {
            outcome.id: {
                "outcome": _told(outcome),
                "key": steps[outcome.id].key,
                "job": job.id,
                "packages": dict(self.machine.versions(steps[outcome.id].imports)),
                "date": date,
                "machine": machine,
                **here,
            }
            for outcome in outcomes
            if not outcome.cached and outcome.id in steps
        }
        if not new:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.file(job.path)
        with _lock(self.folder / ".lock"):
            for outcome in outcomes:
                self._keep_pictures(outcome)
            held = self.read(job.path)
            keys = by_key(held)
            kept = {id: _entry(result) for id, result in held.items() if result.job != job.id}
            for step in job.steps:
                result = fitting(step, held, keys) or held.get(step.id)
                if result is not None and result.job == job.id:
                    kept[step.id] = _entry(result)
            data = {"version": VERSION, "path": job.path, "results": dict(sorted({**kept, **new}.items()))}
            _replace(file, json.dumps(data, indent=1).encode("ascii"))

    def _keep_pictures(self, outcome: Outcome) -> None:
        """Pictures lie beside the results, under the names their content gives them."""
        for figure in outcome.figures:
            file = self.folder / FIGURES / figure.name
            if not file.is_file():
                file.parent.mkdir(exist_ok=True)
                _replace(file, figure.data)

    def _with_pictures(self, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A stored result with its pictures read; None when one is missing: it is no result then."""
        figures = entry["outcome"].get("figures")
        if not figures:
            return entry
        try:
            read = [{**f, "data": self._picture(f["name"])} for f in figures]
        except OSError:
            return None
        return {**entry, "outcome": {**entry["outcome"], "figures": read}}

    def _picture(self, name: str) -> str:
        """A picture's bytes, in base 64. Raises OSError where it is not there, or is another."""
        data = (self.folder / FIGURES / name).read_bytes() if is_name(name) else b""
        if not name.startswith(hashlib.sha256(data).hexdigest()[:32]):
            raise OSError(f"{name} is not what it was")
        return base64.b64encode(data).decode("ascii")

    def rewrite(self, change: Callable[[Path, dict[str, Any]], dict[str, Any] | None]) -> None:
        """Put what ``change`` makes of it in place of every readable file of results; None removes the file.

        No other process writes meanwhile. Raises OSError.
        """
        if not self.folder.is_dir():
            return
        with _lock(self.folder / ".lock"):
            for file in sorted(self.folder.glob("*.json")):
                try:
                    data = json.loads(file.read_bytes())
                    new = change(file, data if isinstance(data, dict) else {})
                except ValueError:
                    new = change(file, {})
                if new is None:
                    file.unlink(missing_ok=True)
                elif new is not data:
                    _replace(file, json.dumps(new, indent=1).encode("ascii"))
            self._sweep()

    def _sweep(self) -> None:
        """Remove pictures that no result names any more."""
        named = b"".join(file.read_bytes() for file in self.folder.glob("*.json"))
        for picture in (self.folder / FIGURES).glob("*.*"):
            if picture.name.encode() not in named:
                picture.unlink(missing_ok=True)


def by_key(held: Mapping[str, Result]) -> dict[str, Result]:
    """Results by what was run."""
    return {result.key: result for result in held.values()}


def fitting(step: Step, held: Mapping[str, Result], keys: Mapping[str, Result]) -> Result | None:
    """The result of a step as it stands, under its name and at its line of today; None where there is none."""
    result = held.get(step.id)
    if result is None or result.key != step.key:
        result = keys.get(step.key)
    if result is None:
        return None
    outcome, by = result.outcome, step.line - result.outcome.line
    if by and (outcome.outcome not in _REUSABLE or _tells_place(outcome)):
        return None
    return (
        replace(result, outcome=replace(outcome, id=step.id, line=step.line)) if by or outcome.id != step.id else result
    )


def _tells_place(outcome: Outcome) -> bool:
    """Whether what was printed may name a line of the page: it then names the page too."""
    name = outcome.path.rpartition("/")[2]
    return name in outcome.stdout or name in (outcome.message or "") or outcome.traceback_line is not None


def _result(entry: Mapping[str, Any]) -> Result:
    names = ("key", "job", "python", "torch", "platform", "device_name", "kb", "packages", "date")
    held = {name: entry[name] for name in names}
    return Result(outcome=Outcome.from_json(entry["outcome"]), machine=entry.get("machine"), **held)


def _entry(result: Result) -> dict[str, Any]:
    values = {name: getattr(result, name) for name in Result.__dataclass_fields__}
    return {**values, "outcome": _told(result.outcome)}


def _told(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is kept: pictures by name."""
    return {**outcome.to_json(), "figures": [figure.without_data() for figure in outcome.figures]}


def _replace(file: Path, data: bytes) -> None:
    import tempfile  # not needed by who reads

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
