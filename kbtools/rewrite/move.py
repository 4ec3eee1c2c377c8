"""Renames a file so that it exists whole under the old or the new name at every moment.

A new name is never taken from an existing file: it is created as a hard link, which fails if the name exists, or on
file systems without hard links as an empty file, which is then replaced. The old name is removed after the new one is
on the disk.

Some file systems treat names that differ in case or Unicode normalization as equal (``same_entry``): there the file
is replaced under its old name and then respelled.
"""

# ruff: noqa: PTH104, PTH105, PTH108, PTH114, PTH118, PTH119, PTH120, PTH208

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass

from kbtools.rewrite.disk import claim, flush_folder, remove
from kbtools.rewrite.journal import FileRecord, Run, sha256
from kbtools.rewrite.resolve_path import CHANGED, Locator, Refused, Target, read_regular, why

OLD_TAKEN = "another file has its old name now"
NEW_TAKEN = "another file has its new name now"


def destination(locator: Locator, path: str, target: Target, to: str) -> str:
    """The path of a file after a rename. Raises Refused when the name exists or is not allowed."""
    if os.path.islink(os.path.join(locator.root, *path.split("/"))):
        raise Refused("a symbolic link is not renamed; rename the file it leads to")
    new = locator.place(to)
    if os.path.lexists(new) and not same_entry(target.real, new):
        raise Refused(f"{to} exists already")
    return new


def same_entry(one: str, other: str) -> bool:
    """Whether this file system treats two names in a folder as the same existing entry."""
    folder, name = os.path.split(one)
    if one == other or folder != os.path.dirname(other):
        return False
    try:
        a, b = os.lstat(one), os.lstat(other)
        # Two hard links are also the same file, but two entries.
        return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino) and not {name, os.path.basename(other)} <= set(
            os.listdir(folder)
        )
    except OSError:
        return False


def move(temp: str, target: Target, new: str) -> None:
    """Put a finished new text in its place under the new name, and remove the old name.

    Raises Refused when the file changed meanwhile, and OSError; the old name then still holds the file.
    """
    if same_entry(target.real, new):
        os.replace(temp, target.real)
        _respell(target.real, new, temp)
        return
    claim(temp, new)
    remove(temp)
    _remove_other_name(target, new, CHANGED)


def _remove_other_name(left: Target, taken: str, reason: str) -> None:
    """Remove the old name after the new one is on the disk. If the file has changed, removes the new name instead."""
    flush_folder(os.path.dirname(taken))
    if not left.unchanged():
        os.unlink(taken)
        raise Refused(reason)
    os.unlink(left.real)


def _respell(path: str, wanted: str, spare: str) -> None:
    """Respell a file's name where both spellings are the same entry."""
    os.rename(path, wanted)
    if not _spelled(wanted):
        # The file system stores no difference: nothing to do.
        os.rename(path, spare)
        claim(spare, wanted)
        remove(spare)


def _spelled(path: str) -> bool:
    return os.path.basename(path) in os.listdir(os.path.dirname(path))


@dataclass(frozen=True, slots=True)
class MovedNames:
    """Which names of a file renamed by a run exist now."""

    old_path: str
    new_path: str
    old: Target | None
    new: Target | None
    """Equal to ``old`` when both names are the same entry."""
    same: bool
    """Whether the file system treats both names as one."""

    def claimed(self, target: Target | None) -> bool:
        """Whether one of the names is an empty file: reserved by a run that was killed before it replaced it."""
        return target is not None and not target.data and not self.same


def read_names(locator: Locator, record: FileRecord) -> MovedNames:
    """Both names of a renamed file, as they are now. Raises Refused."""
    old, new = locator.place(record.path), locator.place(record.moved)
    if (locator.relative(old), locator.relative(new)) != (record.target, record.moved):
        raise Refused("a symbolic link now leads to another file")
    return MovedNames(old, new, _read(old), _read(new), same_entry(old, new))


def _read(path: str) -> Target | None:
    try:
        data, status = read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"cannot be read: {why(error)}") from error
    return Target(path, data, status)


def _digest(target: Target | None) -> str | None:
    return None if target is None else sha256(target.data)


def check_forward(locator: Locator, run: Run, number: int, holds: str | None) -> MovedNames | None:
    """What remains to be done for a renamed file of an interrupted run; None when it is done.

    ``holds`` is the checksum of the new text beside it, if that is still there. Raises Refused when it cannot be done.
    """
    record = run.files[number]
    names = read_names(locator, record)
    old, new = _digest(names.old), _digest(names.new)
    if names.same:
        if old not in (record.before, record.after):
            raise Refused(CHANGED)
        if old == record.before and record.after not in (record.before, holds):
            raise Refused("its new text is gone")
        return None if old == record.after and _spelled(names.new_path) else names
    if old not in (None, record.before):
        raise Refused(CHANGED if new is None else OLD_TAKEN)
    if new is not None and new != record.after and not names.claimed(names.new):
        raise Refused(NEW_TAKEN)
    if new == record.after:
        return None if old is None else names
    if old is None and not _case_only(record):
        raise Refused("no longer exists")
    if holds != record.after:
        raise Refused("its new text is gone")
    return names


def move_forward(names: MovedNames, record: FileRecord, temp: str) -> None:
    """Do what ``check_forward`` found left to do. Raises Refused or OSError."""
    if names.same:
        assert names.old is not None
        if sha256(names.old.data) != record.after:
            os.replace(temp, names.old_path)
        _respell(names.old_path, names.new_path, temp)
    elif _digest(names.new) == record.after:
        remove(temp)
        if names.old is not None:
            _remove_other_name(names.old, names.new_path, OLD_TAKEN)
    else:
        if names.claimed(names.new):
            os.unlink(names.new_path)
        if names.old is not None:
            move(temp, names.old, names.new_path)
        else:
            claim(temp, names.new_path)
            remove(temp)


def check_back(names: MovedNames, record: FileRecord) -> bool:
    """Whether a renamed file has its old name and content; the new name left by the run is removed.

    Raises Refused when it has not and cannot be given them.
    """
    old, new = _digest(names.old), _digest(names.new)
    if names.same:
        if old not in (record.before, record.after):
            raise Refused(CHANGED)
        return old == record.before and _spelled(names.old_path)
    if old == record.before:
        if names.new is not None and (new == record.after or names.claimed(names.new)):
            if not names.new.unchanged():
                raise Refused(CHANGED)
            os.unlink(names.new_path)
        return True
    if old is not None and (new != record.after or not names.claimed(names.old)):
        raise Refused(CHANGED if new is None else OLD_TAKEN)
    if new is None and not _case_only(record):
        raise Refused("no longer exists")
    if new is not None and new != record.after:
        raise Refused(CHANGED)
    return False


def move_back(names: MovedNames, beside: str) -> None:
    """Put a finished original in its place under the old name, and remove the new name. Raises Refused, OSError."""
    if names.same:
        assert names.old is not None
        if not names.old.unchanged():
            raise Refused(CHANGED)
        os.replace(beside, names.new_path)
        _respell(names.new_path, names.old_path, beside)
        return
    if names.claimed(names.old):
        os.unlink(names.old_path)
    claim(beside, names.old_path)
    remove(beside)
    if names.new is not None:
        _remove_other_name(names.new, names.old_path, CHANGED)


def _case_only(record: FileRecord) -> bool:
    """Whether a run only respells a name. Where that takes two steps, a kill can occur between them."""
    return _folded(record.target) == _folded(record.moved)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
