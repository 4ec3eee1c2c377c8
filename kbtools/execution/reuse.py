"""What a run need not do: sessions whose results still hold are answered here, without pytest, a process or torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kbtools.config import Project
from kbtools.execution.job import Job
from kbtools.execution.outcomes import Outcome
from kbtools.execution.store import Result, Store


@dataclass(frozen=True, slots=True)
class Reuse:
    """What of a selection is known already."""

    outcomes: tuple[Outcome, ...]
    left: tuple[str, ...]
    """Pages and ids that have to be run."""


def reuse(project: Project, pages: Mapping[str, Sequence[Job]], selection: Sequence[str]) -> Reuse:
    """Take from the store the pages of which every selected session has passed as it stands, and here.

    ``pages`` are those selected, with their jobs; ``selection`` may name single snippets of some of them. A page is
    answered or run as a whole. Skips are told, and stored, without running anything.
    """
    store = Store(project.state)
    wanted: dict[str, list[str]] = {}
    for word in selection:
        path, sep, name = word.partition("::")
        if sep:
            wanted.setdefault(path, []).append(name)
    whole = {word for word in selection if "::" not in word}
    outcomes: list[Outcome] = []
    left: list[str] = []
    for path, jobs in pages.items():
        names = () if _covered(path, whole) else wanted.get(path, ())
        known = store.read(path) if jobs else {}
        found = _of_page(store, jobs, known, names)
        if found is None:
            left += [f"{path}::{name}" for name in names] or [path]
        else:
            outcomes += found
    return Reuse(tuple(outcomes), tuple(left))


def _covered(path: str, whole: set[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:n]) in whole for n in range(len(parts) + 1))


def _of_page(
    store: Store, jobs: Sequence[Job], known: Mapping[str, Result], names: Sequence[str]
) -> list[Outcome] | None:
    found: list[Outcome] = []
    for job in jobs:
        chosen = {
            step.id: step.key
            for step in job.steps
            if step.reported and (not names or step.name in names or step.id.partition("::")[2] in names)
        }
        if not chosen:
            continue
        there = store.known(job, known)
        if not there.keys() >= chosen.keys():
            return None
        told = [there[id] for id in chosen]
        found += told
        news = [o for o in told if not o.cached and (o.id not in known or known[o.id].key != chosen[o.id])]
        if not news:
            continue
        with suppress(OSError):  # the outcome stands without its copy on disk
            store.save(job, news)
    return found
