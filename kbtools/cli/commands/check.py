"""``kb check``: checks frontmatter, links and snippets of every page, and runs the snippets unless ``--no-run`` is
given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from kbtools.check.shown_code import of_code_that_counts
from kbtools.cli import checking
from kbtools.cli.arguments import Arguments
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
    split_rules,
    summarize,
)
from kbtools.cli.workspace import (
    Stopwatch,
    Workspace,
    keep_all,
    narrow,
    plural,
    project,
    say,
    warn_unfinished,
)
from kbtools.config.selection import Selection
from kbtools.config.snippet_policy import MODES, SHOW

if TYPE_CHECKING:
    from kbtools.cli.kept_check import KeptCheck
    from kbtools.config.project import Project
    from kbtools.incremental.database import Totals
    from kbtools.output.findings import Findings
    from kbtools.run.results.outcomes import Outcome
    from kbtools.text.diagnostics import Diagnostic
    from kbtools.text.source import Source


def configure(arguments: Arguments) -> None:
    arguments.add_link_style()
    arguments.add_paths()
    arguments.add_argument("--no-run", action="store_true", help="read the snippets, but do not run them")
    arguments.add_argument(
        "--snippets",
        choices=MODES,
        help="what all code is held to: run, check (read it) or show; default: run, and show with --vault",
    )
    arguments.add_argument(
        "--changed-since", metavar="REV", help="only pages that differ from a git revision, and pages that name them"
    )
    arguments.add_argument("--external", action="store_true", help="also ask for every external address")
    arguments.add_run_options()
    add_output_options(arguments)
    arguments.add_argument("--report", metavar="FILE", help="write the outcomes of the snippets as JSON")
    add_selection_options(arguments)
    add_baseline_options(arguments)
    arguments.add_argument("--fix", action="store_true", help="apply the safe fixes first")
    arguments.add_argument("--diff", action="store_true", help="with --fix: show the patch and write nothing")
    arguments.add_argument("--watch", action="store_true", help="check again whenever a page changes")


def run(args: SimpleNamespace) -> int:
    if args.watch:
        from kbtools.cli.kept_check import KeptCheck
        from kbtools.cli.watch import watch

        kept = KeptCheck()
        return watch(args, lambda changed: check_once(args, kept.after(changed)), kept.prepare)
    if args.no_run:
        keep_all()
    return check_once(args)


class Gathered(NamedTuple):
    """Everything one check found out."""

    project: Project
    selection: Selection
    diagnostics: tuple[Diagnostic, ...]
    source: Callable[[str], Source]
    pages: Collection[str]
    totals: Totals
    outcomes: tuple[Outcome, ...] | None
    """None when nothing was run."""
    failures: tuple[tuple[Outcome, Diagnostic], ...] = ()
    concerned: frozenset[str] | None = None
    """The pages that alone were looked at; None for all."""


def gather(
    args: SimpleNamespace, kept: KeptCheck | None = None, announce: Callable[[Gathered], None] = lambda _: None
) -> Gathered:
    """Check the wiki incrementally, reading only changed pages; then run the snippets unless ``--no-run`` is given.
    ``announce`` receives what is known before snippets are run again because of a change."""
    found = project(args)
    found = found._replace(held_to=getattr(args, "snippets", None) or (SHOW if found.foreign else None))
    warn_unfinished(found)
    if getattr(args, "fix", False):
        from kbtools.cli.commands.fix import apply_fixes

        apply_fixes(Workspace(found), args)
    if kept is not None:
        checked = kept.checked(found)
        checking.say_notes(checked)
    else:
        checked = checking.checked(Workspace(found), paranoid=args.paranoid is not None)
    wiki = Workspace(found, checked.listing)
    if unread := checked.listing.unread:
        from kbtools.vault.listing import unread_message

        say(unread_message(unread))
    paths = narrow(found, args.paths, checked.listing.entries) if args.paths else ()
    selection = Selection(split_rules(args.select), split_rules(args.ignore), paths)
    if args.select or args.ignore:
        from kbtools.check.checker import require_rules

        require_rules((*selection.select, *selection.ignore), "--select/--ignore")
    concerned: frozenset[str] | None = None
    changed: frozenset[str] = frozenset()
    if getattr(args, "changed_since", None) is not None:
        from kbtools.cli.changed import since

        concerned, changed = since(wiki, args.changed_since)

    def covers(path: str) -> bool:
        return selection.covers(path) and (concerned is None or path in concerned)

    diagnostics: tuple[Diagnostic, ...] = ()
    left_out: list[Diagnostic] = []
    if checked.found:
        wanted = (d for d in checked.diagnostics(covers) if selection.wants(d.rule))
        counting, left_out = of_code_that_counts(found, wanted)
        diagnostics = tuple(counting)
    if found.held_to == SHOW and checked.totals.snippets:
        say(_shown(args, checked.totals.snippets, left_out))
    pages = checked.pages if concerned is None else sorted(concerned)
    gathered = Gathered(found, selection, diagnostics, checked.source, pages, checked.totals, None, (), concerned)
    if not args.no_run:
        from kbtools.check.failures import failing
        from kbtools.cli.running.local import run_snippets
        from kbtools.run.report import failed

        for path in {d.path for d in diagnostics}:
            checked.source(path)  # findings refer to the page as it was read, even if it is edited during the run
        if concerned is not None:
            mine = tuple(sorted(path for path in changed if covers(path)))
            outcomes = run_snippets(wiki, args, mine).outcomes if mine else ()
        elif kept is not None:
            again = kept.to_run(checked.listing)
            again = again if again is None else [path for path in again if covers(path)]
            if again:
                announce(gathered)
            outcomes = tuple(kept.run(wiki, args, paths, again))
        else:
            outcomes = run_snippets(wiki, args, paths).outcomes
        failures = tuple(failing(found.config, failed(outcomes), checked.source, selection))
        gathered = gathered._replace(
            diagnostics=_sorted((*diagnostics, *(d for _, d in failures))), outcomes=outcomes, failures=failures
        )
    if getattr(args, "external", False):
        from kbtools.cli.external import external

        more = external(wiki, selection, covers)
        gathered = gathered._replace(diagnostics=_sorted((*gathered.diagnostics, *more)))
    return gathered


def _sorted(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda d: (d.path, d.span.start, d.rule)))


def _shown(args: SimpleNamespace, snippets: int, left_out: Sequence[Diagnostic]) -> str:
    """What could be made of code that is only shown."""
    counts = Counter(d.rule for d in left_out)
    words = (("undefined-name", "undefined name"), ("syntax-error", "syntax error"))
    listed = [plural(counts[rule], word) for rule, word in words if counts[rule]]
    others = counts.total() - sum(counts[rule] for rule, _ in words)
    listed += [plural(others, "other finding")] if others else []
    where = f" --vault {args.vault}" if args.vault else ""
    summary = f"code is shown, not checked: {plural(snippets, 'fence')} could be run (kb run{where})"
    return f"{summary}; --snippets check would list {', '.join(listed)}" if listed else summary


def check_once(args: SimpleNamespace, kept: KeptCheck | None = None) -> int:
    """One check of the whole wiki, printed; returns the exit code."""
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
    """What some formats are given."""
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
    """The findings with what a revision had instead, for a summary of what a change does."""
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
