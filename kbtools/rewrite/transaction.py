"""Transactions over files: applied as a whole, undone as a whole, completed after a kill."""

# ruff: noqa: PTH102, PTH112, PTH114, PTH118, PTH120, PTH208

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kbtools.errors import KbError
from kbtools.rewrite.apply import (
    FileChange,
    discard,
    new_run,
    plan_changes,
    replace_pages,
    roll_forward,
    stage,
)
from kbtools.rewrite.disk import flush_folder, publish, remove_tree, write_beside
from kbtools.rewrite.journal import BACKUP_FOLDER, NEW, UNDOABLE, UNFINISHED, Journal, Run, RunState
from kbtools.rewrite.lock import Lock, is_settled
from kbtools.rewrite.resolve_path import Locator, Refusal
from kbtools.rewrite.rollback import remove_leftovers, remove_made_folders, restore
from kbtools.rewrite.trust import trust


@dataclass(frozen=True, slots=True)
class Undone:
    """Result of an undo."""

    run: Run
    """The run in its new state: undone or partly undone."""
    restored: tuple[str, ...]
    already: tuple[str, ...]
    """Files that already had their original bytes."""
    refused: tuple[Refusal, ...]
    """Files that were not restored, each with the reason; empty when all are restored."""


class Backups:
    """Rewrites files of one vault and keeps the originals.

    ``vault`` holds the pages; ``folder`` is the folder of ``_link_reconcile_backup``: the project's root (never inside
    its ``docs_dir``), or the vault itself. ``options`` are the words of a command line that name the vault, for
    messages. Nothing is written before the first ``apply``.

    All methods raise KbError, with a way out, when the disk does not let them.
    """

    def __init__(self, vault: Path, folder: Path, options: str = "") -> None:
        top = os.path.realpath(folder)
        self._name = os.path.relpath(os.path.realpath(vault), top).replace(os.sep, "/")
        self._roots = {".": top, self._name: os.path.realpath(vault)}
        """Base folders of a run's paths, by their name in the manifest: a run changes pages or the project's files."""
        self._store = os.path.join(top, BACKUP_FOLDER)
        self._lock_path = os.path.join(self._store, ".lock")
        self._journal = Journal(self._store, options)

    def runs(self) -> tuple[Run, ...]:
        """All runs, newest first."""
        return tuple(self._journal.read(run) for run in self._journal.ids())

    def foreign(self) -> tuple[str, ...]:
        """Names of runs that come from elsewhere and are ignored."""
        return tuple(self._journal.foreign())

    def trust(self, run: str) -> None:
        """Trust a run that comes from elsewhere. Raises KbError."""
        if run in self._journal.names():
            trust(run)

    def latest(self, command: str) -> str | None:
        """The id of the newest run of a command that can be undone."""
        return next((run.id for run in self._ours(UNDOABLE) if run.command == command), None)

    def choose(self, name: str | None = None) -> Run:
        """The run that ``undo`` puts back: the one named, or the latest that is not undone. Raises KbError."""
        if name is not None:
            run = self._mine(self._journal.read(name))
            if run.state not in UNDOABLE:
                raise KbError(
                    f"run {name} is {run.state.value.replace('-', ' ')} already", "`kb history` lists the runs"
                )
            return run
        found = next(self._ours(UNDOABLE), None)
        if found is None:
            raise KbError("there is no run to undo", "`kb history` lists the runs")
        return self._journal.read(found.id)

    def undo_command(self, run: Run) -> str:
        """The command that undoes a run."""
        return self._journal.undo_command(run.id)

    def interrupted(self, run: Run) -> KbError:
        """The error for an interrupted run: to be raised, or printed as a warning."""
        return self._journal.interrupted(run)

    def unfinished(self) -> Run | None:
        """A run that was killed on its way; ``interrupted`` words it. Writes nothing, and looks at two files when
        there is nothing to find. None too while another live kb is at work, and for a user who may not see the
        backups of another."""
        try:
            if not os.path.lexists(self._store) or is_settled(self._lock_path):
                return None
            return self._stuck()
        except PermissionError:
            return None

    def apply(
        self,
        changes: Iterable[FileChange],
        *,
        command: str,
        summary: Mapping[str, object] | None = None,
        of_project: bool = False,
    ) -> Run | None:
        """Rewrite all these files, or none. Returns None when nothing would change.

        ``summary`` (plain JSON values) is kept with the run; ``of_project`` says that paths are relative to the
        project's root, not to the vault.

        Raises RefusedError, before anything is written, naming every file that cannot be rewritten (it changed since
        it was read, is read-only, is outside the vault, …), and KbError when a run is unfinished, another kb is at
        work, or the disk fails: every page is then as it was, or the error says how to get there.
        """
        wanted = tuple(change for change in changes if change.does_something)
        if not wanted:
            return None
        root = "." if of_project else self._name
        locator = self._locator(root)
        plan = plan_changes(locator, wanted)
        with _disk("the backups cannot be written"), self._locked() as lock:
            self._tidy()
            run = new_run(plan, self._journal, locator, root=root, command=command, summary=summary or {})
            try:
                return replace_pages(self._journal, locator, plan, stage(self._journal, locator, plan, run))
            finally:
                lock.settled = self._stuck() is None

    def undo(self, run: str | None = None) -> Undone:
        """Restore what a run changed: bytes, modes, times. Without a name, the latest run that is not undone.

        A file that has changed since is left alone and named in the result; the others are restored. Killed on the
        way, it can simply be called again. Raises KbError when there is nothing to undo.
        """
        self._need_store()
        with _disk("the run cannot be undone now"), self._locked() as lock:
            chosen = self.choose(run)
            undone = self._undo(chosen)
            lock.settled = self._stuck() is None
            return undone

    def finish(self, run: str | None = None) -> Run:
        """Complete an interrupted run. Without a name, the unfinished one.

        A run stopped before it touched a page is cleared away (state ``rolled-back``: its new texts may be
        incomplete), a stopped undo is carried on. Raises RefusedError, with no page touched, when one of its pages
        has changed since or its new text is gone; undo then is the way.
        """
        self._need_store()
        with _disk("the run cannot be finished now"), self._locked() as lock:
            chosen = self._stuck() if run is None else self._mine(self._journal.read(run))
            if chosen is None or chosen.state not in UNFINISHED:
                raise KbError("there is no unfinished run", "`kb history` lists the runs")
            if chosen.state is RunState.STAGING:
                discard(self._journal, self._locator(chosen.root), chosen)
                done = replace(chosen, state=RunState.ROLLED_BACK)
            elif chosen.state is RunState.UNDOING:
                done = self._undo(chosen).run
            else:
                done = roll_forward(self._journal, self._locator(chosen.root), chosen)
            lock.settled = self._stuck() is None
            return done

    # The folder

    def _need_store(self) -> None:
        if not os.path.isdir(self._store):
            raise KbError("there is no run to undo", f"{self._store} does not exist: no command has written here")

    def _locator(self, root: str) -> Locator:
        return Locator(self._roots[root], self._store)

    def _locked(self) -> Lock:
        if os.path.islink(self._store):
            raise KbError(f"{self._store} is a symbolic link", "backups are written only there; move the link away")
        if not os.path.isdir(self._store):
            # Pages may be private, so their copies always are.
            os.mkdir(self._store, 0o700)
        # On every run: the process that created the folder may have been killed before this step.
        flush_folder(os.path.dirname(self._store))
        ignore = os.path.join(self._store, ".gitignore")
        if not os.path.lexists(self._lock_path) and not os.path.lexists(ignore):
            # Only once, before the first lock: users who want to commit backups may delete it.
            publish(write_beside(ignore + ".tmp", b"*\n"), ignore)
        return Lock(self._lock_path)

    def _tidy(self) -> None:
        """Remove files of runs killed before they changed a page. Raises KbError for other killed runs."""
        for name in os.listdir(self._store):
            if name.startswith(NEW):
                remove_tree(os.path.join(self._store, name))
        for run in self._ours(UNFINISHED):
            if run.state is RunState.STAGING:
                discard(self._journal, self._locator(run.root), self._journal.read(run.id))
            else:
                raise self.interrupted(self._journal.read(run.id))

    def _stuck(self) -> Run | None:
        stuck = next(self._ours(UNFINISHED), None)
        return stuck and self._journal.read(stuck.id)

    def _ours(self, states: frozenset[RunState]) -> Iterator[Run]:
        """The runs of this vault in given states, newest first, without their files."""
        heads = map(self._journal.head, self._journal.ids())
        return (run for run in heads if run.state in states and run.root in self._roots)

    def _mine(self, run: Run) -> Run:
        if run.root not in self._roots:
            raise KbError(f"run {run.id} changed another vault, {run.root}", f"name that vault: --vault {run.root}")
        return run

    def _undo(self, run: Run) -> Undone:
        locator = self._locator(run.root)
        if run.state is RunState.STAGING:
            discard(self._journal, locator, run)
            paths = tuple(record.path for record in run.files)
            return Undone(replace(run, state=RunState.UNDONE), (), paths, ())
        run = self._journal.write(run, RunState.UNDOING)
        remove_leftovers(locator.root, run)
        result = restore(locator, self._journal, run)
        remove_made_folders(locator.root, run)
        back = {*result.restored, *result.already}
        files = tuple(replace(record, restored=record.path in back) for record in run.files)
        state = RunState.PARTLY_UNDONE if result.refused else RunState.UNDONE
        run = self._journal.write(replace(run, files=files), state)
        return Undone(run, result.restored, result.already, result.refused)


@contextlib.contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise KbError(f"{what}: {error.strerror or error}{where}", "nothing was lost") from error
