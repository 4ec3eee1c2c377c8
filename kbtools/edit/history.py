"""Writes the changes of a command as one transaction, and undoes it.

A rename also moves the entries of the page in the project's baseline; undoing one moves them back. A run that follows
another (the baseline that ``kb init`` writes after its files) is undone together with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote

from kbtools.check.baseline import FILE, Baseline
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.rewrite import Backups, FileChange, Run, RunState, Undone
from kbtools.rewrite.disk import publish, write_beside
from kbtools.text.source import Source
from kbtools.vault.page import Page

INIT = "kb init"
"""The command after whose undoing there is no project, and so no state of one."""


def backups(project: Project) -> Backups:
    """The transactions of a project."""
    return Backups(project.vault, project.root, vault_options(project))


def vault_options(project: Project) -> str:
    """The options that select a project on a command line in the working directory; empty if none is needed."""
    here = Path.cwd().resolve()
    if not project.foreign and here.is_relative_to(project.root.resolve()):
        return ""
    option, folder = ("--vault", project.vault) if project.foreign else ("--root", project.root)
    from_here = os.path.relpath(folder, here)
    return f"{option} {quote(str(folder) if from_here.startswith('..') else from_here)}"


def changes(
    pages: Mapping[str, Page], texts: Mapping[str, str], moved: Mapping[str, str] | None = None
) -> list[FileChange]:
    """Changes that give pages new texts, and some of them new paths."""
    found = []
    for path, text in texts.items():
        source = pages[path].source
        to = (moved or {}).get(path)
        found.append(FileChange(path, source.encode(), Source(path, text, source.bom).encode(), to))
    return found


def write(
    project: Project,
    wanted: Iterable[FileChange],
    command: str,
    summary: Mapping[str, object] | None = None,
    *,
    of_project: bool = False,
) -> Run:
    """Applies changes in one transaction with a backup; at least one must change something. ``of_project``: their
    paths are relative to the project's root. Raises KbError as ``Backups.apply`` does."""
    done = backups(project).apply(wanted, command=command, summary=summary, of_project=of_project)
    assert done is not None, "something changes"
    for record in done.files:
        if record.moved and not of_project:
            _move_in_baseline(project, record.path, record.moved)
    return done


def undo(project: Project, run: str | None = None, command: str | None = None) -> list[Undone]:
    """Undoes a run (the latest of a command, or the latest of all) and the run that it follows. Files that have
    changed since are left as they are and listed. Raises KbError if there is nothing to undo."""
    if not project.backups.is_dir():
        raise KbError(f"there is nothing to undo: no {project.backups.name} in {project.root}", "no command wrote here")
    kept = backups(project)
    if run is None and command is not None:
        run = kept.latest(command)
        if run is None:
            raise KbError(f"there is no run of {command} to undo", "`kb history` lists the runs")
    chosen = kept.choose(run)
    # First, so that the run can be undone again if the process is killed before it is marked as undone.
    for record in chosen.files:
        if record.moved:
            _move_in_baseline(project, record.moved, record.path)
    undone = [kept.undo(chosen.id)]
    refused = {refusal.path for refusal in undone[0].refused}
    for record in chosen.files:
        if record.moved and record.path in refused:
            _move_in_baseline(project, record.path, record.moved)
    first = undone[0].run.summary.get("follows")
    if isinstance(first, str) and not undone[0].refused:
        undone.append(kept.undo(first))
    if undone[-1].run.command == INIT and undone[-1].run.state is RunState.UNDONE:
        _leave_nothing(project, kept)
    return undone


def _leave_nothing(project: Project, kept: Backups) -> None:
    """Removes kb's own files from a folder that is no longer a project."""
    if all(run.command == INIT and run.state in (RunState.UNDONE, RunState.ROLLED_BACK) for run in kept.runs()):
        shutil.rmtree(project.backups, ignore_errors=True)
    shutil.rmtree(project.state, ignore_errors=True)


def _move_in_baseline(project: Project, old: str, new: str) -> None:
    """Gives the baseline's entries of a page its new path. Raises KbError when the file cannot be read or written."""
    file = project.root / FILE
    baseline = Baseline.read(project.root)
    if baseline is None or (moved := baseline.rename(old, new)) == baseline:
        return
    try:
        # Written among the backups, where the next run overwrites it if this one is killed.
        beside = write_beside(str(project.backups / f"{FILE}.tmp"), moved.text().encode("utf-8"))
        Path(beside).chmod(0o644)
        publish(beside, str(file))
    except OSError as e:
        raise KbError(f"{file} cannot be written: {e.strerror or e}", "the baseline is as it was") from e
