"""``kb serve``: previews the site and rebuilds it when files change."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import project, say, use_color
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.config.project import Project
    from kbtools.run.runner import Runner


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--port", type=int, default=8000, help="port; 0 for a free one (default: 8000)")
    arguments.add_argument("--no-run", action="store_true", help="do not run the snippets of edited pages")
    arguments.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: 127.0.0.1)")


def run(args: SimpleNamespace) -> int:
    from kbtools.site.preview.serve import serve

    if args.host not in ("127.0.0.1", "::1", "localhost"):
        raise KbError(
            f"kb serve is a preview for this machine: {args.host} is not a loopback address",
            "leave --host out, or give 127.0.0.1; kb build makes a site for others",
        )
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    found = project(args)
    runs = Runs(found)
    try:
        serve(found, args.host, args.port, say, None if args.no_run else runs.run)
    finally:
        runs.close()
    return 0


class Runs:
    """Runs the snippets of edited pages. The fork server with its imported packages (torch) lives as long as the
    preview, until other packages are installed."""

    def __init__(self, found: Project) -> None:
        self._project = found
        self._runner: Runner | None = None
        self._made_for: object = None

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def run(self, pages: Sequence[str]) -> None:
        """Run the snippets of pages that have no stored result, and print failures. Raises KbError if the run
        cannot start."""
        from kbtools.cli.commands.run import blocks
        from kbtools.cli.known import BaselineReport
        from kbtools.cli.reporting import outcome_counts
        from kbtools.config.project import find_project
        from kbtools.run.job import DeviceRequest
        from kbtools.run.pages import plan_pages
        from kbtools.run.plan import Planner
        from kbtools.run.results.store import Store
        from kbtools.vault.listing import Listing

        found = self._project if self._project.foreign else find_project(self._project.root)
        listing = Listing.of(found)
        runner = self._ready(found)
        runner.store = Store(found.state, sandbox=runner.options.sandbox)
        here = [path for path in pages if path in listing.entries]
        planned = plan_pages(listing, here, Planner(found, DeviceRequest()), found.policies, runner.store)
        runner.store.pages = planned.pages
        try:
            outcomes = (*planned.known, *runner.run(planned.jobs))
        except BaseException:
            self.close()  # after an error it runs nothing more
            raise
        for line in blocks(outcomes, BaselineReport(()), use_color(sys.stderr)):
            say(line)
        if outcomes:
            say(outcome_counts(outcomes))
        if runner.unkept is not None:
            raise KbError(f"results are not kept: {runner.unkept}", "free space or the folder .kb")

    def _ready(self, found: Project) -> Runner:
        from kbtools.run.job import RunOptions
        from kbtools.run.runner import Runner
        from kbtools.state.program import installed

        made_for = (found.state, found.vault, found.python, sorted(map(str, installed())))
        if self._runner is None or self._made_for != made_for:
            self.close()
            self._runner = Runner(found.state, RunOptions(cached=True, vault=str(found.vault)))
            self._made_for = made_for
        return self._runner
