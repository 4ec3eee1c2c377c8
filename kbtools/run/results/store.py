"""Store of results: one JSON file for each page under ``<state>/results/``.

A result has the key of what was run (``Step.key``) and the environment it was run in, so that a reader can detect
results of another text, machine, torch or package. Results are found by key: a snippet that has moved or has a new
id keeps its result. Failures are stored for display and never reused.

Concurrent use is safe, also when processes are killed: a file is read as a whole and replaced by renaming, and
writers use a lock that the system releases when they end. A killed writer leaves a temporary file, which is never
read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from kbtools.run.job import Job, Step
from kbtools.run.results import packages
from kbtools.run.results.figures import is_name
from kbtools.run.results.outcomes import REUSABLE, Outcome, Status, at_place, blocked, skipped
from kbtools.state import state_folder
from kbtools.state.lock import take

VERSION = 3
FIGURES = "figures"
"""The folder of pictures, in the results folder."""
HERE = packages.LocalMachine()


@dataclass(frozen=True, slots=True)
class Result:
    """A stored outcome with the conditions it was obtained under."""

    outcome: Outcome
    key: str
    """``Step.key``."""
    job: str
    python: str
    torch: str | None
    platform: str
    device_name: str | None
    kb: str
    variables: str
    """A hash of the environment variables."""
    sandbox: str
    """The sandbox mode of the session."""
    imports: tuple[str, ...]
    """``Step.imports``."""
    packages: Mapping[str, str]
    """Versions of the packages that the snippet, and those before it, import."""
    date: str
    """ISO 8601, UTC."""
    machine: str | None = None
    """The description of the machine for readers."""


class StoredPage(NamedTuple):
    """The inputs of a page's plan, and the plan's result: valid as long as the inputs are equal."""

    made_from: str
    """A hash of the page's bytes and of all other inputs."""
    keys: Mapping[str, str]
    """By outcome id, ``Step.key``."""
    fences: int
    """Number of fences of the page."""
    idle: Mapping[str, int]
    """Number of those that do not run, by reason."""


class StoredAnswer(NamedTuple):
    """Outcomes that are known without running anything."""

    outcomes: list[Outcome]
    news: list[Outcome]
    """Outcomes among them that are not stored yet: skips."""


class Store:
    """The results of one vault. Files are replaced whole; writers of one page take turns."""

    def __init__(self, state: Path, machine: packages.Machine = HERE, *, sandbox: str = "default") -> None:
        """``machine`` and ``sandbox`` describe where stored results were run, and where requested ones would run."""
        self.folder = state / "results"
        self.machine, self.sandbox = machine, sandbox
        self._environments: dict[str, Mapping[str, object]] = {}
        self.pages: Mapping[str, StoredPage] = {}
        """The plans of unchanged pages, by path, stored with their results."""

    def file(self, path: str) -> Path:
        """The file for a page's results. A hash in its name distinguishes paths that a file system considers equal."""
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in path)[-60:]
        return self.folder / f"{name}-{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.json"

    def read(self, path: str) -> dict[str, Result]:
        """A page's results by outcome id; empty for a file that cannot be read or has another version."""
        try:
            return self._results(self._data(path))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _data(self, path: str) -> dict[str, Any]:
        data = json.loads(self.file(path).read_bytes())
        if data["version"] != VERSION or data["path"] != path:
            raise ValueError("results of another version or page")
        return dict(data)

    def _results(self, data: Mapping[str, Any]) -> dict[str, Result]:
        entries = data["results"].items()
        return {id: _result(whole) for id, entry in entries if (whole := self._with_pictures(entry)) is not None}

    def answer_page(self, path: str, made_from: str) -> tuple[StoredPage, list[Outcome]] | None:
        """All outcomes of a page without reading it or running anything; None if that is not possible.

        The same as ``answer`` for all its jobs, if the page and all other inputs of its plan are unchanged.
        """
        try:
            data = self._data(path)
            known = StoredPage(**data["page"])
            if known.made_from != made_from:
                return None
            results = self._results(data)
            found = []
            for id, key in known.keys.items():
                result = results[id]
                skipped = result.outcome.outcome in (Status.SKIPPED, Status.BLOCKED)
                if result.key != key or not (skipped or self._holds(result, result.imports, device_of(result.job))):
                    return None
                found.append(result.outcome if skipped else replace(result.outcome, cached=True))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return known, found

    def answer(self, job: Job, ids: Collection[str]) -> StoredAnswer | None:
        """The outcomes of these steps without running anything; None if one of them must be run.

        A step that ran has the stored outcome, marked as cached, if it and all steps before it have passed with the
        same keys and environment. A step that is skipped, or needs a name of a skipped one, has the same outcome as
        in a run.
        """
        results = self.read(job.path)
        keys = by_key(results)
        found: list[Outcome] = []
        news: list[Outcome] = []
        missing: dict[str, tuple[Step, Outcome]] = {}
        for step in job.steps[: max((at for at, step in enumerate(job.steps) if step.id in ids), default=-1) + 1]:
            outcome = skipped(job, step) if step.skip is not None else blocked(job, step, missing)
            if outcome is not None:
                missing.update((name, (step, outcome)) for name in step.defines)
            else:
                result = fitting(step, results, keys)
                if step.network or result is None or not self._holds(result, step.imports, job.device):
                    return None
                outcome = replace(result.outcome, cached=True)
                for name in step.defines:
                    missing.pop(name, None)
            if step.id in ids:
                found.append(outcome)
                if not outcome.cached and (step.id not in results or results[step.id].key != step.key):
                    news.append(outcome)
        return StoredAnswer(found, news)

    def _environment(self, device: str) -> Mapping[str, object]:
        if device not in self._environments:
            self._environments[device] = {**self.machine.environment(device), "sandbox": self.sandbox}
        return self._environments[device]

    def _holds(self, result: Result, imports: Sequence[str], device: str) -> bool:
        return (
            result.outcome.outcome in REUSABLE
            and all(getattr(result, name) == value for name, value in self._environment(device).items())
            and result.packages == self.machine.versions(imports)
        )

    def save(self, job: Job, outcomes: Iterable[Outcome]) -> None:
        """Stores the outcomes of a job beside the page's others, and removes those of snippets that no longer exist.
        Raises OSError if the folder is not writable."""
        steps = {step.id: step for step in job.steps}
        outcomes = tuple(outcomes)
        here = self._environment(job.device)
        date = datetime.now(UTC).isoformat(timespec="seconds")
        machine = self.machine.machine_label(job.device)
        new = {
            outcome.id: {
                "outcome": _outcome_values(outcome),
                "key": steps[outcome.id].key,
                "source": steps[outcome.id].source,
                "job": job.id,
                "imports": list(steps[outcome.id].imports),
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
        state_folder.make(self.folder)
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
            if job.path in self.pages:
                data["page"] = self.pages[job.path]._asdict()
            _replace(file, json.dumps(data, indent=1).encode("ascii"))

    def remember(self, paths: Iterable[str]) -> None:
        """Stores ``pages``, the plans of pages all of whose results were found in the store. Raises OSError."""
        for path in paths:
            if not self.file(path).is_file():
                continue  # nothing is stored for a page without a result, for example if all snippets are skipped
            with _lock(self.folder / ".lock"):
                try:
                    data = self._data(path)
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue
                _replace(
                    self.file(path), json.dumps({**data, "page": self.pages[path]._asdict()}, indent=1).encode("ascii")
                )

    def _keep_pictures(self, outcome: Outcome) -> None:
        """Stores pictures beside the results, named by content."""
        for figure in outcome.figures:
            file = self.folder / FIGURES / figure.name
            if not file.is_file():
                file.parent.mkdir(exist_ok=True)
                _replace(file, figure.data)

    def _with_pictures(self, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A stored result with its pictures; None if one is missing."""
        figures = entry["outcome"].get("figures")
        if not figures:
            return entry
        try:
            read = [{**f, "data": self._picture(f["name"])} for f in figures]
        except OSError:
            return None
        return {**entry, "outcome": {**entry["outcome"], "figures": read}}

    def _picture(self, name: str) -> str:
        """A picture's bytes in base64. Raises OSError if it is missing or has other content."""
        data = (self.folder / FIGURES / name).read_bytes() if is_name(name) else b""
        if not name.startswith(hashlib.sha256(data).hexdigest()[:32]):
            raise OSError(f"{name} is not what it was")
        return base64.b64encode(data).decode("ascii")

    def rewrite(self, change: Callable[[Path, dict[str, Any]], dict[str, Any] | None]) -> None:
        """Replaces every readable file of results by what ``change`` returns; None deletes it. Other writers wait.
        Raises OSError."""
        if not self.folder.is_dir():
            return
        with _lock(self.folder / ".lock"):
            for file in sorted(self.folder.glob("*.json")):
                try:
                    data = json.loads(file.read_bytes())
                    new = change(file, data if isinstance(data, dict) else {})
                except (ValueError, RecursionError):
                    new = change(file, {})
                if new is None:
                    file.unlink(missing_ok=True)
                elif new is not data:
                    _replace(file, json.dumps(new, indent=1).encode("ascii"))
            self._sweep()

    def _sweep(self) -> None:
        """Removes pictures that no result refers to."""
        named = b"".join(file.read_bytes() for file in self.folder.glob("*.json"))
        for picture in (self.folder / FIGURES).glob("*.*"):
            if picture.name.encode() not in named:
                picture.unlink(missing_ok=True)


_FIELDS = tuple(name for name in Result.__dataclass_fields__ if name not in ("outcome", "machine"))


def device_of(job_id: str) -> str:
    """The device of a job, by its id."""
    return job_id.rpartition("[")[2].removesuffix("]")


def by_key(held: Mapping[str, Result]) -> dict[str, Result]:
    """Results by what was run."""
    return {result.key: result for result in held.values()}


def fitting(step: Step, held: Mapping[str, Result], keys: Mapping[str, Result]) -> Result | None:
    """The stored result of a step, with its current id and line; None if there is none."""
    result = held.get(step.id)
    if result is None or result.key != step.key:
        result = keys.get(step.key)
    if result is None or (outcome := at_place(result.outcome, step.id, step.line)) is None:
        return None
    return result if outcome is result.outcome else replace(result, outcome=outcome)


def _result(entry: Mapping[str, Any]) -> Result:
    held = {name: entry[name] for name in _FIELDS}
    return Result(
        outcome=Outcome.from_json({**entry["outcome"], "source": entry["source"]}),
        machine=entry.get("machine"),
        **{**held, "imports": tuple(entry["imports"])},
    )


def _entry(result: Result) -> dict[str, Any]:
    values = {name: getattr(result, name) for name in Result.__dataclass_fields__}
    return {**values, "source": result.outcome.source, "outcome": _outcome_values(result.outcome)}


def _outcome_values(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is stored: pictures by name, its source separately."""
    values = {**outcome.to_json(), "figures": [figure.without_data() for figure in outcome.figures]}
    values.pop("source", None)
    return values


def _replace(file: Path, data: bytes) -> None:
    import tempfile  # readers do not need it

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
    """A lock among all writers, also in other processes."""
    with file.open("ab") as handle:
        take(handle.fileno(), wait=True)
        yield
