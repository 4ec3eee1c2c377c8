"""``kb reconcile``: respells links as the titles of the pages they mean; writes only with ``--apply``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.answers import Answer, answer, lines, tell
from kbtools.cli.arguments import Arguments
from kbtools.cli.left_out import because, left_out_told
from kbtools.cli.workspace import Workspace, plural, project, read, undo_command, unified_diff, use_color
from kbtools.errors import KbError
from kbtools.text.source import visible

if TYPE_CHECKING:
    from kbtools.edit.plan import EditPlan
    from kbtools.rewrite import Run


def configure(arguments: Arguments) -> None:
    arguments.add_link_style()
    arguments.add_paths()
    arguments.add_argument("--apply", action="store_true", help="write the changes, with a backup")
    arguments.add_argument("--diff", action="store_true", help="show the changes as a patch")
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="output format (default: text)")
    arguments.add_argument("--titles", action="store_true", help="also respell links by file name")
    arguments.add_argument(
        "--follow-duplicates", action="store_true", help="also replace links to redirects by links to their targets"
    )
    arguments.add_argument(
        "--undo", nargs="?", const="", metavar="RUN", help="undo a run, as kb undo (default: the last one)"
    )
    arguments.add_argument(
        "--finish",
        nargs="?",
        const="",
        metavar="RUN",
        help="complete an interrupted run, as kb undo --finish (default: the last one)",
    )
    arguments.add_argument("--runs", action="store_true", help="list the runs, as kb history")


def run(args: SimpleNamespace) -> int:
    asked = {"--apply": args.apply, "--undo": args.undo is not None, "--finish": args.finish is not None}
    if sum(asked.values()) > 1:
        raise KbError(
            " and ".join(o for o, given in asked.items() if given) + " exclude each other", "give one of them"
        )
    if args.runs:
        from kbtools.cli.lists.history import list_runs

        return list_runs(project(args), args.format)
    if args.undo is not None or args.finish is not None:
        from kbtools.cli.commands.undo import finish_and_report, undo_and_report

        if args.finish is not None:
            return finish_and_report(project(args), args.finish or None)
        return undo_and_report(project(args), args.undo or None, args.format)
    if args.apply:
        return tell(_reconcile(read(args), args))
    return answer("reconcile", args, lambda wiki: _reconcile(wiki, args))


def _reconcile(wiki: Workspace, args: SimpleNamespace) -> Answer:
    from kbtools.config.selection import Selection
    from kbtools.edit.history import changes, write
    from kbtools.edit.reconcile import plan_reconcile

    covers = Selection(paths=wiki.narrow(args.paths)).covers
    plan = plan_reconcile(
        wiki.index, wiki.linking.speller, titles=args.titles, follow_duplicates=args.follow_duplicates, covers=covers
    )
    done = None
    if args.apply and plan.texts:
        wanted = changes(wiki.index.pages, plan.texts)
        done = write(wiki.project, wanted, "kb reconcile", {"links": len(plan.changes)})
    if args.format == "json":
        from kbtools.output.json import dumps

        return Answer(lines((dumps(_report(wiki, plan, done, args.apply), indent=1),)))
    if args.diff:
        before = {p: wiki.index.pages[p].source.text for p in plan.texts}
        listed = unified_diff(before, dict(plan.texts), use_color(sys.stdout))
    else:
        listed = _listed(wiki, plan)
    return Answer(lines(listed), tuple(_summary(wiki, plan, done, args)))


def _left(wiki: Workspace) -> Counter[str]:
    from kbtools.cli.lists.links import kind

    return Counter(kind(resolution) for held in wiki.index.links.values() for _, resolution in held.wiki)


def _report(wiki: Workspace, plan: EditPlan, done: Run | None, applied: bool) -> dict[str, object]:
    left = _left(wiki)
    changes = []
    for c in plan.changes:
        place = _position(wiki, c.path, c.link.span.start)
        changes.append({**place, "before": c.before, "after": c.after, "page": c.page})
    return {
        "version": 1,
        "run": done.id if done else None,
        "applied": bool(applied),
        "pages": len(wiki.index.pages),
        "links": sum(left.values()),
        "pages_changed": len(plan.texts),
        "links_changed": len(plan.changes),
        "ambiguous": left["ambiguous"],
        "alias": left["alias"],
        "missing": left["missing"],
        "changes": changes,
        "left_out": [
            {**_position(wiki, r.path, r.edits[0].span.start), "reason": because(wiki, why)} for r, why in plan.left_out
        ],
    }


def _position(wiki: Workspace, path: str, offset: int) -> dict[str, object]:
    at = wiki.source(path).lines.position(offset)
    return {"path": path, "line": at.line, "column": at.column}


def _listed(wiki: Workspace, plan: EditPlan) -> Iterator[str]:
    for c in plan.changes:
        at = wiki.source(c.path).lines.position(c.link.span.start)
        yield visible(f"{c.path}:{at.line}:{at.column}: {c.before} → {c.after}")


def _summary(wiki: Workspace, plan: EditPlan, done: Run | None, args: SimpleNamespace) -> Iterator[str]:
    left = _left(wiki)
    yield f"{plural(len(wiki.index.pages), 'page')} · {plural(sum(left.values()), 'link')}"
    links, pages = plural(len(plan.changes), "link"), plural(len(plan.texts), "page")
    if done:
        undo = undo_command(wiki.project, done)
        yield f"{links} in {pages} respelled; originals in {wiki.project.backups.name}/{done.id}; {undo} restores them"
    elif plan.texts:
        yield f"{links} in {pages} would be respelled; nothing was written: --apply writes, --diff shows a patch"
    else:
        yield "every link that means one page is spelled as it should be: nothing to do"
    yield from left_out_told(wiki, plan.left_out)
    kept = [f"{left[k]:,} {k}" for k in ("ambiguous", "alias", "missing") if left[k]]
    if kept:
        yield f"left as they are: {', '.join(kept)}; kb check --no-run explains each"
