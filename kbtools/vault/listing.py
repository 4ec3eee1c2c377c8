"""Lists the files of a vault, and detects changed ones by their stamps, without opening them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, chain
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple, Protocol
from zlib import crc32

from kbtools.config.globs import matches
from kbtools.config.project import NEVER_READ, Config, Project

Stamp = tuple[int, int, int]
"""Modification time (mtime) and status change time (ctime) in nanoseconds, and size in bytes."""
Mark = tuple[int, int, int, str | None]
"""A file's stamp, and a digest of its bytes when the stamp alone cannot detect a change."""
_COARSE = 1_000_000_000
"""One second in nanoseconds: times in whole seconds come from a file system with that resolution."""


def digest(data: bytes) -> str:
    from _blake2 import blake2b  # the same as hashlib's, without loading OpenSSL

    return blake2b(data, digest_size=16).hexdigest()


OTHER_FORMATS = (".mdx", ".markdown", ".mdown", ".mkdn", ".mkd", ".ipynb", ".qmd", ".rmd")
"""File extensions that other programs treat as pages. kb reads only ``.md``."""


class FileEntry(NamedTuple):
    """One file of the vault, or a path in it that cannot be read."""

    path: str
    """Relative to the vault, with ``/``."""
    file: str
    """Where it is on disk."""
    stamp: Stamp | None = None
    """Stamp of a page; None if it could not be read, and for other files."""
    trouble: str | None = None
    """Why it cannot be read."""
    is_only_unread: bool = False
    """A link to a folder where no site is made: nothing shows its pages unchecked."""

    @property
    def shown(self) -> str:
        """The path as text; a name that is not UTF-8 is written with escapes."""
        return _shown(self.path)

    @property
    def known_stamp(self) -> Stamp:
        """The stamp; without one, the error."""
        return self.stamp or (0, 0, crc32((self.trouble or "").encode()))

    def digest(self) -> str:
        """Digest of the bytes; of the error when they cannot be read."""
        try:
            return digest(Path(self.file).read_bytes())
        except OSError as e:
            return f"not read: {e.strerror}"

    @property
    def is_page(self) -> bool:
        return self.path.endswith(".md")


class FileEntries(Mapping[str, FileEntry]):
    """Pages, and paths that cannot be read, by path as text (``shown``).

    Most entries only need a stamp; they are created on first access.
    """

    def __init__(self, root: str, stamps: Mapping[str, Stamp], odd: Mapping[str, FileEntry]) -> None:
        self._root = root
        self.stamps = stamps
        """Pages that are plain files, by path."""
        self.odd = odd
        """All others."""

    def __getitem__(self, path: str) -> FileEntry:
        stamp = self.stamps.get(path)
        return self.odd[path] if stamp is None else FileEntry(path, f"{self._root}/{path}", stamp)

    def __contains__(self, path: object) -> bool:
        return path in self.stamps or path in self.odd

    def __iter__(self) -> Iterator[str]:
        return chain(self.stamps, self.odd)

    def __len__(self) -> int:
        return len(self.stamps) + len(self.odd)


class Listing(NamedTuple):
    """The files of a vault at one time."""

    entries: FileEntries
    attachments: frozenset[str]
    began: int
    """Time at which listing began, in nanoseconds since the epoch."""

    @classmethod
    def of(cls, project: Project) -> Listing:
        began = time.time_ns()
        return cls(*list_files(project.vault, project.config), began)

    def after(self, project: Project, changed: Iterable[str]) -> Listing | None:
        """The files after some paths changed, by the status of these alone. None where more than the text of pages
        changed, so that the vault must be listed again."""
        began = time.time_ns()
        stamps = dict(self.entries.stamps)
        for path in changed:
            try:
                status = os.lstat(project.vault / path)
            except OSError:
                known = chain(stamps, self.attachments, self.entries.odd)
                if any(other == path or other.startswith(f"{path}/") for other in known):
                    return None
                continue  # such as what an editor writes before it replaces a page
            if path not in stamps or not S_ISREG(status.st_mode) or status.st_size > project.config.max_page_size:
                return None
            stamps[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        return self._replace(entries=FileEntries(str(project.vault), stamps, self.entries.odd), began=began)

    @property
    def pages(self) -> frozenset[str]:
        """The paths of all pages."""
        odd = (path for path, entry in self.entries.odd.items() if entry.is_page)
        return frozenset(chain(self.entries.stamps, odd))

    @property
    def unread(self) -> list[str]:
        """Files that may be intended as pages but are not read."""
        return sorted(path for path in self.attachments if path.lower().endswith(OTHER_FORMATS))

    def stamps(self) -> Mapping[str, Stamp]:
        """The mark of every entry, for a new index."""
        return {**self.entries.stamps, **{path: entry.known_stamp for path, entry in self.entries.odd.items()}}

    def is_young(self, entry: FileEntry) -> bool:
        """Whether a file was changed so recently that it may change again within the same clock tick, so that its
        stamp does not reveal the change (as in git; see its documentation on racy entries)."""
        return self._is_young(entry.known_stamp)

    def _is_young(self, stamp: Stamp) -> bool:
        return max(stamp[:2]) >= self.began - (2 * _COARSE if stamp[0] % _COARSE == 0 else _COARSE // 20)

    def mark(self, path: str) -> Mark:
        """The mark by which changes of the file are detected: includes a digest if it was modified recently."""
        stamp = self.entries.stamps.get(path)
        if stamp is not None and not self._is_young(stamp):
            return (*stamp, None)  # the usual case, for which no Entry is created
        entry = self.entries[path]
        return (*entry.known_stamp, entry.digest() if entry.trouble is None and self.is_young(entry) else None)


def unread_message(paths: Sequence[str]) -> str:
    """One line about files that are not read."""
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    ways = ["rename what is a page"] if any(not path.lower().endswith(".ipynb") for path in paths) else []
    ways += ["`kb import` makes pages of notebooks"] if any(path.lower().endswith(".ipynb") for path in paths) else []
    return f"not read, since only .md files are pages: {named}; {', '.join(ways)}; `exclude` quiets this"


def _shown(path: str) -> str:
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Patterns(Protocol):
    """Patterns as in a ``.gitignore``."""

    def match_file(self, file: str) -> bool: ...


class Exclusion:
    """Decides which files of a vault are neither pages nor link targets.

    Files and folders whose names begin with a dot, some folders of programs, those that ``exclude`` names, and those
    that MkDocs does not publish: ``exclude_docs``, ``draft_docs``, and ``/templates/`` by default.
    """

    def __init__(self, config: Config) -> None:
        self._globs = config.exclude
        self._templates = config.mkdocs is not None
        self._unpublished: tuple[_Patterns, ...] = ()
        if config.mkdocs is not None and (config.mkdocs.exclude_docs or config.mkdocs.draft_docs):
            from pathspec.gitignore import GitIgnoreSpec  # what MkDocs matches with

            excluded = (".*", "/templates/", *config.mkdocs.exclude_docs.splitlines())
            drafts = config.mkdocs.draft_docs.splitlines()
            self._unpublished = (GitIgnoreSpec.from_lines(excluded), GitIgnoreSpec.from_lines(drafts))
            self._templates = False  # the patterns decide about templates

    def leaves_out(self, path: str, name: str) -> bool:
        """Whether a file or folder is excluded, within a folder that is not. ``name`` is the last part of its path."""
        return name.startswith(".") or name in NEVER_READ or (bool(self._globs) and matches(path, self._globs))

    def is_unpublished(self, path: str) -> bool:
        """Whether MkDocs leaves a file out."""
        return (self._templates and path.startswith("templates/")) or any(p.match_file(path) for p in self._unpublished)

    def covers(self, path: str) -> bool:
        """Whether a file, given by its whole path, is neither a page nor a target."""
        return self.is_unpublished(path) or self.is_excluded(path) or any(p.startswith(".") for p in path.split("/"))

    def is_excluded(self, path: str) -> bool:
        """Whether kb leaves out a file that MkDocs would publish."""
        return not NEVER_READ.isdisjoint(path.split("/")) or any(
            matches(folder, self._globs) for folder in accumulate(path.split("/"), "{}/{}".format)
        )


def list_files(root: Path, config: Config) -> tuple[FileEntries, frozenset[str]]:
    """Pages below a folder, and the paths of all other files. Linked folders are not entered, because they may form
    loops. A page of more than ``max_page_size`` bytes is reported and not read."""
    exclusion, largest = Exclusion(config), config.max_page_size
    left_out, unpublished = exclusion.leaves_out, exclusion.is_unpublished
    selective = config.mkdocs is not None
    top = str(root)
    inside = os.path.realpath(root)
    stamps: dict[str, Stamp] = {}
    others: list[str] = []
    odd: list[FileEntry] = []
    folders = [""]
    while folders:
        prefix = folders.pop()
        here: dict[str, Stamp] = {}
        try:
            with _scan(f"{top}/{prefix}") as found:
                for entry in found:
                    name = entry.name
                    path = prefix + name
                    if left_out(path, name):
                        continue
                    if not entry.is_file(follow_symlinks=False):
                        if entry.is_symlink():
                            if selective and unpublished(path):
                                continue
                            odd.append(_linked(path, f"{top}/{path}", inside, selective=selective))
                        elif entry.is_dir(follow_symlinks=False):
                            folders.append(path + "/")
                    elif selective and unpublished(path):
                        continue
                    elif not name.endswith(".md"):
                        others.append(path)
                    else:
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except OSError:
                            odd.append(FileEntry(path, f"{top}/{path}"))  # deleted since: reading reports that
                            continue
                        here[path] = stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
                        if stamp[2] > largest:
                            odd.append(FileEntry(path, f"{top}/{path}", stamp))
        except OSError as e:
            odd.append(FileEntry(prefix[:-1], f"{top}/{prefix}", None, f"the folder cannot be listed: {e.strerror}"))
        if selective and f"{prefix}index.md" in here:
            here.pop(f"{prefix}README.md", None)  # MkDocs has only one page for an address: the index
        if not _is_text("".join(here)):
            odd += (FileEntry(path, f"{top}/{path}", stamp) for path, stamp in here.items() if not _is_text(path))
        stamps.update(here)
    attachments = set(map(_shown, others))
    strange: dict[str, FileEntry] = {}
    for entry_ in odd:
        stamps.pop(entry_.path, None)
        if (one := sized(entry_, largest)).is_page or one.trouble is not None:
            strange[one.shown] = one
        else:
            attachments.add(one.shown)
    return FileEntries(top, stamps, strange), frozenset(attachments)


@contextmanager
def _scan(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """The entries of a folder, by its descriptor if the system supports that: then names are not resolved from the
    root."""
    if os.scandir not in os.supports_fd:
        with os.scandir(folder) as found:
            yield found
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with os.scandir(descriptor) as found:
            yield found
    finally:
        os.close(descriptor)


def sized(entry: FileEntry, largest: int) -> FileEntry:
    """The entry, with a problem if it is a page with too many bytes."""
    if entry.trouble or entry.stamp is None or entry.stamp[2] <= largest or not entry.is_page:
        return entry
    size = f"{entry.stamp[2] / 2**20:,.1f} MiB, and max_page_size is {largest / 2**20:,.1f} MiB"
    return entry._replace(trouble=f"the page is too large: {size}")


def _linked(path: str, file: str, inside: str, *, selective: bool) -> FileEntry:
    """The file that a symbolic link leads to, or why it is not read; ``selective`` if MkDocs makes a site, which has
    the pages of linked folders."""
    try:
        target = os.path.realpath(file, strict=True)
        status = Path(target).stat()
    except OSError as e:
        why = "is a loop" if "loop" in (e.strerror or "").lower() or "levels" in str(e).lower() else "leads nowhere"
        return FileEntry(path, file, None, f"the symbolic link {why}")
    if Path(target).is_dir():
        return FileEntry(path, file, None, "linked folders are not followed", is_only_unread=not selective)
    if target != inside and not target.startswith(inside + os.sep):
        return FileEntry(path, file, None, "the symbolic link leads out of the vault")
    return FileEntry(path, file, (status.st_mtime_ns, status.st_ctime_ns, status.st_size))
