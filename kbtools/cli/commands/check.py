"""``kb check``: checks frontmatter, links and snippets of every page, and runs the snippets unless ``--no-run`` is
given."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.gathering import Gathered, gather
from kbtools.cli.known import BaselineReport, add_baseline_options, answered_by, compare
from kbtools.cli.reporting import (
    SILENT,
    add_output_options,
    add_selection_options,
    exit_code,
    findings_of,
    not_run,
    outcome_counts,
    outputs,
    save,
    say_known,
    show,
    summarize,
)
from kbtools.cli.workspace import (
    Stopwatch,
    Workspace,
    keep_all,
    plural,
    project,
)
from kbtools.config.snippet_policy import MODES

if TYPE_CHECKING:
    from kbtools.cli.kept_check import KeptCheck
    from kbtools.output.findings import Findings
    from kbtools.run.results.outcomes import Outcome
    from kbtools.text.diagnostics import Diagnostic


def configure(arguments: Arguments) -> None:
    arguments.add_link_style()
    arguments.add_paths()
    arguments.add_argument("--no-run", action="store_true", help="check the snippets without running them")
    arguments.add_argument(
        "--snippets",
        choices=MODES,
        help="run every snippet, check its syntax and names, or only show it (default: run; with --vault: show)",
    )
    arguments.add_argument(
        "--changed-since", metavar="REV", help="only pages changed since a git revision, and pages that link to them"
    )
    arguments.add_argument("--external", action="store_true", help="also request every external address")
    arguments.add_run_options()
    add_output_options(arguments)
    arguments.add_argument("--report", metavar="FILE", help="write the outcomes of the snippets to FILE as JSON")
    add_selection_options(arguments)
    add_baseline_options(arguments)
    arguments.add_argument("--fix", action="store_true", help="apply the safe fixes first")
    arguments.add_argument(
        "--diff", action="store_true", help="with --fix: show the changes as a patch and write nothing"
    )
    arguments.add_argument("--watch", action="store_true", help="check again whenever a file changes")


def run(args: SimpleNamespace) -> int:
    if args.watch:
        from kbtools.cli.kept_check import KeptCheck
        from kbtools.cli.watch import watch

        kept = KeptCheck()
        return watch(args, lambda changed: check_once(args, kept.after(changed)), kept.prepare)
    if args.no_run:
        keep_all()
    return check_once(args)


def check_once(args: SimpleNamespace, kept: KeptCheck | None = None) -> int:
    """Check the wiki once and print the result; returns the exit code."""
    watch = Stopwatch()
    wanted = outputs(args.output)
    printed: set[Diagnostic] = set()

    def announce(found: Gathered) -> None:
        if args.format in SILENT:
            known = _compared_with_baseline(found, args)
            _show(args, found, known, watch.seconds)
            printed.update(known.new)
            running = f"{plural(found.totals.snippets, 'snippet')}, of changed pages running"
            summarize(known.new, found.totals, running, watch.seconds, known.known)

    if getattr(args, "fix", False):
        from kbtools.cli.commands.fix import apply_fixes

        apply_fixes(Workspace(project(args)), args)
    found = gather(args, kept, announce)
    known = _compared_with_baseline(found, args)
    snippets = not_run(found.totals.snippets)
    if found.outcomes is not None:
        snippets = outcome_counts(found.outcomes, known.snippets)
    _show(args, found, known._replace(new=tuple(d for d in known.new if d not in printed)), watch.seconds)
    if wanted:
        save(_findings(args, found, known, watch.seconds, [form for form, _ in wanted]), wanted)
    if args.report:
        _report(Path(args.report), found.outcomes or (), watch.seconds, found.project.python)
    summarize(known.new, found.totals, snippets, watch.seconds, known.known)
    return max(exit_code(known.new, args.strict), say_known(known, args))


def _compared_with_baseline(found: Gathered, args: SimpleNamespace) -> BaselineReport:
    answered = answered_by(found.selection, found.outcomes, found.concerned)
    return compare(found.project, found.diagnostics, found.source, answered, found.failures, ignored=args.no_baseline)


def _show(args: SimpleNamespace, found: Gathered, known: BaselineReport, seconds: float) -> None:
    if known.new or args.format not in SILENT:
        findings = _findings(args, found, known, seconds, [args.format])
        show(findings, args.format, whole=args.all or bool(args.select), statistics=args.statistics)


def _findings(
    args: SimpleNamespace, found: Gathered, known: BaselineReport, seconds: float, forms: Collection[str]
) -> Findings:
    """The data of the requested output formats."""
    findings = findings_of(
        found.project,
        known.new,
        found.source,
        found.pages,
        seconds,
        totals=found.totals,
        outcomes=found.outcomes or (),
        known=known,
    )
    has_revision = args.changed_since is not None and "markdown" in forms
    return compared(findings, found, args.changed_since) if has_revision else findings


def compared(findings: Findings, found: Gathered, revision: str) -> Findings:
    """Adds to the findings their comparison with a revision, for the summary of a pull request."""
    from dataclasses import replace

    from kbtools.cli.changed import compared_with

    beside = compared_with(Workspace(found.project), revision, findings.diagnostics, found.source)
    mended = tuple(str(entry) for entry in beside.mended)
    return replace(findings, revision=revision, repaired=mended, older=len(beside.known))


def _report(file: Path, outcomes: tuple[Outcome, ...], seconds: float, python: str | None) -> None:
    from kbtools.cli.commands.run import save_report
    from kbtools.run import report
    from kbtools.run.devices.probe import environment

    save_report(file, report.report(outcomes, environment(python or ""), seconds=seconds), outcomes)
