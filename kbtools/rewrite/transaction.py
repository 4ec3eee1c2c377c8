"""Runs: many files rewritten as one, finished or undone later."""

# ruff: noqa: PTH102, PTH112, PTH114, PTH118, PTH120, PTH208

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kbtools.errors import KbError
from kbtools.rewrite.disk import flush_folder, publish, remove_tree, write_beside
from kbtools.rewrite.forward import Change, describe, discard, interrupted, look_at, replace_pages, roll_forward, stage
from kbtools.rewrite.journal import BACKUP_FOLDER, NEW, UNDOABLE, UNFINISHED, Journal, Run, State
from kbtools.rewrite.lock import Lock, is_settled
from kbtools.rewrite.restore import restore, sweep
from kbtools.rewrite.target import Locator, Refusal


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did."""

    run: Run
    """As it is now: undone or partly undone."""
    restored: tuple[str, ...]
    already: tuple[str, ...]
    """Had their original bytes already."""
    refused: tuple[Refusal, ...]
    """Left as they are, each with the reason; empty when all is as it was."""


class Backups:
    """Rewrites files of one vault, keeping what they were.

    ``root`` is the vault; ``folder`` is where ``_link_reconcile_backup`` lies: the project's root (never inside its
    ``docs_dir``), or the vault itself. Nothing is written before the first ``apply``.

    All methods raise KbError, with a way out, when the disk does not let them.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = os.path.realpath(root)
        self._store = os.path.join(os.path.realpath(folder), BACKUP_FOLDER)
        self._name = os.path.relpath(self._root, os.path.realpath(folder)).replace(os.sep, "/")
        self._lock_path = os.path.join(self._store, ".lock")
        self._journal = Journal(self._store)

    def runs(self) -> tuple[Run, ...]:
        """All runs, newest first."""
        return tuple(self._journal.read(run) for run in self._journal.ids())

    def latest(self, command: str) -> str | None:
        """The id of the newest run of a command that can be undone."""
        return next((run.id for run in self._ours(UNDOABLE) if run.command == command), None)

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
        changes: Iterable[Change],
        *,
        command: str,
        summary: Mapping[str, object] | None = None,
        limit: int | None = None,
    ) -> Run | None:
        """Rewrite all these files, or none. None when no change changes anything.

        ``summary`` (plain JSON values) is kept with the run; ``limit`` is how many files the run may touch.

        Raises RefusedError, before anything is written, naming every file that cannot be rewritten (it changed since
        it was read, is read-only, lies outside the vault, …), and KbError when a run is unfinished, another kb is at
        work, or the disk fails: every page is then as it was, or the error says how to get there.
        """
        wanted = tuple(change for change in changes if change.does_something)
        if not wanted:
            return None
        if limit is not None and len(wanted) > limit:
            raise KbError(
                f"this would change {len(wanted)} files, more than the limit of {limit}",
                "look at the changes with --diff; name fewer pages, or raise the limit",
            )
        locator = self._locator()
        plan = look_at(locator, wanted)
        with _disk("the backups cannot be written"), self._locked() as lock:
            self._tidy()
            run = describe(plan, self._journal, locator, root=self._name, command=command, summary=summary or {})
            try:
                return replace_pages(self._journal, locator, plan, stage(self._journal, locator, plan, run))
            finally:
                lock.settled = self._stuck() is None

    def undo(self, run: str | None = None) -> Undone:
        """Put back what a run changed: bytes, modes, times. Without a name, the latest run that is not undone.

        A file that has changed since is left alone and named in the result; the others are restored. Killed on the
        way, it can simply be called again. Raises KbError when there is nothing to undo.
        """
        self._need_store()
        with _disk("the run cannot be undone now"), self._locked() as lock:
            chosen = self._choose(run)
            undone = self._undo(chosen)
            lock.settled = self._stuck() is None
            return undone

    def finish(self, run: str | None = None) -> Run:
        """Take a run that was stopped on its way to its end. Without a name, the unfinished one.

        A run stopped before it touched a page is cleared away (state ``rolled-back``: its new texts may be
        incomplete), a stopped undo is carried on. Raises RefusedError, with no page touched, when one of its pages
        has changed since or its new text is gone; undo then is the way.
        """
        self._need_store()
        with _disk("the run cannot be finished now"), self._locked() as lock:
            chosen = self._stuck() if run is None else self._mine(self._journal.read(run))
            if chosen is None or chosen.state not in UNFINISHED:
                raise KbError("there is no unfinished run", "`kb reconcile --runs` lists the runs")
            if chosen.state is State.STAGING:
                discard(self._journal, self._locator(), chosen)
                done = replace(chosen, state=State.ROLLED_BACK)
            elif chosen.state is State.UNDOING:
                done = self._undo(chosen).run
            else:
                done = roll_forward(self._journal, self._locator(), chosen)
            lock.settled = self._stuck() is None
            return done

    # The folder

    def _need_store(self) -> None:
        if not os.path.isdir(self._store):
            raise KbError("there is no run to undo", f"{self._store} does not exist: nothing was rewritten here")

    def _locator(self) -> Locator:
        return Locator(self._root, self._store)

    def _locked(self) -> Lock:
        if os.path.islink(self._store):
            raise KbError(f"{self._store} is a symbolic link", "backups are written only there; move the link away")
        if not os.path.isdir(self._store):
            # Pages may be private: their copies are, whatever folder they come from.
            os.mkdir(self._store, 0o700)
        # Each time, for who made the folder may have been killed before this.
        flush_folder(os.path.dirname(self._store))
        ignore = os.path.join(self._store, ".gitignore")
        if not os.path.lexists(self._lock_path) and not os.path.lexists(ignore):
            # Once, before the first lock: who wants to commit backups may remove it.
            publish(write_beside(ignore + ".tmp", b"*\n"), ignore)
        return Lock(self._lock_path)

    def _tidy(self) -> None:
        """Clear away what runs left that were killed before they touched a page. Raises KbError for other ones."""
        for name in os.listdir(self._store):
            if name.startswith(NEW):
                remove_tree(os.path.join(self._store, name))
        for run in self._ours(UNFINISHED):
            if run.state is State.STAGING:
                discard(self._journal, self._locator(), self._journal.read(run.id))
            else:
                raise interrupted(self._journal.read(run.id))

    def _stuck(self) -> Run | None:
        stuck = next(self._ours(UNFINISHED), None)
        return stuck and self._journal.read(stuck.id)

    def _ours(self, states: frozenset[State]) -> Iterator[Run]:
        """The runs of this vault in some states, newest first, without their files."""
        heads = map(self._journal.head, self._journal.ids())
        return (run for run in heads if run.state in states and run.root == self._name)

    def _choose(self, name: str | None) -> Run:
        if name is not None:
            run = self._mine(self._journal.read(name))
            if run.state not in UNDOABLE:
                raise KbError(
                    f"run {name} is {run.state.value.replace('-', ' ')} already", "`kb reconcile --runs` lists the runs"
                )
            return run
        found = next(self._ours(UNDOABLE), None)
        if found is None:
            raise KbError("there is no run to undo", "`kb reconcile --runs` lists the runs")
        return self._journal.read(found.id)

    def _mine(self, run: Run) -> Run:
        if run.root != self._name:
            raise KbError(f"run {run.id} changed another vault, {run.root}", f"name that vault: --vault {run.root}")
        return run

    def _undo(self, run: Run) -> Undone:
        if run.state is State.STAGING:
            discard(self._journal, self._locator(), run)
            paths = tuple(record.path for record in run.files)
            return Undone(replace(run, state=State.UNDONE), (), paths, ())
        run = self._journal.write(run, State.UNDOING)
        sweep(self._root, run)
        result = restore(self._locator(), self._journal, run)
        back = {*result.restored, *result.already}
        files = tuple(replace(record, restored=record.path in back) for record in run.files)
        state = State.PARTLY_UNDONE if result.refused else State.UNDONE
        run = self._journal.write(replace(run, files=files), state)
        return Undone(run, result.restored, result.already, result.refused)


@contextlib.contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise KbError(f"{what}: {error.strerror or error}{where}", "nothing was lost") from error
