"""``kb build``: checks and runs everything, then builds the site."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.progress import BuildProgress
from kbtools.cli.proving import add_gate_options, passes
from kbtools.cli.workspace import (
    Stopwatch,
    Workspace,
    collect_rarely,
    plural,
    project,
    say,
    short_seconds,
    warn_unfinished,
)
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.site.reuse.manifest import MadeFrom
    from kbtools.site.reuse.report import BuildReport


def configure(arguments: Arguments) -> None:
    arguments.add_argument(
        "--results",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="also show the results of other machines, from these reports",
    )
    arguments.add_argument("--timings", action="store_true", help="print the time of each stage")
    add_gate_options(arguments)


def run(args: SimpleNamespace) -> int:
    from kbtools.config.mkdocs_file import config_file
    from kbtools.incremental.fingerprint import VaultState
    from kbtools.site.reuse import manifest
    from kbtools.vault.listing import Listing

    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    collect_rarely()
    found = project(args)
    warn_unfinished(found)
    file = config_file(found.root)
    if args.sandbox == "strict":
        from kbtools.site.mkdocs.owner_code import refuse

        refuse(file)
    wiki = Workspace(found)
    reports = tuple(map(Path, args.results))
    vault, options = VaultState.of(found, wiki.listing), manifest.options_of(args.strict)
    finished = manifest.find(found, vault, options) if args.paranoid is None else None
    if finished is None:
        wiki.load()  # From here on, pages are fixed: files saved meanwhile belong to the next build.
    proving = Stopwatch()
    if not passes(wiki, args):
        say("nothing was built: correct the findings above, or accept them for now: kb baseline")
        return 1
    proven = proving.seconds
    say("== build the site")
    results = manifest.results_of(found, reports)
    if finished is not None and finished.results == results:
        for line in finished.told:
            say(line)
        _done(Path(finished.folder), finished.pages, f"nothing changed, {finished.kept:,} kept", proving)
        return 0
    wiki.load()
    if finished is not None and not vault.is_still(VaultState.of(found, Listing.of(found)), found):
        say("pages were saved meanwhile: once more")
        return run(args)
    return _build(args, wiki, manifest.MadeFrom(vault, options, results), proven)


def _build(args: SimpleNamespace, wiki: Workspace, made_from: MadeFrom, proven: float) -> int:
    from kbtools.run.report import load
    from kbtools.site.build import build
    from kbtools.site.data.model import of_vault
    from kbtools.site.data.stored import stored
    from kbtools.site.reuse import kept_snippets
    from kbtools.site.reuse.report import BuildReport
    from kbtools.state.memo import consult

    building = Stopwatch()
    report = BuildReport()
    pages = wiki.vault.pages.values()
    consult(wiki.project.state, lambda memo: kept_snippets.restore(memo, pages), [])
    try:
        reports = {name: load(Path(name)) for name in args.results}
        results = stored(wiki.project, pages, reports, say)
        collect_rarely()  # pages stay in memory until the process ends
        with BuildProgress(sys.stderr) as progress:
            folder = build(
                wiki.project,
                strict=args.strict,
                results=results,
                wiki=of_vault(wiki.project, wiki.vault),
                paranoid=args.paranoid is not None,
                made_from=made_from,
                report=report,
                step=progress.step,
                say=progress.say,
            )
    except KbError as e:
        say(f"nothing was built: {e}")
        return 1
    _done(folder, report.pages, rendering_summary(report), building)
    if args.timings:
        for stage, seconds in {"read, check and run": proven, **report.seconds}.items():
            say(f"{seconds:8.2f} s  {stage}")
    return 0


def _done(folder: Path, pages: int, how: str, watch: Stopwatch) -> None:
    shown = os.path.relpath(folder, Path.cwd())
    say(" · ".join(filter(None, (f"{plural(pages, 'page')} in {shown}/", how, short_seconds(watch.seconds)))))
    say(f"look at it: kb serve, or python -m http.server -d {shown} and open http://127.0.0.1:8000/")


_WHY = {
    "new": "new",
    "text": "changed",
    "others": "because of what others say of them",
    "files": "because of files they link to",
    "settings": "because of the configuration or the program",
}


def rendering_summary(report: BuildReport) -> str:
    """One line: how many pages were rendered, and why. Empty for a first build."""
    if report.every:
        return f"all rendered: {', '.join(report.every)} may need every page (per_page, on kbtools in mkdocs.yml)"
    if set(report.rendered.values()) == {"new"} and not report.kept and not report.templated:
        return ""
    parts = [f"{count:,} {why}" for kind, why in _WHY.items() if (count := list(report.rendered.values()).count(kind))]
    done = f"{len(report.rendered):,} rendered ({', '.join(parts)})" if parts else "none rendered"
    again = f", {len(report.templated):,} put into the theme again" if report.templated else ""
    return f"{done}{again}, {len(report.kept):,} kept"
