"""Restores original files one by one, for undo and after a failure."""

# ruff: noqa: PTH105, PTH106, PTH108, PTH112, PTH114, PTH118, PTH120

from __future__ import annotations

import os
from dataclasses import dataclass

from kbtools.rewrite.disk import FileWrite, flush_folder, flush_folders, remove, write_files
from kbtools.rewrite.journal import FileRecord, Journal, Run, sha256
from kbtools.rewrite.move import MovedNames, check_back, move_back, read_names
from kbtools.rewrite.resolve_path import CHANGED, Gone, Locator, Refusal, Refused, Target, check_path, read_regular, why


@dataclass(frozen=True, slots=True)
class Restored:
    """Result of restoring the files of a run."""

    restored: tuple[str, ...]
    already: tuple[str, ...]
    """Files that already had their original bytes."""
    refused: tuple[Refusal, ...]


def look(locator: Locator, record: FileRecord) -> Target:
    """The current file of a record. Raises Refused."""
    try:
        target = locator.read(record.path)
    except Gone as gone:
        raise Refused("no longer exists") from gone
    if locator.relative(target.real) != record.target:
        raise Refused("a symbolic link now leads to another file")
    return target


def restore(locator: Locator, journal: Journal, run: Run, first: int | None = None) -> Restored:
    """Restore bytes, modes and times of the run's files (or its ``first`` ones) that have not changed since the run.

    Each is replaced in one step; a file that cannot be restored is named and does not stop the others. Can be
    repeated after a kill at any point.
    """
    restored: list[str] = []
    already: list[str] = []
    refused: list[Refusal] = []
    todo: list[tuple[FileRecord, Target | MovedNames, FileWrite]] = []
    touched: set[str] = set()
    for number, record in enumerate(run.files[:first]):
        if record.restored:
            already.append(record.path)
            continue
        if record.created:
            _take_away(locator, record, restored, already, refused)
            touched.add(homes(locator.root, record)[0])
            continue
        try:
            found = _look_back(locator, journal, run, record)
        except (Refused, OSError) as error:
            refused.append(Refusal(record.path, why(error)))
            continue
        if found is None:
            already.append(record.path)
            if record.moved:  # its new name may have been removed just now
                touched |= set(homes(locator.root, record))
            continue
        where, like, data = found
        beside = os.path.join(homes(locator.root, record)[0], run.leftover_names(number)[1])
        times = (record.atime_ns, record.mtime_ns)
        status, real = (like.status, like.real) if like else (None, None)
        todo.append((record, where, FileWrite(beside, data, record.mode, status, real, times)))
    failed = write_files([job for _, _, job in todo])
    for record, where, job in todo:
        reason = why(failed[job.path]) if job.path in failed else _swap(job.path, where)
        if reason is None:
            restored.append(record.path)
            touched |= set(homes(locator.root, record))
        else:
            remove(job.path)
            refused.append(Refusal(record.path, reason))
    flush_folders(folder for folder in touched if os.path.isdir(folder))
    return Restored(tuple(restored), tuple(already), tuple(refused))


def place_of(locator: Locator, record: FileRecord) -> str:
    """The path of a file that a run created. Raises Refused."""
    real = locator.place(record.path)
    if locator.relative(real) != record.target or os.path.islink(real):
        raise Refused("a symbolic link now leads to another file")
    return real


def _take_away(
    locator: Locator, record: FileRecord, restored: list[str], already: list[str], refused: list[Refusal]
) -> None:
    """Remove a file that the run created, if it has not changed since."""
    try:
        real = place_of(locator, record)
        data, _ = read_regular(real)
        if sha256(data) != record.after:
            refused.append(Refusal(record.path, CHANGED))
            return
        os.unlink(real)
    except (FileNotFoundError, Gone):
        already.append(record.path)
    except (Refused, OSError) as error:
        refused.append(Refusal(record.path, why(error)))
    else:
        restored.append(record.path)


def _swap(beside: str, where: Target | MovedNames) -> str | None:
    """Rename a finished file over a target. Returns the reason when that is not possible."""
    try:
        if isinstance(where, MovedNames):
            move_back(where, beside)
        elif not where.unchanged():
            return CHANGED
        else:
            os.replace(beside, where.real)
    except (OSError, Refused) as error:
        return why(error)
    return None


def _look_back(
    locator: Locator, journal: Journal, run: Run, record: FileRecord
) -> tuple[Target | MovedNames, Target | None, bytes] | None:
    """Path of a file, the current file, and what to restore; None when nothing is to be restored.

    Raises Refused when it changed since the run, and OSError.
    """
    if record.moved:
        names = read_names(locator, record)
        if check_back(names, record):
            return None
        return names, names.new or names.old, _original(journal, run, record)
    target = look(locator, record)
    now = sha256(target.data)
    if now == record.before:
        return None
    if now != record.after:
        raise Refused(CHANGED)
    return target, target, _original(journal, run, record)


def homes(root: str, record: FileRecord) -> tuple[str, str]:
    """The folders of a file before and after a run, which may contain its temporary files."""
    before, after = record.target, record.moved or record.target
    return (
        os.path.dirname(os.path.join(root, *before.split("/"))),
        os.path.dirname(os.path.join(root, *after.split("/"))),
    )


def _original(journal: Journal, run: Run, record: FileRecord) -> bytes:
    """The original bytes of a file. Raises Refused when the backup does not contain them."""
    path = journal.original(run.id, record.path)
    try:
        data, _ = read_regular(path)
    except OSError as error:
        raise Refused(f"its backup cannot be read: {why(error)}") from error
    if sha256(data) != record.before:
        raise Refused("its backup is damaged")
    return data


def remove_leftovers(root: str, run: Run) -> None:
    """Remove the run's temporary files beside the pages."""
    folders: set[str] = set()
    for number, record in enumerate(run.files):
        try:
            check_path(record.target)
            check_path(record.moved or record.target)
        except Refused:
            continue
        for folder in set(homes(root, record)):
            for name in run.leftover_names(number):
                remove(os.path.join(folder, name))
            folders.add(folder)
    flush_folders(folder for folder in folders if os.path.isdir(folder))


def remove_made_folders(root: str, run: Run) -> None:
    """Remove the folders that the run created if they are empty. Raises OSError when the disk fails."""
    for folder in reversed(run.folders):
        path = os.path.join(root, *folder.split("/"))
        try:
            check_path(folder)
            if os.path.realpath(path) != path:  # it has been replaced by a symbolic link
                continue
            os.rmdir(path)
        except (Refused, OSError):
            continue
        flush_folder(os.path.dirname(path))
