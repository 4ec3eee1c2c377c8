"""``kb run``: run the snippets, through pytest and xdist, and report what became of each."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.commands import (
    Stopwatch,
    Wiki,
    emit,
    plural,
    read,
    say,
    short_seconds,
    undo_command,
    unified_diff,
    use_color,
)
from kbtools.commands.arguments import Arguments
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.cluster.client import ClusterRun
    from kbtools.commands.progress import Progress
    from kbtools.execution.job import DeviceRequest
    from kbtools.execution.outcomes import Outcome
    from kbtools.execution.pytest_run import RunOptions
    from kbtools.snippets import Snippet


def configure(arguments: Arguments) -> None:
    arguments.add_argument("paths", nargs="*", metavar="PATH|ID", help="only these pages, folders or snippets")
    arguments.add_run_options()
    arguments.add_argument("--update", action="store_true", help="write what was printed where the page says otherwise")
    arguments.add_argument("--diff", action="store_true", help="with --update: show the patch and write nothing")
    arguments.add_argument("--shard", metavar="I/N", help="only the I-th of N parts of the pages, for several machines")
    arguments.add_argument("--cluster", metavar="ADDRESS", help="hand the sessions to the Dask cluster at ADDRESS")
    arguments.add_argument("--rehearse", action="store_true", help="retarget snippets bound to a missing device")
    arguments.add_argument("--report", metavar="FILE", help="write the report as JSON (or, named *.xml, as JUnit)")
    arguments.add_argument("--format", choices=["text", "json", "junit"], default="text", help="default: text")


def run(args: SimpleNamespace) -> int:
    from kbtools.execution import report as reports
    from kbtools.execution.devices import environment
    from kbtools.execution.parity import line, parity

    watch = Stopwatch()
    wiki = read(args)
    selection = _selection(wiki, args.paths)
    shard = _shard(wiki, selection, args.shard) if args.shard is not None else selection
    # A selection of nothing means all, a part without pages means none.
    cluster = _on_cluster(wiki, args, shard) if args.cluster and (shard or args.shard is None) else None
    if cluster is not None:
        outcomes = cluster.outcomes
    else:
        outcomes = run_snippets(wiki, args, shard) if shard or args.shard is None else ()
    if args.paths and not outcomes and args.shard is None:
        raise KbError(f"nothing to run in {' '.join(args.paths)}", "kb snippets lists every snippet and its id")
    pages = _pages(wiki, shard) if shard or args.shard is None else []
    fences = {path: wiki.index.pages[path].snippets for path in pages}
    where = environment() if cluster is None else cluster.environment
    machines, ran_on = (cluster.machines, cluster.ran_on) if cluster is not None else ((), {})
    made = reports.report(outcomes, where, seconds=watch.seconds, fences=fences, machines=machines, ran_on=ran_on)
    if args.report:
        _save(Path(args.report), made, outcomes)
    failing = [o for o in outcomes if o.outcome in reports.FAILING]
    if args.update:
        updated = _update(wiki, outcomes, args)
        failing = [o for o in failing if not (o.path in updated and o.only_output_differs)]
    if args.format == "json":
        from kbtools.output.machine import dumps

        emit((dumps(made, indent=1),))
    elif args.format == "junit":
        emit((_junit(outcomes),))
    else:
        emit(_blocks(outcomes, use_color(sys.stdout)))
        emit(_differing(outcomes, use_color(sys.stdout)))
    from kbtools.commands.check import outcome_counts

    summary = made["summary"]
    ran = f"{summary['executed']:,} of {summary['snippets']:,} executed"
    ran += f" ({summary['cached']:,} outcomes cached)" if summary["cached"] else ""
    compared = line(parity(outcomes))
    told = (plural(len(fences), "page"), outcome_counts(outcomes), ran, compared, short_seconds(watch.seconds))
    say(" · ".join(part for part in told if part))
    for line_ in _confined(outcomes, args.sandbox):
        say(line_)
    return int(bool(failing))


def _confined(outcomes: Sequence[Outcome], mode: str) -> Iterator[str]:
    """Once a run: what held all that ran, and what of the important could not be had."""
    from kbtools.execution.confine import ESSENTIAL, TOLD

    ran = [set(o.protections) for o in outcomes if o.protections]
    if not ran:
        return
    held = set.intersection(*ran)
    # What one fence lifts for itself with network="yes" is no lack of the system.
    lacking = [name for name in ESSENTIAL if not any(name in each for each in ran)]
    yield "each session: " + ", ".join(words for name, words in TOLD.items() if name in held)
    if lacking and mode != "off":
        yield f"not confined here: {' and '.join(lacking)} (the guide's page on security says what that means)"


def run_snippets(wiki: Wiki, args: SimpleNamespace, selection: Sequence[str]) -> tuple[Outcome, ...]:
    """The outcomes of the selected snippets, with progress on a terminal. Raises KbError when the run breaks down."""
    from kbtools.commands.progress import Progress
    from kbtools.execution.job import DeviceRequest
    from kbtools.execution.machines import name_machine
    from kbtools.execution.outcomes import by_place
    from kbtools.execution.paranoid import sample
    from kbtools.execution.reuse import reuse

    if args.machine is not None:
        name_machine(args.machine)
    pages = {p: wiki.index.pages[p].snippets for p in _pages(wiki, selection)}
    pages = {p: snippets for p, snippets in pages.items() if any(s.executable for s in snippets)}
    request = DeviceRequest.parse(args.device, args.require_device)
    rehearse = getattr(args, "rehearse", False)
    share = _share(args.paranoid)
    # The whole wiki needs no list of its pages.
    left = () if "" in selection else tuple(dict.fromkeys(selection))
    to_run = len(pages)
    known: tuple[Outcome, ...] = ()
    if not args.no_cache:
        found = reuse(wiki.project, pages, left, request, rehearse=rehearse)
        known = found.outcomes
        if known or not found.left:
            left, to_run = found.left, len({word.partition("::")[0] for word in found.left})
    doubted = sample(known, share) if share is not None else ()
    if share is not None and not doubted:
        say("paranoid: nothing was taken from the store")
    outcomes = [outcome for outcome in known if outcome.path not in doubted]
    if not to_run and not doubted:
        return tuple(by_place(outcomes))
    # pytest is imported only where something is left to run.
    from kbtools.execution.pytest_run import RunOptions, run_with_pytest

    options = RunOptions(
        selection=left,
        device=args.device,
        required=tuple(args.require_device),
        workers=_workers(args.workers, max(to_run, len(doubted))),
        sandbox=args.sandbox,
        launcher=args.start_method,
        cached=not args.no_cache,
        rehearse=rehearse,
        update=getattr(args, "update", False),
        preload=_preload(pages, left, request),
    )
    with Progress(sum(s.executable for snippets in pages.values() for s in snippets), sys.stderr) as progress:
        for outcome in outcomes:
            progress.seen(outcome)
        if to_run:
            outcomes += run_with_pytest(wiki.project, options, on_outcome=progress.seen)
        if doubted:
            outcomes += _doubt(wiki, known, doubted, options, progress)
    return tuple(by_place(outcomes))


def _preload(
    pages: Mapping[str, Sequence[Snippet]], left: Sequence[str], request: DeviceRequest
) -> tuple[str, ...] | None:
    """What the pages that are left to run import; None where it may be that nothing of them runs."""
    from kbtools.execution.job import preloads

    paths = {word.partition("::")[0] for word in left}
    chosen = (snippets for path, snippets in pages.items() if not paths or not paths.isdisjoint(_around(path)))
    codes = [
        snippet.code
        for snippets in chosen
        for snippet in snippets
        if snippet.executable and snippet.options.skip is None and "cpu" in snippet.devices
    ]
    return preloads(codes) if codes and request.devices in (("auto",), ("all",), ("cpu",)) else None


def _around(path: str) -> Iterator[str]:
    """A page, and the folders it lies in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _on_cluster(wiki: Wiki, args: SimpleNamespace, selection: Sequence[str]) -> ClusterRun:
    """The same on a Dask cluster. Raises KbError for a cluster that cannot be used."""
    from kbtools.cluster.client import ClusterOptions, run_on_cluster
    from kbtools.commands.progress import Progress
    from kbtools.execution.job import DeviceRequest, Job
    from kbtools.selection import Selection

    if args.paranoid is not None:
        raise KbError("--paranoid doubts this machine's store, and does not go with --cluster")
    chosen = Selection(paths=tuple(word for word in selection if "::" not in word))
    ids = {word for word in selection if "::" in word}

    def wanted(job: Job, outcome_id: str) -> bool:
        whole = not selection or (bool(chosen.paths) and chosen.covers(job.path))
        return whole or not ids.isdisjoint((outcome_id, outcome_id.rpartition("[")[0]))

    pages = {p: wiki.index.pages[p].snippets for p in _pages(wiki, selection)}
    pages = {p: snippets for p, snippets in pages.items() if any(s.executable for s in snippets)}
    options = ClusterOptions(
        DeviceRequest.parse(args.device, args.require_device),
        rehearse=args.rehearse,
        update=args.update,
        cached=not args.no_cache,
        sandbox=args.sandbox,
        wanted=wanted,
    )
    with Progress(sum(s.executable for snippets in pages.values() for s in snippets), sys.stderr) as progress:
        return run_on_cluster(args.cluster, wiki.project, pages, options, progress.seen)


def _doubt(
    wiki: Wiki, stored: Sequence[Outcome], pages: tuple[str, ...], options: RunOptions, progress: Progress
) -> tuple[Outcome, ...]:
    """Run pages that the store knows, and compare; says what came of it."""
    from dataclasses import replace

    from kbtools.execution.paranoid import WRONG, verify
    from kbtools.execution.pytest_run import run_with_pytest

    asked = {outcome.id for outcome in stored}

    def again(paths: Sequence[str]) -> list[Outcome]:
        chosen = replace(options, selection=tuple(paths), cached=False)
        return [o for o in run_with_pytest(wiki.project, chosen, on_outcome=progress.seen) if o.id in asked]

    found = verify(stored, pages, again)
    wrong = sum(outcome.reason == WRONG for outcome in found.outcomes)
    told = f"paranoid: {plural(found.compared, 'stored result')} of {plural(len(pages), 'page')} run again"
    progress.say(f"{told}, {wrong} wrong" if wrong else f"{told}, all as stored")
    for id in found.unsteady:
        progress.say(f"paranoid: {id} says something else every time, which tells nothing of the store")
    return found.outcomes


def _share(given: str | None) -> float | None:
    """``20%`` as a share."""
    if given is None:
        return None
    number = given.removesuffix("%")
    if not number.isdecimal() or not 0 < int(number) <= 100:
        raise KbError(f'--paranoid takes a share from 1% to 100%, not "{given}"', "as in --paranoid=20%")
    return int(number) / 100


def _workers(given: str, pages: int) -> int:
    """``auto``: a worker a core, and none without a page to run."""
    from kbtools.execution.runner import cores

    if given == "auto":
        return max(1, min(cores(), pages))
    if not given.isdecimal() or not int(given):
        raise KbError(f'-n takes a number or auto, not "{given}"')
    return int(given)


def _shard(wiki: Wiki, selection: Sequence[str], given: str) -> tuple[str, ...]:
    """One part of a selection, page by page: a page is in the same part on every machine, whatever else there is."""
    number, sep, of = given.partition("/")
    if not (sep and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise KbError(f'--shard takes I/N with I from 1 to N, such as 1/3, not "{given}"')

    def mine(path: str) -> bool:
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % int(of) == int(number) - 1

    whole = tuple(word for word in selection if "::" not in word)
    pages = _pages(wiki, whole) if whole or not selection else []
    ids = (word for word in selection if "::" in word and word.partition("::")[0] not in pages)
    return tuple(word for word in (*pages, *ids) if mine(word.partition("::")[0]))


def _selection(wiki: Wiki, given: Sequence[str]) -> tuple[str, ...]:
    """Pages and folders as vault paths, ids as they are once their page is found."""
    out = []
    for word in given:
        path, sep, name = word.partition("::")
        (found,) = wiki.narrow((path,))
        if sep:
            page = wiki.index.pages.get(found)
            names = {s.id for s in page.snippets} if page else set()
            if name.partition("[")[0] not in names:
                listed = ", ".join(sorted(names)[:12]) or "none"
                raise KbError(f'{found} has no snippet "{name}"', f"its snippets: {listed}")
        out.append(f"{found}{sep}{name}")
    return tuple(out)


def _pages(wiki: Wiki, selection: Sequence[str]) -> list[str]:
    from kbtools.selection import Selection

    covers = Selection(paths=tuple(s.partition("::")[0] for s in selection)).covers
    return [p for p in wiki.index.pages if covers(p)]


def _blocks(outcomes: Sequence[Outcome], color: bool) -> Iterator[str]:
    """What failed, with the page's own lines, and what was not run and why."""
    from kbtools.execution.outcomes import Status
    from kbtools.output.text import paint

    for o in outcomes:
        if o.outcome in (Status.FAILED, Status.ERROR):
            yield f"{paint(o.outcome.value, '1;31', color)}: {o.id}"
            yield f"  --> {o.path}:{o.traceback_line or o.line}"
            yield from (f"   | {line}" for line in (o.message or "").rstrip("\n").split("\n"))
            yield ""
    quiet: dict[str, list[str]] = {}
    for o in outcomes:
        if o.outcome in (Status.SKIPPED, Status.BLOCKED):
            quiet.setdefault(f"{o.outcome.value}: {o.reason}", []).append(o.id)
    for why, ids in quiet.items():
        shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        yield f"{paint(why, '33', color)}: {shown}"


def _differing(outcomes: Sequence[Outcome], color: bool) -> Iterator[str]:
    """Snippets that say one thing on one device and another on the next: told, and no failure."""
    from kbtools.execution.parity import State, parity
    from kbtools.output.text import paint

    for one in parity(outcomes):
        if one.state is State.DIFFERS:
            yield f"{paint('differs', '33', color)}: {one.id}: {one.reason}"
            yield from (f"   | {text}" for text in (one.diff or "").rstrip("\n").split("\n") if one.diff)


def _junit(outcomes: Sequence[Outcome]) -> str:
    from kbtools.execution.outcomes import Status
    from kbtools.output.junit import case, suite

    cases = []
    for o in outcomes:
        failure = (o.message or o.outcome.value) if o.outcome in (Status.FAILED, Status.ERROR) else None
        idle = o.outcome in (Status.SKIPPED, Status.BLOCKED)
        skipped = f"{o.outcome.value}: {o.reason}" if idle else None
        name = o.id.partition("::")[2]
        cases.append((case(name, o.path, o.seconds, failure=failure, skipped=skipped), failure is not None, idle))
    return suite("kb run", cases)


def _save(file: Path, made: dict[str, object], outcomes: Sequence[Outcome]) -> None:
    from kbtools.output.machine import dumps

    text = _junit(outcomes) if file.suffix == ".xml" else dumps(made, indent=1)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((text + "\n").encode("utf-8"))
    except OSError as e:
        raise KbError(f"the report cannot be written to {file}: {e.strerror}") from e


def _update(wiki: Wiki, outcomes: Sequence[Outcome], args: SimpleNamespace) -> frozenset[str]:
    """Write what was printed into the pages; returns the pages that now say it in full."""
    from kbtools.commands.reconcile import write
    from kbtools.diagnostics import apply_edits
    from kbtools.execution.update import update
    from kbtools.fixer import Plan

    texts: dict[str, str] = {}
    partly = set()
    for path in sorted({o.path for o in outcomes}):
        page = wiki.index.pages[path]
        # One device speaks for the page: the first that ran each snippet, the CPU where there is a choice.
        found = update(page, sorted(outcomes, key=lambda o: o.device != "cpu", reverse=True))
        for refusal in found.refused:
            say(f"{path}:{refusal.line}: not updated: {refusal.why}")
            partly.add(path)
        if found.edits:
            texts[path] = apply_edits(page.source.text, found.edits)
    before = {p: wiki.index.pages[p].source.text for p in texts}
    emit(unified_diff(before, texts, use_color(sys.stdout)))
    if args.diff:
        say(f"{plural(len(texts), 'page')} would change; nothing was written")
        return frozenset()
    if texts:
        done = write(wiki, Plan(texts), "kb run --update", {})
        say(f"{plural(len(texts), 'page')} updated; {undo_command(args, done.id)} restores them")
    return frozenset(texts) - partly
