"""The wiki on disk: which files are pages, which are attachments, and what cannot be read."""

from __future__ import annotations

import fnmatch
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kbtools.config import ALWAYS_IGNORED, Project
from kbtools.diagnostics import Problem
from kbtools.page import Page, decode, unreadable
from kbtools.source import Source, Span


@dataclass(frozen=True, slots=True)
class Vault:
    """All pages of a wiki, by path relative to the vault."""

    pages: Mapping[str, Page]
    attachments: frozenset[str]
    """Every other file, by path."""
    unread: Mapping[str, Page]
    """What is no page and could not be looked at (a link out of the vault, a locked folder), with its problem."""


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    file: str
    trouble: str | None = None


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a vault path falls under a glob; ``**`` spans folders, a folder's name covers all in it."""
    return any(_glob(path, g) for g in globs)


def _glob(path: str, glob: str) -> bool:
    glob = glob.strip("/")
    if fnmatch.fnmatchcase(path, glob) or path.startswith(glob + "/"):
        return True
    return glob.startswith("**/") and fnmatch.fnmatchcase(path, glob[3:])


def _walk(root: str, exclude: tuple[str, ...]) -> Iterator[_Entry]:
    """Files below a folder in a stable order. Linked folders are not entered: a loop has no end."""
    inside = os.path.realpath(root)
    stack = [("", root)]
    while stack:
        prefix, folder = stack.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as e:
            yield _Entry(prefix.rstrip("/"), folder, f"the folder cannot be listed: {e.strerror}")
            continue
        below = []
        for entry in entries:
            path = prefix + entry.name
            if entry.name in ALWAYS_IGNORED or (exclude and matches(path, exclude)):
                continue
            if entry.is_symlink():
                yield from _linked(path, entry.path, inside)
            elif entry.is_dir(follow_symlinks=False):
                below.append((path + "/", entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield _Entry(path, entry.path)
        stack += reversed(below)


def _linked(path: str, file: str, inside: str) -> Iterator[_Entry]:
    try:
        target = os.path.realpath(file, strict=True)
    except OSError as e:
        why = "is a loop" if "loop" in (e.strerror or "").lower() or "levels" in str(e).lower() else "leads nowhere"
        yield _Entry(path, file, f"the symbolic link {why}")
        return
    if target != inside and not target.startswith(inside + os.sep):
        yield _Entry(path, file, "the symbolic link leads out of the vault")
    elif Path(target).is_dir():
        yield _Entry(path, file, "linked folders are not followed")
    else:
        yield _Entry(path, file)


def files(root: Path, exclude: tuple[str, ...] = ()) -> Iterator[tuple[str, Path]]:
    """Every file that ``load`` would look at, with its path in the vault; nothing is opened."""
    return ((e.path, Path(e.file)) for e in _walk(str(root), exclude) if e.trouble is None)


def load(project: Project) -> Vault:
    """Read every page. What cannot be read becomes a page with a problem; nothing is raised for one file."""
    pages: dict[str, Page] = {}
    unread: dict[str, Page] = {}
    attachments: set[str] = set()
    for entry in _walk(str(project.vault), project.config.exclude):
        shown = entry.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        if entry.path.endswith(".md"):
            pages[shown] = _page(entry, shown)
        elif entry.trouble is None:
            attachments.add(shown)
        else:
            unread[shown] = _page(entry, shown)
    return Vault(pages, frozenset(attachments), unread)


def _page(entry: _Entry, shown: str) -> Page:
    trouble, advice = entry.trouble, "remove it, or name it in exclude"
    if trouble is None and shown != entry.path:
        trouble, advice = "the file's name is not UTF-8", "rename the file"
    if trouble is None:
        try:
            page = decode(entry.path, Path(entry.file).read_bytes())
        except OSError as e:
            trouble, advice = f"the file cannot be read: {e.strerror}", "check its permissions"
        else:
            return page
    return unreadable(Source(shown, ""), Problem("unreadable-page", Span(0, 0), trouble, advice))


def is_decomposed(path: str) -> bool:
    """Whether a path is written with combining characters, as macOS once stored it."""
    return not path.isascii() and unicodedata.normalize("NFC", path) != path
