"""Files of the vault copied into a session's folder: ``files=`` on fences, ``files`` by folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from kbtools.config.project import NEVER_READ
from kbtools.snippets import Snippet

_HASHED = 64 << 20
"""Bytes of a file up to which its content is part of the cache key; for larger ones size and timestamp are used."""


class File(NamedTuple):
    """A file to copy into a session's folder."""

    target: str
    """The path within that folder, with ``/``."""
    source: str
    digest: str


class FoundFiles(NamedTuple):
    """The files for a fence."""

    files: tuple[File, ...]
    missing: str | None = None
    """The first name for which no file exists."""


class PageFiles:
    """Finds files for the pages of one vault. Files outside of it and hidden files are never given to a fence."""

    def __init__(self, vault: Path, root: Path) -> None:
        """``root`` is the project's folder; ``files`` of the configuration are relative to it."""
        self.vault, self.root = vault.resolve(), root.resolve()

    def of_page(self, path: str, snippets: Iterable[Snippet], globs: tuple[str, ...]) -> dict[str, FoundFiles]:
        """The files for each snippet of a page, by its id, if there are any: those the fence names, and those the
        configuration names for the page's folder (``globs``)."""
        snippets = [s for s in snippets if s.executable and (s.options.files or globs)]
        given = self.of_project(globs) if snippets and globs else ()
        found = {}
        for snippet in snippets:
            files, missing = self.of_fence(path, snippet.options.files)
            found[snippet.id] = FoundFiles((*given, *files), missing)
        return found

    def of_fence(self, page: str, names: tuple[str, ...]) -> tuple[tuple[File, ...], str | None]:
        """The files that a fence of a page names, and the first name for which no file exists.

        A name is searched relative to the page's folder, then to the vault; then anywhere in the vault, if exactly
        one file has it.
        """
        folder = (self.vault / page).parent
        found: list[File] = []
        for name in names:
            here = [] if name.startswith("/") else list(self._within(folder, name))
            files = here or list(self._within(self.vault, name.lstrip("/"))) or list(self._called(name))
            if not files:
                return (), name
            base = folder if here else self.vault
            found += [File(self._target(file, base, name), str(file), _digest(file)) for file in files]
        return tuple(found), None

    def of_project(self, globs: tuple[str, ...]) -> tuple[File, ...]:
        """The files that the configuration names, with their paths in the project."""
        found = {
            file
            for glob in globs
            for file in _glob(self.root, glob.lstrip("/"))
            if file.is_file() and not NEVER_READ.intersection(file.relative_to(self.root).parts)
        }
        return tuple(File(f.relative_to(self.root).as_posix(), str(f), _digest(f)) for f in sorted(found))

    def _within(self, base: Path, name: str) -> Iterator[Path]:
        candidates = _glob(base, name) if any(char in name for char in "*?[") else [base / name]
        yield from (file for file in candidates if self._is_ours(file))

    def _called(self, name: str) -> Iterator[Path]:
        if "/" in name or any(char in name for char in "*?["):
            return
        found = []
        for folder, folders, files in os.walk(self.vault):
            folders[:] = [f for f in folders if not f.startswith(".") and f not in NEVER_READ]
            if name in files and self._is_ours(Path(folder, name)):
                found.append(Path(folder, name))
        if len(found) == 1:
            yield found[0]

    def _is_ours(self, file: Path) -> bool:
        """Whether a file is a regular file of the vault after resolving links, and not hidden."""
        try:
            real = file.resolve()
            inside = real.is_relative_to(self.vault) and real.is_file()
        except (OSError, ValueError, RuntimeError):
            return False
        parts = real.relative_to(self.vault).parts if inside else ()
        return inside and not any(part.startswith(".") or part in NEVER_READ for part in parts)

    @staticmethod
    def _target(file: Path, base: Path, name: str) -> str:
        """The name as the fence gives it, without ``..``; for a pattern, the path below the folder where the pattern
        begins."""
        parts = [part for part in PurePosixPath(name.lstrip("/")).parts if part not in ("..", ".")]
        if any(char in name for char in "*?["):
            return file.relative_to(base).as_posix() if file.is_relative_to(base) else file.name
        return "/".join(parts)


def _glob(base: Path, pattern: str) -> list[Path]:
    try:
        # Before Python 3.13, a pattern that ends in ** names folders alone.
        return sorted(base.glob(f"{pattern}/*" if pattern.endswith("**") else pattern))
    except (ValueError, NotImplementedError, IndexError, OSError):
        return []


def _digest(file: Path) -> str:
    try:
        stat = file.stat()
        if stat.st_size > _HASHED:
            return f"{stat.st_size} {stat.st_mtime_ns}"
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return "unreadable"
