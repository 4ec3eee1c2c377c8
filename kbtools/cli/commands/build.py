"""``kb build``: checks and runs everything, then builds the site."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.commands.gate import add_gate_options, passes
from kbtools.cli.workspace import Stopwatch, plural, read, say, short_seconds
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.site.reuse.engine import Report


def configure(arguments: Arguments) -> None:
    arguments.add_argument(
        "--results",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="reports of other machines to show too",
    )
    arguments.add_argument("--timings", action="store_true", help="say what each stage took")
    add_gate_options(arguments)


def run(args: SimpleNamespace) -> int:
    from kbtools.run.report import load
    from kbtools.site.build import build, config_file
    from kbtools.site.data.model import of_vault as site_of
    from kbtools.site.data.stored import stored
    from kbtools.site.files.redirects import is_redirect
    from kbtools.site.mkdocs.owner_code import refuse
    from kbtools.site.reuse.engine import Report

    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    wiki = read(args, lasting=True)
    file = config_file(wiki.project)
    if args.sandbox == "strict":
        refuse(file)
    reports = {name: load(Path(name)) for name in args.results}
    proving = Stopwatch()
    if not passes(wiki, args):
        say("nothing was built: mend the above first, or accept it for now: kb baseline")
        return 1
    proven = proving.seconds
    say("== build the site")
    building = Stopwatch()
    try:
        results = stored(wiki.project, wiki.index.pages.values(), reports)
        site = site_of(wiki.project, wiki.vault)
        report = Report()
        folder = build(
            wiki.project,
            strict=args.strict,
            results=results,
            wiki=site,
            paranoid=args.paranoid is not None,
            report=report,
            say=say,
        )
    except KbError as e:
        say(f"nothing was built: {e.message}" + (f"\n  hint: {e.hint}" if e.hint else ""))
        return 1
    pages = plural(sum(not is_redirect(file) for file in folder.rglob("*.html")), "page")
    shown = os.path.relpath(folder, Path.cwd())
    say(" · ".join(filter(None, (f"{pages} in {shown}/", rendering_summary(report), short_seconds(building.seconds)))))
    if args.timings:
        for stage, seconds in {"read, check and run": proven, **report.seconds}.items():
            say(f"{seconds:8.2f} s  {stage}")
    say(f"look at it: kb serve, or python -m http.server -d {shown} and open http://127.0.0.1:8000/")
    return 0


_WHY = {
    "new": "new",
    "text": "changed",
    "others": "because of what others say of them",
    "files": "because of files they link to",
    "settings": "because of the configuration or the program",
}


def rendering_summary(report: Report) -> str:
    """What was rendered and why, in one line; nothing of a first build."""
    if report.every:
        return f"all rendered: {', '.join(report.every)} may need every page (per_page, on kbtools in mkdocs.yml)"
    if set(report.rendered.values()) == {"new"} and not report.kept:
        return ""
    parts = [f"{count:,} {why}" for kind, why in _WHY.items() if (count := list(report.rendered.values()).count(kind))]
    done = f"{len(report.rendered):,} rendered ({', '.join(parts)})" if parts else "none rendered"
    again = f", {len(report.templated):,} put into the theme again" if report.templated else ""
    return f"{done}{again}, {len(report.kept):,} kept"
