"""Running snippets on this machine: what the store knows is told, the rest is run through pytest."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.commands import Wiki, say
from kbtools.commands.running.options import share, workers
from kbtools.commands.running.selection import selected
from kbtools.execution.job import DeviceRequest, preloads
from kbtools.execution.machines import name_machine
from kbtools.execution.outcomes import Outcome, by_place
from kbtools.execution.planned import Fences, Planned
from kbtools.execution.plans import Planner, plans
from kbtools.execution.reuse import reuse

if TYPE_CHECKING:
    from kbtools.page import Page


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
    request = DeviceRequest.parse(args.device, args.require_device)
    rehearse = getattr(args, "rehearse", False)
    doubted_share = share(args.paranoid)
    planner = Planner(wiki.project, request, rehearse=rehearse)
    paths = selected(wiki, selection)
    planned = plans(
        planner, wiki.listing, paths, parsed=parsed, kept=not args.no_cache, doubt=doubted_share is not None
    )
    for note in planned.notes:
        say(f"kb: {note}")
    pages = {path: page for path, page in planned.pages.items() if page.fences.executable}
    fences = Fences.sum(page.fences for page in planned.pages.values())
    # The whole wiki needs no list of its pages.
    left = () if "" in selection else tuple(dict.fromkeys(selection))
    to_run = len(pages)
    known: tuple[Outcome, ...] = ()
    if not args.no_cache:
        found = reuse(wiki.project, {path: page.jobs for path, page in pages.items()}, left)
        known = found.outcomes
        if known or not found.left:
            left, to_run = found.left, len({word.partition("::")[0] for word in found.left})
    doubted: tuple[str, ...] = ()
    if doubted_share is not None:
        from kbtools.execution.paranoid import sample

        doubted = sample(known, doubted_share)
        if not doubted:
            say("paranoid: nothing was taken from the store")
    outcomes = [outcome for outcome in known if outcome.path not in doubted]
    if not to_run and not doubted:
        return Ran(tuple(by_place(outcomes)), len(paths), fences)
    # pytest is imported only where something is left to run.
    from kbtools.commands.progress import Progress
    from kbtools.execution.pytest_run import RunOptions, run_with_pytest

    options = RunOptions(
        selection=left,
        device=args.device,
        required=tuple(args.require_device),
        workers=workers(args.workers, max(to_run, len(doubted))),
        sandbox=args.sandbox,
        launcher=args.start_method,
        cached=not args.no_cache,
        rehearse=rehearse,
        update=getattr(args, "update", False),
        preload=_preload(pages, left, request),
        jobs={path: page.jobs for path, page in pages.items()},
    )
    with Progress(fences.executable, sys.stderr) as progress:
        for outcome in outcomes:
            progress.seen(outcome)
        if to_run:
            outcomes += run_with_pytest(wiki.project, options, on_outcome=progress.seen)
        if doubted:
            from kbtools.commands.running.doubt import doubt

            outcomes += doubt(wiki.project, known, doubted, options, progress)
    return Ran(tuple(by_place(outcomes)), len(paths), fences)


def _preload(pages: Mapping[str, Planned], left: Sequence[str], request: DeviceRequest) -> tuple[str, ...] | None:
    """What the pages that are left to run import; None where it may be that nothing of them runs."""
    paths = {word.partition("::")[0] for word in left}
    chosen = (page for path, page in pages.items() if not paths or not paths.isdisjoint(_around(path)))
    codes = [
        step.code
        for page in chosen
        for job in page.jobs
        if job.device == "cpu"
        for step in job.steps
        if step.skip is None
    ]
    return preloads(codes) if codes and request.devices in (("auto",), ("all",), ("cpu",)) else None


def _around(path: str) -> Iterator[str]:
    """A page, and the folders it lies in."""
    while path:
        yield path
        path = path.rpartition("/")[0]
