"""``kb baseline``: accepts the present findings, so that later checks fail only on new ones."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from kbtools.check.baseline import Baseline, by_rule
from kbtools.cli.arguments import Arguments
from kbtools.cli.known import FILE
from kbtools.cli.reporting import add_selection_options
from kbtools.cli.workspace import emit, plural, say, undo_command
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    arguments.add_paths()
    arguments.add_argument(
        "--prune", action="store_true", help="only remove entries that are fixed; accept nothing new"
    )
    arguments.add_argument("--diff", action="store_true", help="show the changes and write nothing")
    arguments.add_argument("--no-run", action="store_true", help="do not run the snippets; keep their entries")
    add_selection_options(arguments)
    arguments.add_run_options()


def run(args: SimpleNamespace) -> int:
    from kbtools.cli.gathering import gather
    from kbtools.cli.known import answered_by, read_baseline
    from kbtools.edit.history import write
    from kbtools.rewrite import FileChange

    found = gather(args)
    answered = answered_by(found.selection, found.outcomes)
    file = found.project.root / FILE
    old = read_baseline(found.project)
    if args.prune and old is None:
        raise KbError(f"there is no {FILE} in {found.project.root}", "kb baseline writes one")
    before = old or Baseline()
    compared = before.compare(found.diagnostics, found.source, answered)
    if args.prune:
        after = before.prune(compared.mended)
    else:
        after = before.record(found.diagnostics, found.source, date.today(), answered)
    gone, added = sum(e.times for e in compared.mended), 0 if args.prune else len(compared.new)
    if args.diff:
        emit(f"- {e}" for e in before.entries if e not in after.entries)
        emit(f"+ {e}" for e in after.entries if e not in before.entries)
        say(f"{added:,} would be added, {gone:,} taken out; nothing was written")
        return 0
    if after == old:
        say(f"{FILE} is as it should be: {plural(after.total, 'finding')}")
        return 0
    before_bytes = None if old is None else file.read_bytes()
    done = write(
        found.project, [FileChange(FILE, before_bytes, after.text().encode("utf-8"))], "kb baseline", of_project=True
    )
    if added:
        rules = ", ".join(f"{n:,} {rule}" for rule, n in list(by_rule(compared.new).items())[:6])
        say(f"{plural(added, 'finding')} accepted: {rules}")
    if gone:
        say(f"{gone:,} mended and taken out")
    say(f"{file}: {plural(after.total, 'finding')}; commit it; {undo_command(found.project, done)} takes this back")
    return 0
