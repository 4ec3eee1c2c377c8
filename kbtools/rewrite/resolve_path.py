"""Resolves the path of a change to a file of the vault; never through a link that leads out of it."""

# ruff: noqa: PTH118, PTH120

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from kbtools.errors import KbError
from kbtools.rewrite.disk import READ, mode_of

SHOWN = 10
CHANGED = "changed since the run"
_NEVER = frozenset({".git", ".hg", ".svn", ".jj", ".bzr", "git~1", ".kb"})
"""Folders of other programs and of kb's results: a file there could be executed, so nothing there is rewritten."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not changed, with the reason."""

    path: str
    """Relative to the vault, with ``/``."""
    reason: str


_HINT = "remove the cause, then run the command again"


class RefusedError(KbError):
    """Files that cannot be rewritten; nothing was written. ``refusals`` lists all, the message the first ten."""

    def __init__(self, what: str, refusals: Sequence[Refusal], hint: str | None = None) -> None:
        self.refusals = tuple(refusals)
        shown = "; ".join(f"{refusal.path} ({refusal.reason})" for refusal in self.refusals[:SHOWN])
        more = len(self.refusals) - SHOWN
        super().__init__(f"{what}: {shown}" + (f"; and {more} more" if more > 0 else ""), hint or _HINT)


class Refused(Exception):
    """This file cannot be rewritten or restored; the text is the reason. Used only within this package."""


class Gone(Refused):
    """The file or folder does not exist."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file as it is now."""

    real: str
    """Absolute, no symbolic link in it."""
    data: bytes
    status: os.stat_result

    @property
    def folder(self) -> str:
        return os.path.dirname(self.real)

    def unchanged(self) -> bool:
        """Whether the path still refers to this file, with the same content, mode and time."""
        try:
            data, status = read_regular(self.real)
        except (OSError, Refused):
            return False
        old = self.status
        same = (status.st_ino, status.st_dev, mode_of(status), status.st_mtime_ns, status.st_nlink) == (
            old.st_ino,
            old.st_dev,
            mode_of(old),
            old.st_mtime_ns,
            old.st_nlink,
        )
        return same and data == self.data


def check_path(path: str) -> None:
    """Refuse anything but a plain relative path with ``/``. Applies to manifests too, which are not trusted."""
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Refused("not a plain path relative to the vault")
    if any(part.lower().rstrip(" .") in _NEVER for part in parts):
        raise Refused("files of programs are not pages")
    if os.name == "nt" and any(":" in part or "\\" in part for part in parts):
        raise Refused("not a plain path relative to the vault")


class Locator:
    """Finds and reads files of one vault, caching its folders."""

    def __init__(self, root: str, store: str) -> None:
        self.root = os.path.realpath(root)
        self._store = os.path.realpath(store)
        self._folders: dict[str, str] = {}
        self._writable: dict[str, bool] = {}

    def locate(self, path: str) -> str:
        """The real path of a file. Raises Refused when it does not exist or is outside the vault."""
        try:
            real = self._in_folder(path)
            if stat.S_ISLNK(os.lstat(real).st_mode):
                real = os.path.realpath(real, strict=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Gone("no such file") from error
        except (OSError, ValueError) as error:  # a loop of links, a name the system cannot hold
            raise Refused(f"cannot be found: {why(error)}") from error
        return self._checked(real)

    def place(self, path: str) -> str:
        """The real path of a file that need not exist, in a folder that must exist and be writable.

        Raises Refused.
        """
        try:
            real = self._in_folder(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Gone("there is no such folder") from error
        except (OSError, ValueError) as error:
            raise Refused(f"cannot be found: {why(error)}") from error
        try:
            os.lstat(real)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:  # a name the system cannot hold
            raise Refused(f"{path} cannot be a file's name: {why(error)}") from error
        self._check_folder(os.path.dirname(real))
        return self._checked(real)

    def place_for_new(self, path: str) -> tuple[str, list[str]]:
        """The real path of a file to create, and the folders to create for it, outermost first. Raises Refused."""
        check_path(path)
        there, missing = path.rpartition("/")[0], list[str]()
        while there and not os.path.lexists(os.path.join(self.root, there)):
            there, _, name = there.rpartition("/")
            missing.insert(0, name)
        if not missing:
            return self.place(path), []
        real = self.place(f"{there}/{missing[0]}" if there else missing[0])
        folders = [os.path.join(real, *missing[1:n]) for n in range(1, len(missing) + 1)]
        return os.path.join(folders[-1], path.rpartition("/")[2]), folders

    def _in_folder(self, path: str) -> str:
        check_path(path)
        folder, _, name = path.rpartition("/")
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(os.path.join(self.root, folder), strict=True)
        return os.path.join(real, name)

    def _checked(self, real: str) -> str:
        if not _inside(real, self.root):
            raise Refused("a symbolic link leads out of the vault")
        if _inside(real, self._store):
            raise Refused("a symbolic link leads into the backups")
        return real

    def _check_folder(self, folder: str) -> None:
        if folder not in self._writable:
            self._writable[folder] = _may(folder, os.W_OK | os.X_OK)
        if not self._writable[folder]:
            raise Refused("its folder is read-only")

    def read(self, path: str) -> Target:
        """The file, if it may be replaced. Raises Refused with the reason."""
        real = self.locate(path)
        try:
            data, status = read_regular(real)
        except OSError as error:
            raise Refused(f"cannot be read: {why(error)}") from error
        if status.st_nlink > 1:
            raise Refused(f"has {status.st_nlink} names (hard links), which rewriting would part")
        # A read-only mode is respected for root too: it was set to protect the file.
        if not status.st_mode & stat.S_IWUSR or not _may(real, os.W_OK):
            raise Refused("read-only")
        self._check_folder(os.path.dirname(real))
        return Target(real, data, status)

    def relative(self, real: str) -> str:
        return os.path.relpath(real, self.root).replace(os.sep, "/")


def read_regular(path: str) -> tuple[bytes, os.stat_result]:
    """Bytes and status of a regular file, from the same open descriptor. Raises OSError, or Refused otherwise."""
    fd = os.open(path, READ)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("not a regular file")
        parts = []
        while part := os.read(fd, max(status.st_size + 1, 65536)):
            parts.append(part)
        return b"".join(parts), status
    finally:
        os.close(fd)


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _may(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def why(error: Exception) -> str:
    """The message of an OSError, without number and path."""
    return getattr(error, "strerror", None) or str(error)
