"""``--cluster``: runs the sessions on a Dask cluster."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.running.local import LocalRun
from kbtools.cli.running.selection import selected, wants
from kbtools.cli.workspace import Workspace
from kbtools.errors import KbError
from kbtools.run.plan import Fences

if TYPE_CHECKING:
    from kbtools.adapters.dask.client import ClusterRun


def run_on(wiki: Workspace, args: SimpleNamespace, selection: Sequence[str]) -> tuple[LocalRun, ClusterRun]:
    """Run the selected snippets on a Dask cluster. Raises KbError for a cluster that cannot be used."""
    from kbtools.adapters.dask.client import ClusterOptions, run_on_cluster
    from kbtools.cli.progress import Progress
    from kbtools.run.job import DeviceRequest

    if args.paranoid is not None:
        raise KbError("--paranoid doubts this machine's store, and does not go with --cluster", "leave one of them out")
    fences = {p: wiki.index.pages[p].snippets for p in selected(wiki, selection)}
    pages = {p: snippets for p, snippets in fences.items() if any(s.executable for s in snippets)}
    options = ClusterOptions(
        DeviceRequest.parse(args.device, args.require_device),
        rehearse=args.rehearse,
        cached=not args.no_cache,
        sandbox=args.sandbox,
        wanted=wants(selection),
    )
    with Progress(sum(s.executable for snippets in pages.values() for s in snippets), sys.stderr) as progress:
        done = run_on_cluster(args.cluster, wiki.project, pages, options, progress.seen)
    return LocalRun(done.outcomes, len(fences), Fences.of(s for found in fences.values() for s in found)), done
