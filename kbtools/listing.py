"""Which files a vault has, without opening one: paths, and the stamps by which a changed file is known."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from kbtools.config import ALWAYS_IGNORED, MAX_PAGE_SIZE, Project

Stamp = tuple[int, int, int]
"""Time of the last change of the bytes and of the file, in nanoseconds, and the size in bytes."""
Mark = tuple[int, int, int, str | None]
"""A file's stamp, and the digest of its bytes where the stamp alone cannot be trusted."""
_COARSE = 1_000_000_000
"""A time of whole seconds is that of a file system which knows no finer; in nanoseconds."""


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Entry(NamedTuple):
    """One file of the vault, or something in it that cannot be looked at."""

    path: str
    """Relative to the vault, with ``/``."""
    file: str
    """Where it is on disk."""
    stamp: Stamp | None = None
    """Of pages only; None where it could not be had."""
    trouble: str | None = None
    """Why it cannot be looked at."""

    @property
    def shown(self) -> str:
        """The path as text; a name that is not UTF-8 is written with escapes."""
        if self.path.isascii():  # most: this is asked of every file at every check
            return self.path
        return self.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    @property
    def known_stamp(self) -> Stamp:
        """The stamp, or what stands for it where there is none: what is wrong."""
        return self.stamp or (0, 0, crc32((self.trouble or "").encode()))

    def digest(self) -> str:
        """Of the bytes; what is wrong where they cannot be read."""
        try:
            return digest(Path(self.file).read_bytes())
        except OSError as e:
            return f"not read: {e.strerror}"

    @property
    def is_page(self) -> bool:
        return self.path.endswith(".md")


@dataclass(frozen=True, slots=True)
class Listing:
    """What the vault holds now."""

    entries: Mapping[str, Entry]
    """Pages, and what cannot be looked at, by path."""
    attachments: frozenset[str]
    began: int
    """When looking began: nanoseconds since the epoch."""

    @classmethod
    def of(cls, project: Project) -> Listing:
        began = time.time_ns()
        entries: dict[str, Entry] = {}
        attachments: set[str] = set()
        for entry in walk(project.vault, project.config.exclude, project.config.max_page_size):
            if entry.is_page or entry.trouble is not None:
                entries[entry.shown] = entry
            else:
                attachments.add(entry.shown)
        return cls(entries, frozenset(attachments), began)

    def is_young(self, entry: Entry) -> bool:
        """Whether a file was changed so lately that it may change again within the same tick of the clock, so that its
        stamp does not tell (git does the same; see its documentation on racy entries).
        """
        stamp = entry.known_stamp
        return max(stamp[:2]) >= self.began - (2 * _COARSE if stamp[0] % _COARSE == 0 else _COARSE // 20)

    def mark(self, path: str) -> Mark:
        """How the file is known again: a young one by its bytes."""
        entry = self.entries[path]
        return (*entry.known_stamp, entry.digest() if entry.trouble is None and self.is_young(entry) else None)


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a vault path falls under a glob; ``**`` spans folders, a folder's name covers all in it."""
    return any(_glob(path, g) for g in globs)


def _glob(path: str, glob: str) -> bool:
    glob = glob.strip("/")
    if fnmatch.fnmatchcase(path, glob) or path.startswith(glob + "/"):
        return True
    return glob.startswith("**/") and fnmatch.fnmatchcase(path, glob[3:])


def walk(root: Path, exclude: tuple[str, ...] = (), largest: int = MAX_PAGE_SIZE) -> Iterator[Entry]:
    """Files below a folder in a stable order. Linked folders are not entered: a loop has no end.

    A page of more than ``largest`` bytes is not to be looked at: it is something that was never written as a page.
    """
    inside = os.path.realpath(root)
    stack = [("", str(root))]
    while stack:
        prefix, folder = stack.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=_name)
        except OSError as e:
            yield Entry(prefix.rstrip("/"), folder, None, f"the folder cannot be listed: {e.strerror}")
            continue
        below = []
        for entry in entries:
            name = entry.name
            path = prefix + name
            if name in ALWAYS_IGNORED or (exclude and matches(path, exclude)):
                continue
            if entry.is_symlink():
                yield _sized(_linked(path, entry.path, inside), largest)
            elif entry.is_file(follow_symlinks=False):
                stamp = _stamp(entry) if name.endswith(".md") else None
                file = Entry(path, entry.path, stamp)
                yield _sized(file, largest) if stamp and stamp[2] > largest else file
            elif entry.is_dir(follow_symlinks=False):
                below.append((path + "/", entry.path))
        stack += reversed(below)


def _sized(entry: Entry, largest: int) -> Entry:
    """The entry, with its trouble if it is a page of more bytes than are read."""
    if entry.trouble or entry.stamp is None or entry.stamp[2] <= largest or not entry.is_page:
        return entry
    size = f"{entry.stamp[2] / 2**20:,.1f} MiB, and max_page_size is {largest / 2**20:,.1f} MiB"
    return entry._replace(trouble=f"the page is too large: {size}")


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return None  # deleted since: reading it says so
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _linked(path: str, file: str, inside: str) -> Entry:
    try:
        target = os.path.realpath(file, strict=True)
        status = Path(target).stat()
    except OSError as e:
        why = "is a loop" if "loop" in (e.strerror or "").lower() or "levels" in str(e).lower() else "leads nowhere"
        return Entry(path, file, None, f"the symbolic link {why}")
    if target != inside and not target.startswith(inside + os.sep):
        return Entry(path, file, None, "the symbolic link leads out of the vault")
    if Path(target).is_dir():
        return Entry(path, file, None, "linked folders are not followed")
    return Entry(path, file, (status.st_mtime_ns, status.st_ctime_ns, status.st_size))


def files(root: Path, exclude: tuple[str, ...] = ()) -> Iterator[tuple[str, Path]]:
    """Every file that could be opened, with its path in the vault."""
    return ((e.path, Path(e.file)) for e in walk(root, exclude) if e.trouble is None)
