"""Checks all pages and runs all snippets, for commands that go on only if everything passes: ``build`` and ``gate``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.check.baseline import SNIPPETS
from kbtools.check.shown_code import of_code_that_counts
from kbtools.cli import checking
from kbtools.cli.arguments import Arguments
from kbtools.cli.known import add_baseline_options, answered_by, compare
from kbtools.cli.reporting import exit_code, findings_of, not_run, outcome_counts, say_known, show, summarize
from kbtools.cli.workspace import Stopwatch, Workspace, say
from kbtools.config.selection import EVERYTHING

if TYPE_CHECKING:
    from kbtools.run.results.outcomes import Outcome


def add_gate_options(arguments: Arguments) -> None:
    """Adds the options of commands that check and run before they do something else."""
    arguments.add_argument("--no-run", action="store_true", help="use stored results instead of running the snippets")
    arguments.add_argument("--strict", action="store_true", help="stop on warnings too")
    arguments.add_run_options()
    add_baseline_options(arguments)


def passes(wiki: Workspace, args: SimpleNamespace) -> bool:
    """Whether all pages and snippets pass; prints the findings. Pages that are already loaded are checked as
    loaded."""
    from kbtools.check.failures import failing
    from kbtools.cli.running.local import run_snippets
    from kbtools.run.report import failed

    watch = Stopwatch()
    say("== check")
    checked = checking.checked(wiki, paranoid=args.paranoid is not None)
    source = wiki.source if wiki.is_loaded else checked.source
    found = tuple(of_code_that_counts(wiki.project, checked.diagnostics(lambda _: True))[0])
    snippets = not_run(checked.totals.snippets)
    outcomes: tuple[Outcome, ...] | None = None
    known = compare(wiki.project, found, source, answered_by(EVERYTHING, None), ignored=args.no_baseline)
    if not args.no_run and not exit_code(known.new, args.strict):
        say("== run the snippets")
        parsed = wiki.vault.pages if wiki.is_loaded else None
        outcomes = run_snippets(wiki, args, (), parsed).outcomes
        failures = tuple(failing(wiki.project.config, failed(outcomes), source))
        found = (*found, *(d for _, d in failures))
        answered = answered_by(EVERYTHING, outcomes)
        known = compare(wiki.project, found, source, answered, failures, ignored=args.no_baseline)
        snippets = outcome_counts(outcomes, known.snippets)
    if known.new:
        findings = findings_of(
            wiki.project, known.new, source, checked.pages, watch.seconds, totals=checked.totals, known=known
        )
        show(findings, "full")
    summarize(known.new, checked.totals, snippets, watch.seconds, known.known)
    stopping = known.new
    if wiki.project.config.publish != "proven":  # failed snippets are reported, and published as failed
        stopping = tuple(d for d in stopping if d.rule != SNIPPETS)
    return not (say_known(known, args) or exit_code(stopping, args.strict))
