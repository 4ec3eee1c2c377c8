"""``kb run``: runs the snippets and reports the outcome of each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.known import BaselineReport, add_baseline_options, answered_by, compare
from kbtools.cli.reporting import outcome_counts, say_known
from kbtools.cli.running.local import LocalRun, run_snippets
from kbtools.cli.running.selection import selection
from kbtools.cli.running.shard import shard
from kbtools.cli.workspace import Stopwatch, Workspace, emit, plural, read, say, short_seconds, use_color
from kbtools.config.snippet_policy import RUN
from kbtools.errors import KbError
from kbtools.run.plan import Fences

if TYPE_CHECKING:
    from kbtools.run.results.outcomes import Outcome
    from kbtools.run.results.parity import Parity


def configure(arguments: Arguments) -> None:
    arguments.add_argument("paths", nargs="*", metavar="PATH|ID", help="only these pages, folders or snippets")
    arguments.add_run_options()
    arguments.add_argument("--update", action="store_true", help="write new output into the pages, where it differs")
    arguments.add_argument(
        "--diff", action="store_true", help="with --update: show the changes as a patch and write nothing"
    )
    arguments.add_argument(
        "--shard", metavar="I/N", help="run only part I of N of the pages, to share a run between machines"
    )
    arguments.add_argument("--cluster", metavar="ADDRESS", help="run on the Dask cluster at ADDRESS")
    arguments.add_argument(
        "--rehearse", action="store_true", help="run snippets of a missing device on the devices that are available"
    )
    arguments.add_argument(
        "--report", metavar="FILE", help="write a report to FILE, as JSON, or as JUnit if its name ends in .xml"
    )
    arguments.add_argument(
        "--format", choices=["text", "json", "junit"], default="text", help="output format (default: text)"
    )
    add_baseline_options(arguments)


def run(args: SimpleNamespace) -> int:
    from kbtools.run import report as reports
    from kbtools.run.devices.probe import environment
    from kbtools.run.processes.starter import end_with_starter
    from kbtools.run.results.parity import line, parity

    end_with_starter()
    watch = Stopwatch()
    wiki = read(args, lasting=True)
    if args.paths:  # the policy of a named page is ignored
        wiki.project = wiki.project._replace(held_to=RUN)
    asked = selection(wiki, args.paths)
    part = shard(wiki, asked, args.shard) if args.shard is not None else asked
    if args.cluster and args.python is not None:
        raise KbError("--python names an interpreter of this machine", "leave out --python or --cluster")
    if args.update:
        wiki.load()  # what is written is compared with what was read before the run
    cluster = None
    if args.shard is not None and not part:  # a selection of nothing means all, a part without pages means none
        ran = LocalRun((), 0, Fences(0, {}))
    elif args.cluster:
        from kbtools.cli.running.cluster import run_on

        ran, cluster = run_on(wiki, args, part)
    else:
        ran = run_snippets(wiki, args, part)
    outcomes = ran.outcomes
    if args.paths and not outcomes and args.shard is None:
        raise KbError(f"nothing to run in {' '.join(args.paths)}", "kb snippets lists every snippet and its id")
    made: dict[str, object] = {}
    if args.report or args.format == "json":
        where = environment(wiki.project.python or "") if cluster is None else cluster.environment
        machines, ran_on = (cluster.machines, cluster.ran_on) if cluster is not None else ((), {})
        made = reports.report(
            outcomes, where, seconds=watch.seconds, fences=ran.fences, machines=machines, ran_on=ran_on
        )
    failing = reports.failed(outcomes)
    known, errors = _known(wiki, failing, outcomes, part, args)
    taken: frozenset[str] = frozenset()
    if args.update:
        from kbtools.cli.running.update import write_printed

        updated = write_printed(wiki, outcomes, args)
        taken = frozenset(o.id for o in failing if o.path in updated and o.only_output_differs)
    counting = errors - taken - known.snippets.keys()
    entries = made.get("outcomes")
    for entry in entries if isinstance(entries, list) else ():
        if (since := known.snippets.get(entry["id"])) is not None:
            entry["known_since"] = since.isoformat()
    if args.report:
        save_report(Path(args.report), made, outcomes, known)
    compared = parity(outcomes)
    if args.format == "json":
        from kbtools.output.json import dumps

        emit((dumps(made, indent=1),))
    elif args.format == "junit":
        emit((_junit(outcomes, known),))
    else:
        emit(blocks([o for o in outcomes if o.id not in taken], known, use_color(sys.stdout)))
        emit(_differing(compared, use_color(sys.stdout)))
    summary = reports.summary(outcomes)
    executed = f"{summary['executed']:,} of {summary['snippets']:,} executed"
    executed += f" ({summary['cached']:,} outcomes cached)" if summary["cached"] else ""
    parts = (
        plural(ran.pages, "page"),
        outcome_counts(outcomes, known.snippets, taken),
        executed,
        line(compared),
        short_seconds(watch.seconds),
    )
    say(" · ".join(part for part in parts if part))
    for line_ in _confined(outcomes, args.sandbox):
        say(line_)
    return max(int(bool(counting)), say_known(known, args))


def _known(
    wiki: Workspace, failing: Sequence[Outcome], outcomes: Sequence[Outcome], part: Sequence[str], args: SimpleNamespace
) -> tuple[BaselineReport, frozenset[str]]:
    """Compares outcomes with the baseline. Also returns the ids of failed outcomes that count as errors, since an
    ignore comment or the configuration may say otherwise."""
    from kbtools.cli.known import read_baseline

    if not failing and (args.no_baseline or read_baseline(wiki.project) is None):
        return BaselineReport(()), frozenset()  # no page is read for nothing
    from kbtools.check.failures import RULE
    from kbtools.check.failures import failing as findings
    from kbtools.config.selection import Selection
    from kbtools.text.diagnostics import Severity

    selection = Selection(select=(RULE,), paths=tuple(w.partition("::")[0] for w in part))
    failures = tuple(findings(wiki.project.config, failing, wiki.source, selection))
    whole = not any("::" in word for word in part)
    answered = answered_by(selection, outcomes) if whole else lambda entry: False
    found = (d for _, d in failures)
    known = compare(wiki.project, found, wiki.source, answered, failures, ignored=args.no_baseline)
    return known, frozenset(o.id for o, d in failures if d.severity is Severity.ERROR)


def _confined(outcomes: Sequence[Outcome], mode: str) -> Iterator[str]:
    """Lines printed once per run: how snippets were isolated, and which important protection was not available."""
    from kbtools.run.sandbox.names import ESSENTIAL, TOLD

    ran = [set(o.protections) for o in outcomes if o.protections]
    if not ran:
        return
    held = set.intersection(*ran)
    # The network that a fence enables with network="yes" is not missing protection.
    lacking = [name for name in ESSENTIAL if not any(name in each for each in ran)]
    yield "each session: " + ", ".join(words for name, words in TOLD.items() if name in held)
    if lacking and mode != "off":
        yield f"not confined here: {' and '.join(lacking)} (the guide's page on security says what that means)"


def blocks(outcomes: Sequence[Outcome], known: BaselineReport, color: bool) -> Iterator[str]:
    """Output blocks: failures with the page's source lines, known failures, and skipped snippets with reasons."""
    from kbtools.run.results.outcomes import Status

    uncompared = _uncompared(outcomes)
    if not uncompared and all(o.outcome in (Status.PASSED, Status.XFAILED, Status.REHEARSED) for o in outcomes):
        return
    from kbtools.output.text import harmless, paint

    for o in outcomes:
        if o.id in known.snippets:
            yield f"{paint('known to fail', '33', color)} since {known.snippets[o.id].isoformat()}: {harmless(o.id)}"
        elif o.outcome in (Status.FAILED, Status.ERROR):
            yield f"{paint(o.outcome.value, '1;31', color)}: {harmless(o.id)}"
            yield f"  --> {harmless(o.path)}:{o.traceback_line or o.line}"
            yield from (f"   | {harmless(line)}" for line in (o.message or "").rstrip("\n").split("\n"))
            yield ""
    quiet: dict[str, list[str]] = {}
    for o in outcomes:
        if o.outcome in (Status.SKIPPED, Status.BLOCKED):
            quiet.setdefault(f"{o.outcome.value}: {o.reason}", []).append(o.id)
    quiet.update((f"not compared: {why}", places) for why, places in uncompared.items())
    for why, ids in quiet.items():
        shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        yield f"{paint(harmless(why), '33', color)}: {harmless(shown)}"


def _uncompared(outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """Snippets that ran but whose shown output was not compared, by reason."""
    from kbtools.run.results.outcomes import Comparison, Status

    found: dict[str, list[str]] = {}
    for o in outcomes:
        for one in o.compared if o.outcome is Status.PASSED or o.only_output_differs else ():
            if one.state is Comparison.NOT_COMPARED and one.reason:
                found.setdefault(one.reason, []).append(f"{o.path}:{o.line + one.offset}")
    return {why: list(dict.fromkeys(places)) for why, places in found.items()}


def _differing(compared: Sequence[Parity], color: bool) -> Iterator[str]:
    """Snippets with different output on different devices: reported, but not a failure."""
    from kbtools.run.results.parity import ParityState

    if not compared:
        return
    from kbtools.output.text import harmless, paint

    for one in compared:
        if one.state is ParityState.DIFFERS:
            yield f"{paint('differs', '33', color)}: {harmless(one.id)}: {harmless(one.reason or '')}"
            yield from (f"   | {harmless(text)}" for text in (one.diff or "").rstrip("\n").split("\n") if one.diff)


def _junit(outcomes: Sequence[Outcome], known: BaselineReport) -> str:
    from kbtools.output.junit import case, suite
    from kbtools.run.results.outcomes import Status

    cases = []
    for o in outcomes:
        since = known.snippets.get(o.id)
        fails = o.outcome in (Status.FAILED, Status.ERROR) and since is None
        failure = (o.message or o.outcome.value) if fails else None
        idle = o.outcome in (Status.SKIPPED, Status.BLOCKED) or since is not None
        skipped = f"fails, known since {since}" if since else f"{o.outcome.value}: {o.reason}" if idle else None
        name = o.id.partition("::")[2]
        cases.append((case(name, o.path, o.seconds, failure=failure, skipped=skipped), failure is not None, idle))
    return suite("kb run", cases)


def save_report(
    file: Path, made: dict[str, object], outcomes: Sequence[Outcome], known: BaselineReport | None = None
) -> None:
    """Write a run's report: JSON, or JUnit for a name that ends in ``.xml``. Raises KbError."""
    from kbtools.cli.output_file import write_output
    from kbtools.output.json import dumps

    text = _junit(outcomes, known or BaselineReport(())) if file.suffix == ".xml" else dumps(made, indent=1)
    try:
        write_output(file, (text + "\n").encode("utf-8"))
    except OSError as e:
        raise KbError(f"the report cannot be written to {file}: {e.strerror}", "name another file") from e
