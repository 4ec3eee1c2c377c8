"""``kb undo``: restores the files that a command changed, or completes a run that was killed while it wrote."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, plural, project, say
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.config.project import Project

_LISTED = 10
"""Largest number of files that are listed by name."""


def configure(arguments: Arguments) -> None:
    arguments.add_argument(
        "run", nargs="?", metavar="RUN", help="name of the run, as listed by kb history (default: the last one)"
    )
    arguments.add_argument("--finish", action="store_true", help="complete an interrupted run instead of undoing it")
    arguments.add_argument(
        "--trust", action="store_true", help="undo the named run even though it was not made on this machine"
    )
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="output format (default: text)")


def run(args: SimpleNamespace) -> int:
    if args.trust:
        from kbtools.edit.history import backups

        if args.run is None:
            raise KbError("--trust needs the name of a run", "`kb history` lists those that have come from elsewhere")
        backups(project(args)).trust(args.run)
    if args.finish:
        return finish_and_report(project(args), args.run)
    return undo_and_report(project(args), args.run, args.format)


def undo_and_report(found: Project, run: str | None, form: str = "text", command: str | None = None) -> int:
    """Undo a run (by default the latest, of one command if ``command`` is given) and print which files were
    restored and which were not."""
    from kbtools.edit.history import undo

    undone = undo(found, run, command)
    created = {record.path for one in undone for record in one.run.files if record.created}
    restored = [path for one in undone for path in one.restored]
    refused = [refusal for one in undone for refusal in one.refused]
    last = undone[-1].run
    if form == "json":
        from kbtools.output.json import dumps

        report = {
            "version": 1,
            "run": undone[0].run.id,
            "restored": [path for path in restored if path not in created],
            "removed": [path for path in restored if path in created],
            "refused": [{"path": r.path, "reason": r.reason} for r in refused],
        }
        emit((dumps(report),))
    elif len(restored) <= _LISTED:
        emit(f"{path} {'removed' if path in created else 'restored'}" for path in restored)
    for refusal in refused:
        say(f"{refusal.path} is left as it is: {refusal.reason}")
    removed = sum(path in created for path in restored)
    counts = [f"{plural(len(restored) - removed, 'file')} restored"] if len(restored) > removed or not removed else []
    counts += [f"{plural(removed, 'file')} removed"] if removed else []
    say(f"{', '.join(counts)}: as before {last.id} ({last.command})")
    return 1 if refused else 0


def finish_and_report(found: Project, run: str | None) -> int:
    """Complete an interrupted run. There is at most one, so its name may be omitted."""
    from kbtools.edit.history import backups

    if not found.backups.is_dir():
        raise KbError(
            f"there is nothing to finish: no {found.backups.name} in {found.root}", "no command has written here"
        )
    done = backups(found).finish(run)
    say(f"{done.id} ({done.command}) is {done.state.value}: {plural(len(done.files), 'file')}")
    return 0
