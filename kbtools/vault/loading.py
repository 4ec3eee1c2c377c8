"""Reads the pages of a vault."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from kbtools.config.project import Project, project_or_folder
from kbtools.config.snippet_policy import Policies
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Source, Span
from kbtools.vault.listing import FileEntry, Listing
from kbtools.vault.names import STRICT, Conventions
from kbtools.vault.page import Page, decode, unreadable
from kbtools.vault.ways_in import ways_in

Reader = Callable[[FileEntry, Policies], Page]
"""Reads and parses the page in a file; the policies determine how its code is treated."""


class Vault(NamedTuple):
    """All pages of a wiki, by path relative to the vault."""

    pages: Mapping[str, Page]
    attachments: frozenset[str]
    """Every other file, by path."""
    unread: Mapping[str, Page]
    """Paths other than pages that could not be read (a link out of the vault, a locked folder), with the problem."""
    conventions: Conventions = STRICT
    ways_in: frozenset[str] = frozenset()
    """Pages that the navigation or a canvas links to."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vault:
        """The pages of the project that contains ``path``, or of any folder of Markdown. Raises KbError if there is
        no such folder, or the project's configuration is not valid."""
        return load(project_or_folder(Path(path)))


def load(project: Project, reader: Reader | None = None, listing: Listing | None = None) -> Vault:
    """Reads all pages. A file that cannot be read becomes a page with a problem; no exception is raised for single
    files. ``listing`` provides the files, if known."""
    reader = reader or read
    policies = project.policies
    entries, attachments, _ = listing or Listing.of(project)
    pages: dict[str, Page] = {}
    unread: dict[str, Page] = {}
    for path, entry in entries.items():
        (pages if entry.is_page else unread)[path] = reader(entry, policies)
    found = ways_in(project, pages, attachments)
    return Vault(pages, attachments, unread, Conventions.of(project.config), found)


def read(entry: FileEntry, policies: Policies) -> Page:
    """The page in a file; an unreadable one, with its problem, if it is no text. ``policies`` determine how its code
    is treated."""
    trouble, advice, shown = entry.trouble, "remove it, or name it in exclude", entry.shown
    if trouble is None and shown != entry.path:
        trouble, advice = "the file's name is not UTF-8", "rename the file"
    if trouble is None:
        try:
            data = _bytes_of(entry.file, entry.stamp[2] if entry.stamp else 0)
            return decode(entry.path, data, policies.of(entry.path))
        except OSError as e:
            trouble, advice = f"the file cannot be read: {e.strerror}", "check its permissions"
    severity = Severity.WARNING if entry.is_only_unread else None
    return unreadable(Source(shown, ""), Problem("unreadable-page", Span(0, 0), trouble, advice, severity=severity))


def _bytes_of(file: str, size: int) -> bytes:
    """The content of a file that had ``size`` bytes when it was found. Avoids the objects of ``open`` because there
    may be many pages."""
    opened = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(opened, size + 1)
        if len(data) == size:
            return data
        parts = [data]
        while more := os.read(opened, 1 << 16):
            parts.append(more)
        return b"".join(parts)
    finally:
        os.close(opened)


def is_decomposed(path: str) -> bool:
    """Whether a path contains combining characters, as macOS once stored it."""
    return not path.isascii() and not unicodedata.is_normalized("NFC", path)
