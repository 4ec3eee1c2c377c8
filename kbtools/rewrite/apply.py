"""Applies a transaction: plan, stage, replace; rolls back on failure, completes after a kill."""

# ruff: noqa: PTH102, PTH104, PTH105, PTH112, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from kbtools.errors import KbError
from kbtools.rewrite.disk import (
    FileWrite,
    claim,
    current_umask,
    flush_folder,
    flush_folders,
    mode_of,
    remove,
    remove_tree,
    write_files,
)
from kbtools.rewrite.journal import NEW, FileRecord, Journal, Run, RunState, sha256
from kbtools.rewrite.move import check_forward, destination, move, move_forward
from kbtools.rewrite.resolve_path import CHANGED, Locator, Refusal, Refused, RefusedError, Target, why
from kbtools.rewrite.rollback import homes, look, place_of, remove_leftovers, remove_made_folders, restore


@dataclass(frozen=True, slots=True)
class FileChange:
    """A requested change of one file."""

    path: str
    """Relative to the vault, with ``/``."""
    before: bytes | None
    """The content when the edit was computed; None for a file to be created."""
    after: bytes
    to: str | None = None
    """The new path, free and in an existing folder; None keeps the path."""

    @property
    def does_something(self) -> bool:
        return self.before != self.after or self.to not in (None, self.path)


@dataclass(frozen=True, slots=True)
class TransactionPlan:
    """Validated changes, each with the current file and its path after the change."""

    changes: tuple[FileChange, ...]
    targets: tuple[Target | None, ...]
    """The current files; None for a file to be created."""
    places: tuple[str, ...]
    new_folders: tuple[str, ...] = ()
    """Folders to create, outermost first."""

    @property
    def folders(self) -> set[str]:
        """All folders in which directory entries change."""
        return {t.folder for t in self.targets if t is not None} | {os.path.dirname(place) for place in self.places}

    def temp(self, run: Run, number: int) -> str:
        """Path of the temporary file with a new text, in the folder of its final path."""
        return os.path.join(os.path.dirname(self.places[number]), run.leftover_names(number)[0])


def plan_changes(locator: Locator, changes: Sequence[FileChange]) -> TransactionPlan:
    """Locate every file and check that it may be replaced and has not changed since it was read.

    Raises RefusedError, which names every file that fails.
    """
    targets: list[Target | None] = []
    places: list[str] = []
    given: set[str] = set()
    new_folders: set[str] = set()
    refused: list[Refusal] = []
    stale = 0
    seen: dict[tuple[int, int], str] = {}
    for change in changes:
        try:
            if change.before is None:
                place, missing = locator.place_for_new(change.path)
                if os.path.lexists(place) or place in given:
                    refused.append(Refusal(change.path, "exists already"))
                    continue
                new_folders.update(missing)
                targets.append(None)
                places.append(place)
                given.add(place)
                continue
            target = locator.read(change.path)
            place = target.real
            if change.to not in (None, change.path):
                place = destination(locator, change.path, target, str(change.to))
        except Refused as error:
            refused.append(Refusal(change.path, str(error)))
            continue
        identity = (target.status.st_dev, target.status.st_ino)
        if identity in seen:
            refused.append(Refusal(change.path, f"the same file as {seen[identity]}"))
            continue
        seen[identity] = change.path
        if target.data != change.before:
            stale += 1
            refused.append(Refusal(change.path, "changed since it was read"))
        elif place != target.real and place in given:
            refused.append(Refusal(change.path, f"{change.to} is the new name of another file"))
        else:
            targets.append(target)
            places.append(place)
            given.add(place)
    if refused:
        what = f"{len(refused)} of {len(changes)} files cannot be rewritten, so none was"
        raise RefusedError(what, refused, "run the command again" if stale == len(refused) else None)
    return TransactionPlan(
        tuple(changes), tuple(targets), tuple(places), tuple(sorted(new_folders, key=lambda f: (len(f), f)))
    )


def new_run(
    plan: TransactionPlan, journal: Journal, locator: Locator, *, root: str, command: str, summary: Mapping[str, object]
) -> Run:
    """The run (manifest) for a plan."""
    now = datetime.now(UTC)
    records = tuple(
        FileRecord(
            path=change.path,
            target=locator.relative(target.real if target is not None else place),
            before=sha256(change.before) if change.before is not None else "",
            after=sha256(change.after),
            size=len(change.before or b""),
            size_after=len(change.after),
            mode=mode_of(target.status) if target is not None else 0,
            mtime_ns=target.status.st_mtime_ns if target is not None else 0,
            atime_ns=target.status.st_atime_ns if target is not None else 0,
            moved="" if target is None or place == target.real else locator.relative(place),
        )
        for change, target, place in zip(plan.changes, plan.targets, plan.places, strict=True)
    )
    folders = tuple(map(locator.relative, plan.new_folders))
    return Run(journal.new_id(now), command, now, root, RunState.STAGING, records, dict(summary), folders)


def stage(journal: Journal, locator: Locator, plan: TransactionPlan, run: Run) -> Run:
    """Write everything that needs disk space (originals, manifests, new texts) before any page is changed. Returns the
    run in state "applying". On OSError or KbError, everything written is removed again."""
    new = os.path.join(journal.store, NEW + run.id)
    try:
        _save_originals(new, plan)
        journal.adopt(run, new)
        for folder in plan.new_folders:
            os.mkdir(folder)
            flush_folder(os.path.dirname(folder))
        _write_new_texts(plan, run)
        flush_folders(plan.folders)
        journal.prepare(replace(run, state=RunState.APPLIED))
        return journal.write(run, RunState.APPLYING)
    except BaseException:
        # If this fails too, the next run cleans up: it finds the state "staging" or a folder ".new-…".
        with contextlib.suppress(OSError):
            if os.path.isdir(new):
                remove_tree(new)
            discard(journal, locator, run)
        raise


def _save_originals(new: str, plan: TransactionPlan) -> None:
    jobs: list[FileWrite] = []
    folders = {new}
    for change, target in zip(plan.changes, plan.targets, strict=True):
        if target is None or change.before is None:
            continue
        path = os.path.join(new, "files", *change.path.split("/"))
        jobs.append(FileWrite(path, change.before, (mode_of(target.status) & 0o777) | 0o600))
        folder = os.path.dirname(path)
        while folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    for folder in sorted(folders, key=len):
        os.mkdir(folder, 0o700)
    for error in write_files(jobs).values():
        raise error
    flush_folders(folders)


def _write_new_texts(plan: TransactionPlan, run: Run) -> None:
    paths: dict[str, str] = {}
    jobs: list[FileWrite] = []
    for number, (change, target) in enumerate(zip(plan.changes, plan.targets, strict=True)):
        temp = plan.temp(run, number)
        paths[temp] = change.path
        if target is None:
            jobs.append(FileWrite(temp, change.after, 0o666 & ~current_umask()))
            continue
        status = target.status
        # A file that is only renamed keeps its modification time.
        times = (status.st_atime_ns, status.st_mtime_ns) if change.before == change.after else None
        jobs.append(FileWrite(temp, change.after, mode_of(status), status, target.real, times))
    failed = write_files(jobs)
    if failed:
        refused = [Refusal(paths[temp], error.strerror or str(error)) for temp, error in failed.items()]
        what = f"{len(failed)} of {len(jobs)} files cannot be rewritten, so none was"
        raise RefusedError(what, refused) from next(iter(failed.values()))


def replace_pages(journal: Journal, locator: Locator, plan: TransactionPlan, run: Run) -> Run:
    """Replace the pages. On KbError, every page is restored, or the error says how to restore them."""
    prepared = journal.prepared(run, RunState.APPLIED)
    at = 0
    try:
        for at, target in enumerate(plan.targets):
            if target is None:
                claim(plan.temp(run, at), plan.places[at])
                remove(plan.temp(run, at))
                continue
            if not target.unchanged():
                raise RefusedError(  # noqa: TRY301 (raised to be rolled back below, like any other failure)
                    "a file changed while the run was under way, so every page was put back",
                    [Refusal(run.files[at].path, "changed since it was read")],
                    "run the command again",
                )
            if plan.places[at] == target.real:
                os.replace(plan.temp(run, at), target.real)
            else:
                move(plan.temp(run, at), target, plan.places[at])
        flush_folders(plan.folders)
        os.replace(prepared, journal.manifest(run.id))
    except (OSError, Refused) as error:
        _roll_back(journal, locator, run, at, error)
        what = f"{run.files[at].path} cannot be rewritten: {why(error)}; every page was put back"
        raise KbError(what, "free the file or the disk, then run the command again") from error
    except BaseException as error:  # a file changed meanwhile, or Ctrl-C
        _roll_back(journal, locator, run, at, error)
        raise
    try:
        flush_folder(journal.folder(run.id))
    except OSError as error:
        # All pages are replaced. If the manifest were lost now, the run could still be finished or undone.
        what = f"every page was rewritten, but the disk did not confirm it: {error.strerror or error}"
        raise KbError(what, f"look after the disk; `{journal.undo_command(run.id)}` puts every page back") from error
    return replace(run, state=RunState.APPLIED)


def _roll_back(journal: Journal, locator: Locator, run: Run, at: int, cause: BaseException) -> None:
    """Restore the pages up to the ``at``-th, which may or may not have been replaced. If its content is neither old
    nor new, another program changed it and it is left alone."""
    try:
        result = restore(Locator(locator.root, journal.store), journal, run, at + 1)
        if all(refusal == Refusal(run.files[at].path, CHANGED) for refusal in result.refused):
            remove_leftovers(locator.root, run)
            remove_made_folders(locator.root, run)
            journal.write(run, RunState.ROLLED_BACK)
            return
    except OSError:
        pass  # reported by the error below
    # Some pages could not be restored. The manifest stays in state "applying", and the originals are kept.
    raise journal.interrupted(run) from cause


def roll_forward(journal: Journal, locator: Locator, run: Run) -> Run:
    """Finish a run that was stopped while it replaced pages. Raises RefusedError when that is not possible."""
    refused: list[Refusal] = []
    todo: list[Callable[[], None]] = []
    for number, record in enumerate(run.files):
        temp = os.path.join(homes(locator.root, record)[1], run.leftover_names(number)[0])
        try:
            if record.created:
                now = _digest(place_of(locator, record))
                if now is None and _digest(temp) == record.after:
                    todo.append(partial(_create, temp, place_of(locator, record)))
                elif now != record.after:
                    refused.append(Refusal(record.path, CHANGED if now else "its new text is gone"))
                continue
            if record.moved:
                names = check_forward(locator, run, number, _digest(temp))
                if names is not None:
                    todo.append(partial(move_forward, names, record, temp))
                continue
            target = look(locator, record)
        except Refused as error:
            refused.append(Refusal(record.path, str(error)))
            continue
        now = sha256(target.data)
        if now not in (record.before, record.after):
            refused.append(Refusal(record.path, CHANGED))
        elif now == record.before and _digest(temp) != record.after:
            refused.append(Refusal(record.path, "its new text is gone"))
        elif now == record.before:
            todo.append(partial(_replace, temp, target))
    if refused:
        hint = f"`{journal.undo_command(run.id)}` puts the other pages back"
        raise RefusedError(f"run {run.id} cannot be finished", refused, hint)
    try:
        for act in todo:
            act()
    except Refused as error:
        raise journal.interrupted(run) from error
    remove_leftovers(locator.root, run)
    return journal.write(run, RunState.APPLIED)


def discard(journal: Journal, locator: Locator, run: Run) -> None:
    """Remove a run that changed no page: first its temporary files, then its folder, by one rename."""
    folder = journal.folder(run.id)
    if not os.path.isdir(folder):
        return
    remove_leftovers(locator.root, run)
    remove_made_folders(locator.root, run)
    gone = os.path.join(journal.store, NEW + run.id)
    os.rename(folder, gone)
    flush_folder(journal.store)
    remove_tree(gone)


def _create(temp: str, place: str) -> None:
    claim(temp, place)
    remove(temp)


def _replace(temp: str, target: Target) -> None:
    if not target.unchanged():
        raise Refused(CHANGED)
    os.replace(temp, target.real)


def _digest(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return sha256(file.read())
    except OSError:
        return None
