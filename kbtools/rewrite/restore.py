"""Putting originals back, file by file: for undo, and for a run that fails on its way."""

# ruff: noqa: PTH105, PTH112, PTH118, PTH120

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from kbtools.rewrite.disk import Job, flush_folders, remove, write_files
from kbtools.rewrite.journal import FileRecord, Journal, Run
from kbtools.rewrite.target import CHANGED, Locator, Refusal, Refused, Target, check_path, read_regular, why


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of the files of a run."""

    restored: tuple[str, ...]
    already: tuple[str, ...]
    """Had their original bytes."""
    refused: tuple[Refusal, ...]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def look(locator: Locator, record: FileRecord) -> Target:
    """The file a record is about, as it is now. Raises Refused."""
    try:
        target = locator.read(record.path)
    except Refused as refused:
        raise Refused("no longer exists" if str(refused) == "no such file" else str(refused)) from refused
    if locator.relative(target.real) != record.target:
        raise Refused("a symbolic link now leads to another file")
    return target


def restore(locator: Locator, journal: Journal, run: Run, first: int | None = None) -> Restored:
    """Give the run's files (or its ``first`` ones) that are what the run made of them their bytes, modes, times back.

    Each is replaced in one step; a file that cannot be restored is named and does not stop the others. Can be
    repeated after a kill at any point.
    """
    restored: list[str] = []
    already: list[str] = []
    refused: list[Refusal] = []
    todo: list[tuple[FileRecord, Target, Job]] = []
    for number, record in enumerate(run.files[:first]):
        if record.restored:
            already.append(record.path)
            continue
        try:
            target = look(locator, record)
            data = _original(journal, run, record, target)
        except Refused as error:
            refused.append(Refusal(record.path, str(error)))
            continue
        if data is None:
            already.append(record.path)
            continue
        beside = os.path.join(target.folder, run.leftover_names(number)[1])
        times = (record.atime_ns, record.mtime_ns)
        todo.append((record, target, Job(beside, data, record.mode, target.status, target.real, times)))
    failed = write_files([job for _, _, job in todo])
    touched: set[str] = set()
    for record, target, job in todo:
        reason = why(failed[job.path]) if job.path in failed else _swap(job.path, target)
        if reason is None:
            restored.append(record.path)
            touched.add(target.folder)
        else:
            remove(job.path)
            refused.append(Refusal(record.path, reason))
    flush_folders(touched)
    return Restored(tuple(restored), tuple(already), tuple(refused))


def _swap(beside: str, target: Target) -> str | None:
    """Put a finished file in a target's place. Gives the reason when that is not possible."""
    if not target.unchanged():
        return CHANGED
    try:
        os.replace(beside, target.real)
    except OSError as error:
        return why(error)
    return None


def _original(journal: Journal, run: Run, record: FileRecord, target: Target) -> bytes | None:
    """What to give the file back; None when it has it already. Raises Refused when it changed since the run."""
    now = sha256(target.data)
    if now == record.before:
        return None
    if now != record.after:
        raise Refused(CHANGED)
    path = journal.original(run.id, record.path)
    try:
        data, _ = read_regular(path)
    except OSError as error:
        raise Refused(f"its backup cannot be read: {why(error)}") from error
    if sha256(data) != record.before:
        raise Refused("its backup is damaged")
    return data


def sweep(root: str, run: Run) -> None:
    """Remove the run's temporary files beside the pages."""
    folders: set[str] = set()
    for number, record in enumerate(run.files):
        try:
            check_path(record.target)
        except Refused:
            continue
        folder = os.path.dirname(os.path.join(root, *record.target.split("/")))
        for name in run.leftover_names(number):
            remove(os.path.join(folder, name))
        folders.add(folder)
    flush_folders(folder for folder in folders if os.path.isdir(folder))
