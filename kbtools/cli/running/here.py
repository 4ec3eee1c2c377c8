"""Running snippets on this machine on behalf of a command."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.progress import Progress
from kbtools.cli.running.options import share, workers
from kbtools.cli.running.selection import selected, wants
from kbtools.cli.workspace import Wiki, say
from kbtools.config.snippet_policy import Policies
from kbtools.run.devices.host_info import name_machine
from kbtools.run.job import DeviceRequest, Job, RunOptions
from kbtools.run.plan import Fences, Planner
from kbtools.run.results.outcomes import Outcome, by_place
from kbtools.run.results.store import Known, Store
from kbtools.vault.listing import digest

if TYPE_CHECKING:
    from kbtools.vault.page import Page


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to."""

    outcomes: tuple[Outcome, ...]
    pages: int
    """That were selected."""
    fences: Fences
    """Of those pages."""


def run_snippets(
    wiki: Wiki, args: SimpleNamespace, selection: Sequence[str], parsed: Mapping[str, Page] | None = None
) -> Ran:
    """Run the selected snippets, with progress on a terminal. Raises KbError when the run breaks down.

    ``parsed`` are pages that have been read before.
    """
    if args.machine is not None:
        name_machine(args.machine)
    doubted = share(args.paranoid)
    request = DeviceRequest.parse(args.device, args.require_device)
    planner = Planner(wiki.project, request, rehearse=getattr(args, "rehearse", False))
    store = Store(wiki.project.state, sandbox=args.sandbox)
    paths = selected(wiki, selection)
    policies = wiki.project.policies
    planned = plan_pages(wiki, paths, planner, None if args.no_cache else store, parsed or {}, policies)
    wanted = wants(selection)
    options = RunOptions(
        sandbox=args.sandbox,
        start=args.start_method,
        workers=workers(args.workers, len(planned.jobs)),
        cached=not args.no_cache,
        vault=str(wiki.project.vault),
    )
    with Progress(planned.fences.executable, sys.stderr) as progress:
        outcomes = [outcome for outcome in planned.known if wanted(outcome.path, outcome.id)]
        for outcome in outcomes:
            progress.seen(outcome)
        if planned.jobs:
            outcomes += run_jobs(wiki, planned, options, wanted, progress)
        if doubted is not None:
            from kbtools.cli.running.doubt import doubt

            def again(pages: Sequence[str]) -> tuple[Outcome, ...]:
                fresh = plan_pages(wiki, pages, planner, None, parsed or {}, policies)
                return run_jobs(wiki, fresh, replace(options, cached=False), wanted, progress)

            outcomes = doubt(outcomes, doubted, again, progress)
    return Ran(tuple(by_place(outcomes)), len(paths), planned.fences)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be run of some pages, and what is known already."""

    jobs: tuple[Job, ...]
    known: tuple[Outcome, ...]
    """Of pages that have not changed since all of them passed."""
    pages: Mapping[str, Known]
    """What is to be kept of the others."""
    fences: Fences
    """Of all."""


def plan_pages(
    wiki: Wiki,
    paths: Sequence[str],
    planner: Planner,
    store: Store | None,
    parsed: Mapping[str, Page],
    policies: Policies,
) -> Planned:
    """Plan pages, but for those that the ``store`` answers for: these are not even parsed."""
    context = planner.context()
    jobs: list[Job] = []
    known: list[Outcome] = []
    pages: dict[str, Known] = {}
    total, idle = 0, Counter[str]()
    for path in paths:
        data = parsed[path].source.encode() if path in parsed else bytes_of(wiki, path)
        if data is None or not (b"```" in data or b"~~~" in data):
            continue  # it cannot be read, or has no fence
        policy = policies.of(path)
        made_from = digest(context + repr(policy).encode() + data)
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
            pages[path] = Known(made_from if is_lasting(page, planned) else "", keys, fences.total, fences.idle)
        found = answer[0] if answer is not None else pages[path]
        total += found.fences
        idle.update(found.idle)
    return Planned(tuple(jobs), tuple(known), pages, Fences(total, idle))


def is_lasting(page: Page, jobs: Sequence[Job]) -> bool:
    """Whether a page means and does the same until something changes that can be seen: not where it asks the network,
    nor where another package decides what its fences mean, whose code may be edited without a sign, nor where files
    of the vault are copied in."""
    from kbtools.fences.languages.registry import OWN, find

    words = {fence.header.language.lower() for fence in page.structure.fences}
    files = any(step.files for job in jobs for step in job.steps)
    return not (files or any(job.network for job in jobs)) and all(word in OWN or find(word) is None for word in words)


def bytes_of(wiki: Wiki, path: str) -> bytes | None:
    """A page's bytes as it is now; None where it cannot be read, which a check reports."""
    entry = wiki.listing.entries[path]
    if entry.trouble is not None or entry.shown != entry.path:
        return None
    try:
        return Path(entry.file).read_bytes()
    except OSError:
        return None


def run_jobs(
    wiki: Wiki, planned: Planned, options: RunOptions, wanted: Callable[[str, str], bool], progress: Progress
) -> tuple[Outcome, ...]:
    """The outcomes of what is wanted of some jobs."""
    from kbtools.run.runner import Runner

    runner = Runner(wiki.project.state, options)
    assert runner.store is not None
    runner.store.pages = planned.pages
    try:
        return runner.run(planned.jobs, wanted, progress.seen)
    finally:
        runner.close()
        if runner.unkept is not None:
            say(f"kb: results are not kept: {runner.unkept}")
