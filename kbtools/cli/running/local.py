"""Runs the selected snippets on this machine, with progress."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.progress import Progress
from kbtools.cli.running.options import share, workers
from kbtools.cli.running.selection import selected, wants
from kbtools.cli.workspace import Workspace, plural, say
from kbtools.run.devices.host_info import name_machine
from kbtools.run.job import DeviceRequest, RunOptions
from kbtools.run.pages import plan_pages, run_planned
from kbtools.run.plan import Fences, Planner
from kbtools.run.results.outcomes import Outcome, by_place
from kbtools.run.results.store import Store

if TYPE_CHECKING:
    from kbtools.vault.page import Page


@dataclass(frozen=True, slots=True)
class LocalRun:
    """The result of a run."""

    outcomes: tuple[Outcome, ...]
    pages: int
    """Number of selected pages."""
    fences: Fences
    """The fences of these pages."""


def run_snippets(
    wiki: Workspace, args: SimpleNamespace, selection: Sequence[str], parsed: Mapping[str, Page] | None = None
) -> LocalRun:
    """Run the selected snippets, with progress on a terminal. Raises KbError if the run cannot be completed.

    ``parsed`` are pages that were already read.
    """
    if args.machine is not None:
        name_machine(args.machine)
    sampled = share(args.paranoid)
    request = DeviceRequest.parse(args.device, args.require_device)
    planner = Planner(wiki.project, request, rehearse=getattr(args, "rehearse", False))
    store = Store(wiki.project.state, sandbox=args.sandbox)
    paths = selected(wiki, selection)
    policies = wiki.project.policies
    planned = plan_pages(wiki.listing, paths, planner, policies, None if args.no_cache else store, parsed)
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
            outcomes += run_planned(wiki.project.state, planned, options, wanted, progress.seen, progress.say)
        if sampled is not None:
            from kbtools.cli.running.paranoid import verify_stored

            def again(pages: Sequence[str]) -> tuple[Outcome, ...]:
                fresh = plan_pages(wiki.listing, pages, planner, policies, parsed=parsed)
                uncached = replace(options, cached=False)
                return run_planned(wiki.project.state, fresh, uncached, wanted, progress.seen, progress.say)

            outcomes = verify_stored(outcomes, sampled, again, progress)
    if others := planned.fences.of_other_tools:
        reasons = ", ".join(f"{n} × {why}" if n > 1 else why for why, n in others.items())
        say(f"{plural(sum(others.values()), 'fence')} of other tools shown, not run: {reasons}")
    return LocalRun(tuple(by_place(outcomes)), len(paths), planned.fences)
