"""``kb check``: frontmatter, links and snippets of every page. Runs the snippets unless told not to."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.commands import (
    Stopwatch,
    Wiki,
    emit,
    keep_all,
    narrow,
    plural,
    project,
    say,
    say_unchecked,
    shell_judge,
    short_seconds,
    use_color,
    warn_unfinished,
)
from kbtools.commands.arguments import Arguments

if TYPE_CHECKING:
    from kbtools.checker import Report
    from kbtools.config import Project
    from kbtools.diagnostics import Diagnostic
    from kbtools.execution.outcomes import Outcome
    from kbtools.incremental.database import Totals
    from kbtools.selection import Selection
    from kbtools.source import Source, Span

FORMATS = ("full", "concise", "json", "jsonl", "github", "sarif", "junit")


def configure(arguments: Arguments) -> None:
    arguments.add_paths()
    arguments.add_argument("--no-run", action="store_true", help="read the snippets, but do not run them")
    arguments.add_run_options()
    arguments.add_argument("--format", choices=FORMATS, default="full", help="default: full")
    arguments.add_argument("--select", action="append", metavar="RULE", default=[], help="only these rules")
    arguments.add_argument("--ignore", action="append", metavar="RULE", default=[], help="not these rules")
    arguments.add_argument("--strict", action="store_true", help="warnings fail too")
    arguments.add_argument("--fix", action="store_true", help="apply the safe fixes first")
    arguments.add_argument("--diff", action="store_true", help="with --fix: show the patch and write nothing")
    arguments.add_argument("--watch", action="store_true", help="check again whenever a page changes")


def split_rules(given: Sequence[str]) -> tuple[str, ...]:
    """``--select a,b --select c`` as names."""
    return tuple(name.strip() for words in given for name in words.split(",") if name.strip())


def run(args: SimpleNamespace) -> int:
    if args.watch:
        from kbtools.commands.watch import watch

        return watch(args, lambda: check_once(args))
    if args.no_run:
        keep_all()
    return check_once(args)


def check_once(args: SimpleNamespace) -> int:
    """One check of the whole wiki; returns the exit code. The kept index is asked, and only what changed is read."""
    from datetime import date

    from kbtools.incremental.check import check
    from kbtools.incremental.database import read_unchecked

    watch = Stopwatch()
    found = project(args)
    warn_unfinished(found)
    if args.fix:
        from kbtools.commands.fix import apply_fixes

        apply_fixes(Wiki(found), args)
    checked = check(found, date.today(), judge=shell_judge(found), paranoid=args.paranoid is not None)
    for note in checked.notes:
        say(f"kb: {note}")
    if checked.unchecked:
        say_unchecked(read_unchecked(checked.unchecked))
    paths = narrow(found, args.paths, checked.listing.entries) if args.paths else ()
    diagnostics: tuple[Diagnostic, ...] = ()
    if checked.found or args.select or args.ignore or not args.no_run:
        from kbtools.selection import Selection

        selection = Selection(split_rules(args.select), split_rules(args.ignore), paths)
        if args.select or args.ignore:
            from kbtools.checker import require_rules

            require_rules((*selection.select, *selection.ignore), "--select/--ignore")
        diagnostics = tuple(d for d in checked.diagnostics(selection.covers) if selection.wants(d.rule))
    snippets = not_run(checked.totals.snippets)
    if not args.no_run:
        from kbtools.commands.running.here import run_snippets

        for path in {d.path for d in diagnostics}:
            checked.source(path)  # what is found speaks of the page as it is now, whoever edits it during the run
        outcomes = run_snippets(Wiki(found, checked.listing), args, paths).outcomes
        snippets = outcome_counts(outcomes)
        failures = tuple(failing(found, outcomes, checked.source, selection))
        diagnostics = tuple(sorted((*diagnostics, *failures), key=lambda d: (d.path, d.span.start, d.rule)))
    show(found, args.format, diagnostics, checked.source, checked.pages, watch.seconds)
    summarize(diagnostics, checked.totals, snippets, watch.seconds)
    return exit_code(diagnostics, args.strict)


def exit_code(diagnostics: Iterable[Diagnostic], strict: bool) -> int:
    bad = ("error", "warning") if strict else ("error",)
    return int(any(d.severity.value in bad for d in diagnostics))


def failing(
    found: Project, outcomes: Iterable[Outcome], source: Callable[[str], Source], selection: Selection
) -> Iterator[Diagnostic]:
    """Snippets that did not do what the page says, as diagnostics at the line that raised."""
    from kbtools.execution.outcomes import Status

    failed = [o for o in outcomes if o.outcome in (Status.FAILED, Status.ERROR)]
    if not failed or not selection.wants("failing-snippet"):
        return
    from kbtools.checker import severities, suppress
    from kbtools.diagnostics import Diagnostic, Problem
    from kbtools.page import Page

    severity = severities(found.config).get("failing-snippet")
    if severity is None:
        return
    pages: dict[str, Page] = {}
    for o in failed:
        if o.path not in pages:
            pages[o.path] = Page.parse(source(o.path))
        page = pages[o.path]
        lines = page.source.lines
        # A page that was edited while its snippets ran may have lost the line.
        line = lines.line(min(o.traceback_line or o.line, len(lines.starts)))
        told = (o.message or o.reason or "it failed").rstrip("\n")
        first, _, rest = told.partition("\n")
        if told.count("\n") == 1 and o.reason and not told.startswith(o.reason):
            first, rest = f"{o.reason}: {' · '.join(' '.join(part.split()) for part in told.split(chr(10)))}", ""
        elif o.reason and first != o.reason:
            first, rest = o.reason, told
        where = o.id.partition("::")[2]
        problem = Problem("failing-snippet", _stripped(page.source.text, line), f"{where}: {first}", rest or None)
        for p in suppress(page, (problem,), report_unused=False):
            yield Diagnostic(p.rule, severity, o.path, p.span, p.message, p.help, p.fix)


def _stripped(text: str, line: Span) -> Span:
    """A line's span without blanks at its ends."""
    from kbtools.source import Span

    shown = line.of(text)
    start = line.start + len(shown) - len(shown.lstrip())
    return Span(start, max(start, line.start + len(shown.rstrip())))


def show(
    found: Project,
    form: str,
    diagnostics: Sequence[Diagnostic],
    source: Callable[[str], Source],
    pages: Collection[str],
    seconds: float,
) -> None:
    """The diagnostics on stdout, in one of the contract's formats."""
    if not diagnostics and form in ("full", "concise", "jsonl", "github"):
        return  # nothing to say, and nothing to import for it
    from kbtools.output import machine, text

    color = use_color(sys.stdout)
    if form == "full":
        emit(text.full(diagnostics, source, color))
    elif form == "concise":
        emit(text.concise(diagnostics, source, color))
    elif form == "json":
        counts = Counter(d.severity.value for d in diagnostics)
        summary = {
            "pages": len(pages),
            "errors": counts["error"],
            "warnings": counts["warning"],
            "infos": counts["info"],
            "seconds": round(seconds, 3),
        }
        emit((machine.to_json(diagnostics, source, summary),))
    elif form == "jsonl":
        emit(machine.to_jsonl(diagnostics, source))
    elif form == "github":
        emit(machine.to_github(diagnostics, source, _prefix(found)))
    elif form == "sarif":
        from kbtools.rules import all_rules

        rules = {r.name: (r.severity, r.summary, r.doc) for r in all_rules().values()}
        emit((machine.to_sarif(diagnostics, source, rules, _prefix(found)),))
    else:
        from kbtools.output.junit import diagnostics_as_junit

        emit((diagnostics_as_junit(diagnostics, source, pages),))


def _prefix(found: Project) -> str:
    """From the project's root to the vault: what annotations on a repository want in front of a path."""
    if found.foreign:
        return ""
    root, vault = found.root.resolve(), found.vault.resolve()
    return vault.relative_to(root).as_posix() + "/" if vault != root and vault.is_relative_to(root) else ""


def summarize(diagnostics: Sequence[Diagnostic], totals: Report | Totals, snippets: str, seconds: float) -> None:
    """The last line, on stderr: pages, links, snippets, findings, time."""
    links = plural(totals.links, "link")
    trouble = [f"{n:,} {w}" for n, w in ((totals.broken, "broken"), (totals.ambiguous, "ambiguous")) if n]
    parts = [plural(totals.pages, "page"), links + (": " + ", ".join(trouble) if trouble else ""), snippets]
    counts = Counter(d.severity.value for d in diagnostics)
    found = [plural(counts[severity], severity) for severity in ("error", "warning", "info") if counts[severity]]
    parts += [", ".join(found) or "nothing to report", short_seconds(seconds)]
    say(" · ".join(parts))


def not_run(snippets: int) -> str:
    """``96 snippets, not run``."""
    return f"{plural(snippets, 'snippet')}, not run"


def outcome_counts(outcomes: Sequence[Outcome]) -> str:
    """``96 snippets: 88 passed, 8 skipped (no CUDA device)``."""
    from kbtools.execution.outcomes import Status

    if not outcomes:
        return "0 snippets"
    counts = Counter(o.outcome for o in outcomes)
    reasons = sorted({o.reason for o in outcomes if o.outcome is Status.SKIPPED and o.reason})
    listed = []
    for status in Status:
        if counts[status]:
            why = f" ({reasons[0]})" if status is Status.SKIPPED and len(reasons) == 1 else ""
            listed.append(f"{counts[status]:,} {status.value}{why}")
    snippets = len({(o.path, o.line) for o in outcomes})
    return f"{plural(snippets, 'snippet')}: {', '.join(listed)}"
