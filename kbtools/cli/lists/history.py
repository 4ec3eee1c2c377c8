"""``kb history``: lists the runs of commands that changed files, for ``kb undo``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, plural, project, say

if TYPE_CHECKING:
    from kbtools.config.project import Project
    from kbtools.rewrite import FileRecord, Run


def configure(arguments: Arguments) -> None:
    arguments.add_argument("run", nargs="?", metavar="RUN", help="list the files of this run")
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="output format (default: text)")


def run(args: SimpleNamespace) -> int:
    return list_runs(project(args), args.format, args.run)


def list_runs(found: Project, form: str, only: str | None = None) -> int:
    """Print the runs of a project, newest first, or the files of one run."""
    from kbtools.edit.history import backups

    runs = backups(found).runs() if found.backups.is_dir() else ()
    foreign = backups(found).foreign() if found.backups.is_dir() else ()
    if only is not None:
        from kbtools.errors import KbError

        runs = tuple(run for run in runs if run.id == only)
        if not runs:
            raise KbError(f"there is no run {only}", "`kb history` lists the runs")
    if form == "json":
        from kbtools.output.json import dumps

        emit((dumps({"version": 1, "runs": [_json(run) for run in runs]}, indent=1),))
        return 0
    if not runs:
        say("no command has written anything here")
    for name in foreign:
        say(f"{name} was not made on this machine, and counts for nothing")
    for run in runs:
        emit((f"{run.id}  {run.state.value:<13} {plural(len(run.files), 'file'):>12}  {run.command}",))
        if only is not None:
            emit(f"  {_what(record):<8} {_path(record)}" for record in run.files)
    return 0


def _what(record: FileRecord) -> str:
    return "created" if record.created else "renamed" if record.moved else "changed"


def _path(record: FileRecord) -> str:
    return f"{record.path} → {record.moved}" if record.moved else record.path


def _json(run: Run) -> dict[str, object]:
    files = [
        {"path": record.path, "new_path": record.moved or None, "what": _what(record), "restored": record.restored}
        for record in run.files
    ]
    when = run.created.isoformat().replace("+00:00", "Z")
    return {"run": run.id, "command": run.command, "created": when, "state": run.state.value, "files": files}
