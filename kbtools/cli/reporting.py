"""Prints findings, writes them to files, and prints the summary line of a check."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, plural, say, short_seconds, use_color
from kbtools.errors import KbError
from kbtools.output import FORMATS

if TYPE_CHECKING:
    from kbtools.check.checker import Report
    from kbtools.cli.known import BaselineReport
    from kbtools.config.project import Project
    from kbtools.incremental.database import Totals
    from kbtools.output.findings import Findings
    from kbtools.run.results.outcomes import Outcome
    from kbtools.text.diagnostics import Diagnostic
    from kbtools.text.source import Source


SILENT = ("full", "concise", "jsonl", "github")
"""Formats with no output if there are no findings: no formatter is imported then."""


def add_output_options(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=list(FORMATS), default="full", help="output format (default: full)")
    arguments.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="also write the findings to FILE in FORMAT; may be repeated",
    )
    arguments.add_argument("--all", action="store_true", help="show every finding, however many there are")
    arguments.add_argument(
        "--statistics", action="store_true", help="show only the number of findings by rule, and what to do first"
    )
    arguments.add_argument("--strict", action="store_true", help="fail on warnings too")


def outputs(given: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    """Parse ``--output sarif=kb.sarif`` into format and file. Raises KbError for an unknown format."""
    found = []
    for word in given:
        form, sep, file = word.partition("=")
        if not sep or not file or form not in FORMATS:
            raise KbError(f'--output takes FORMAT=FILE, not "{word}"', f"formats: {', '.join(FORMATS)}")
        found.append((form, Path(file)))
    return tuple(found)


def findings_of(
    project: Project,
    diagnostics: Sequence[Diagnostic],
    source: Callable[[str], Source],
    pages: Collection[str],
    seconds: float,
    *,
    totals: Report | Totals,
    outcomes: Sequence[Outcome] = (),
    known: BaselineReport | None = None,
) -> Findings:
    """Collects the data that every format needs."""
    from kbtools.output.findings import Findings
    from kbtools.run.git import prefix

    hidden = known is not None and known.exists
    return Findings(
        diagnostics=tuple(diagnostics),
        sources=source,
        pages=tuple(pages),
        seconds=seconds,
        prefix=prefix(project.vault, project.root),
        rules_url=project.config.rules_url,
        links={"links": totals.links, "broken": totals.broken, "ambiguous": totals.ambiguous},
        outcomes=tuple(outcomes),
        known=known.known if known is not None else 0,
        mended=tuple(str(e) for e in known.mended) if known is not None else (),
        compared=known.name if known is not None and hidden else None,
    )


def show(findings: Findings, form: str, *, whole: bool = False, statistics: bool = False) -> None:
    """Print the findings on standard output. Format ``full`` replaces a very large number of findings by an
    overview, and groups findings of severity info into one line, unless ``whole`` is given."""
    if not findings.diagnostics and form in SILENT:
        return
    from dataclasses import replace

    from kbtools.output import overview, render

    findings = replace(findings, color=use_color(sys.stdout))
    if statistics:
        emit(overview.statistics(findings))
    elif form == "full" and not whole and len(findings.diagnostics) > overview.MANY:
        emit(overview.overview(findings))
    elif form == "full" and not whole:
        emit(overview.folded(findings))
    else:
        emit(render(form, findings))


def save(findings: Findings, wanted: Iterable[tuple[str, Path]]) -> None:
    """Write the findings to files; the summary file of a CI job is appended to. Raises KbError if a file cannot be
    written."""
    import os

    from kbtools.cli.output_file import write_output
    from kbtools.output import render

    for form, file in wanted:
        text = "".join(f"{line}\n" for line in render(form, findings))
        shared = form == "markdown" and str(file) == os.environ.get("GITHUB_STEP_SUMMARY")
        try:
            content = text.encode("utf-8", "replace")
            if not shared:
                write_output(file, content)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as out:
                out.write(content)
        except OSError as e:
            raise KbError(f"{file} cannot be written: {e.strerror}", "name a file in a folder you may write to") from e


def exit_code(diagnostics: Iterable[Diagnostic], strict: bool) -> int:
    bad = ("error", "warning") if strict else ("error",)
    return int(any(d.severity.value in bad for d in diagnostics))


def summarize(
    diagnostics: Sequence[Diagnostic], totals: Report | Totals, snippets: str, seconds: float, known: int = 0
) -> None:
    """Print the summary line on stderr: pages, links, snippets, findings, time."""
    links = plural(totals.links, "link")
    trouble = [f"{n:,} {w}" for n, w in ((totals.broken, "broken"), (totals.ambiguous, "ambiguous")) if n]
    parts = [plural(totals.pages, "page"), links + (": " + ", ".join(trouble) if trouble else ""), snippets]
    counts = Counter(d.severity.value for d in diagnostics)
    new = "new " if known else ""
    found = [
        plural(counts[severity], f"{new}{severity}") for severity in ("error", "warning", "info") if counts[severity]
    ]
    parts += [", ".join(found) or f"nothing {new}to report"]
    if known:
        parts.append(f"{known:,} known")
    say(" · ".join([*parts, short_seconds(seconds)]))


def not_run(snippets: int) -> str:
    """``96 snippets, not run``."""
    return f"{plural(snippets, 'snippet')}, not run"


def outcome_counts(
    outcomes: Sequence[Outcome], known: Mapping[str, object] | None = None, updated: Collection[str] = ()
) -> str:
    """``96 snippets: 88 passed, 8 skipped (no CUDA device)``. Accepted failures, and failures whose output was just
    written into the page (given by their ids), are counted separately."""
    from kbtools.run.results.outcomes import Status

    if not outcomes:
        return "0 snippets"
    known = known or {}
    counts = Counter(o.outcome for o in outcomes if o.id not in known and o.id not in updated)
    reasons = sorted({o.reason for o in outcomes if o.outcome is Status.SKIPPED and o.reason})
    listed = []
    for status in Status:
        if counts[status]:
            why = f" ({reasons[0]})" if status is Status.SKIPPED and len(reasons) == 1 else ""
            listed.append(f"{counts[status]:,} {status.value}{why}")
    if updated:
        listed.append(f"{len(updated):,} updated")
    if n := sum(o.id in known for o in outcomes):
        listed.append(f"{n:,} known to fail")
    snippets = len({(o.path, o.line) for o in outcomes})
    summary = f"{plural(snippets, 'snippet')}: {', '.join(listed)}"
    outputs = output_counts([o for o in outcomes if o.id not in updated])
    return f"{summary} · {outputs}" if outputs else summary


def output_counts(outcomes: Sequence[Outcome]) -> str:
    """``244 outputs: 241 as shown, 1 differs, 2 not compared``; "" if no page shows output."""
    from kbtools.run.results.outcomes import Comparison

    counts = Counter(one.state for o in outcomes for one in o.compared)
    words = (
        (Comparison.EQUAL, "as shown"),
        (Comparison.DIFFERENT, "differ"),
        (Comparison.NOT_COMPARED, "not compared"),
    )
    listed = [
        f"{counts[state]:,} {word}{'s' * (word == 'differ' and counts[state] == 1)}"
        for state, word in words
        if counts[state]
    ]
    return f"{plural(counts.total(), 'output')}: {', '.join(listed)}" if listed else ""


def split_rules(given: Sequence[str]) -> tuple[str, ...]:
    """Split ``--select a,b --select c`` into names."""
    return tuple(name.strip() for words in given for name in words.split(",") if name.strip())


def add_selection_options(arguments: Arguments) -> None:
    arguments.add_argument("--select", action="append", metavar="RULE", default=[], help="only these rules")
    arguments.add_argument("--ignore", action="append", metavar="RULE", default=[], help="not these rules")


def say_known(known: BaselineReport, args: SimpleNamespace) -> int:
    """Print the notes about the baseline after a check; returns 1 if ``--strict-baseline`` makes it fail."""
    if not known.mended:
        return 0
    count = sum(e.times for e in known.mended)
    are, them = ("is", "it") if count == 1 else ("are", "them")
    say(f"{plural(count, 'finding')} of {known.name} {are} mended: kb baseline --prune takes {them} out")
    if not getattr(args, "strict_baseline", False):
        return 0
    for entry in known.mended[:10]:
        say(f"  {entry}")
    if len(known.mended) > 10:
        say(f"  … and {len(known.mended) - 10:,} more")
    return 1
