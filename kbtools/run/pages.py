"""Runs the snippets of pages: unchanged pages are answered from the store, the others planned and run."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kbtools.config.snippet_policy import Policies
from kbtools.run.job import Job, RunOptions
from kbtools.run.plan import Fences, Planner
from kbtools.run.results.outcomes import Outcome
from kbtools.run.results.store import Store, StoredPage
from kbtools.vault.listing import Listing, digest

if TYPE_CHECKING:
    from kbtools.vault.page import Page


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan for some pages: jobs to run, and outcomes that are already known."""

    jobs: tuple[Job, ...]
    known: tuple[Outcome, ...]
    """Outcomes of pages that have not changed since all their snippets passed."""
    pages: Mapping[str, StoredPage]
    """Records of the other pages, to be stored."""
    fences: Fences
    """Counts over all pages."""


def plan_pages(
    listing: Listing,
    paths: Sequence[str],
    planner: Planner,
    policies: Policies,
    store: Store | None = None,
    parsed: Mapping[str, Page] | None = None,
) -> Planned:
    """Plans pages, except those whose outcomes the ``store`` already has: these are not parsed. ``parsed`` are pages
    that were already read."""
    parsed = parsed or {}
    context = functools.cache(planner.context)
    jobs: list[Job] = []
    known: list[Outcome] = []
    pages: dict[str, StoredPage] = {}
    total, idle = 0, Counter[str]()
    for path in paths:
        data = parsed[path].source.encode() if path in parsed else bytes_of(listing, path)
        if data is None or not (b"```" in data or b"~~~" in data):
            continue  # unreadable, or without fences
        policy = policies.of(path)
        made_from = digest(context(policy) + data)
        answer = store.answer_page(path, made_from) if store is not None else None
        if answer is not None:
            known += answer[1]
        else:
            from kbtools.vault.page import decode

            held = parsed.get(path)
            page = held if held is not None and held.policy == policy else decode(path, data, policy)
            planned = planner.plan(path, page.snippets, policy)
            jobs += planned
            fences = Fences.of(page.snippets)
            keys = {step.id: step.key for job in planned for step in job.steps if step.reported}
            pages[path] = StoredPage(made_from if is_lasting(page, planned) else "", keys, fences.total, fences.idle)
        found = answer[0] if answer is not None else pages[path]
        total += found.fences
        idle.update(found.idle)
    return Planned(tuple(jobs), tuple(known), pages, Fences(total, idle))


def is_lasting(page: Page, jobs: Sequence[Job]) -> bool:
    """Whether a page's outcomes stay valid until a known input changes: not if it uses the network, if another
    package (whose code may change unnoticed) interprets its fences, or if files of the vault are copied in."""
    from kbtools.fences.languages.registry import OWN, find

    words = {fence.header.language.lower() for fence in page.structure.fences}
    files = any(step.files for job in jobs for step in job.steps)
    return not (files or any(job.network for job in jobs)) and all(word in OWN or find(word) is None for word in words)


def bytes_of(listing: Listing, path: str) -> bytes | None:
    """The current bytes of a page; None if it cannot be read, which a check reports."""
    entry = listing.entries[path]
    if entry.trouble is not None or entry.shown != entry.path:
        return None
    try:
        return Path(entry.file).read_bytes()
    except OSError:
        return None


def run_planned(
    state: Path,
    planned: Planned,
    options: RunOptions,
    wanted: Callable[[str, str], bool] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Runs jobs and returns the requested outcomes, storing them in the folder ``state``; ``say`` receives a message
    when they cannot be stored."""
    from kbtools.run.runner import Runner

    runner = Runner(state, options)
    assert runner.store is not None
    runner.store.pages = planned.pages
    try:
        return runner.run(planned.jobs, wanted, on_outcome)
    finally:
        runner.close()
        if runner.unkept is not None:
            say(f"results are not kept: {runner.unkept}")
