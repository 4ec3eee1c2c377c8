"""``kb build``: the gate. Check, run, and only when all is well build the site."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.commands import Stopwatch, plural, read, say, shell_faults, short_seconds
from kbtools.commands.arguments import Arguments
from kbtools.commands.known import add_baseline_options, answered_by, compare
from kbtools.commands.reporting import (
    exit_code,
    findings_of,
    not_run,
    outcome_counts,
    say_known,
    show,
    summarize,
)
from kbtools.errors import KbError
from kbtools.selection import EVERYTHING

if TYPE_CHECKING:
    from kbtools.run.outcomes import Outcome


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--no-run", action="store_true", help="take the stored results instead of running")
    arguments.add_argument(
        "--results",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="reports of other machines to show too",
    )
    arguments.add_argument("--strict", action="store_true", help="warnings stop the build too")
    arguments.add_run_options()
    add_baseline_options(arguments)


def run(args: SimpleNamespace) -> int:
    from kbtools.check.failures import failing
    from kbtools.checker import check
    from kbtools.commands.running.here import run_snippets
    from kbtools.run.report import failed, load
    from kbtools.site.build import build, config_file
    from kbtools.site.owner_code import refuse
    from kbtools.site.redirects import is_redirect
    from kbtools.site.stored import stored
    from kbtools.site.wiki import of_vault as site_of

    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    watch = Stopwatch()
    wiki = read(args, lasting=True)
    file = config_file(wiki.project)
    if args.sandbox == "strict":
        refuse(file)
    reports = {name: load(Path(name)) for name in args.results}
    say("== check")
    report = check(wiki.vault, wiki.index, wiki.project.config, shell=shell_faults(wiki))
    snippets = not_run(sum(s.executable for page in wiki.index.pages.values() for s in page.snippets))
    found = report.diagnostics
    outcomes: tuple[Outcome, ...] | None = None
    known = compare(wiki.project, found, wiki.source, answered_by(EVERYTHING, None), ignored=args.no_baseline)
    if not args.no_run and not exit_code(known.new, args.strict):
        say("== run the snippets")
        outcomes = run_snippets(wiki, args, (), wiki.index.pages).outcomes
        failures = tuple(failing(wiki.project.config, failed(outcomes), wiki.source))
        found = (*found, *(d for _, d in failures))
        answered = answered_by(EVERYTHING, outcomes)
        known = compare(wiki.project, found, wiki.source, answered, failures, ignored=args.no_baseline)
        snippets = outcome_counts(outcomes, known.snippets)
    told = findings_of(
        wiki.project, known.new, wiki.source, tuple(wiki.index.pages), watch.seconds, totals=report, known=known
    )
    show(told, "full")
    summarize(known.new, report, snippets, watch.seconds, known.known)
    if say_known(known, args) or exit_code(known.new, args.strict):
        say("nothing was built: mend the above first, or accept it for now: kb baseline")
        return 1
    say("== build the site")
    building = Stopwatch()
    try:
        results = stored(wiki.project, wiki.index.pages.values(), reports)
        site = site_of(wiki.project, wiki.vault)
        folder = build(wiki.project, strict=args.strict, results=results, wiki=site, say=say)
    except KbError as e:
        say(f"nothing was built: {e.message}" + (f"\n  hint: {e.hint}" if e.hint else ""))
        return 1
    pages = plural(sum(not is_redirect(file) for file in folder.rglob("*.html")), "page")
    shown = os.path.relpath(folder, Path.cwd())
    say(f"{pages} in {shown}/ · {short_seconds(building.seconds)}")
    say(f"look at it: kb serve, or python -m http.server -d {shown} and open http://127.0.0.1:8000/")
    return 0
