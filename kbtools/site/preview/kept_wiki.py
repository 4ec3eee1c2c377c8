"""The wiki in memory: after a save only the pages that changed are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kbtools.config.project import Project, find_project
from kbtools.config.snippet_policy import Policies
from kbtools.incremental.stored_outline import outline_of
from kbtools.site.data.model import SiteModel, of_vault
from kbtools.vault.file_events import Changed
from kbtools.vault.listing import FileEntry, Listing
from kbtools.vault.loading import Vault, load, read
from kbtools.vault.page import Page

_SETTLED = 1_000_000_000
"""Nanoseconds after which an unchanged timestamp proves that a file is unchanged."""


class Refreshed(NamedTuple):
    """The current wiki, and the differences."""

    project: Project
    listing: Listing
    model: SiteModel
    edited: frozenset[str]
    """New or changed pages."""
    has_same_files: bool
    """Whether only published pages have changed: no other file was added or removed, and no setting changed."""


class KeptWiki:
    """Objects of unchanged pages are reused, with everything computed for them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._listing: Listing | None = None
        """None until the wiki is read."""
        self._vault: Vault
        self._model: SiteModel
        self._pages: dict[str, tuple[object, Page]] = {}

    def refresh(self, changed: Changed) -> Refreshed:
        """The wiki after some files have changed. Raises KbError if it cannot be read."""
        return self._with_pages(changed) or self._whole(changed)

    def page(self, path: str) -> Page | None:
        held = self._pages.get(path)
        return held[1] if held is not None else None

    def read(self, entry: FileEntry, policies: Policies) -> Page:
        """A page, read again only if its file or its policy may have changed."""
        held = self._pages.get(entry.path)
        mark = (entry.stamp, entry.trouble, policies.of(entry.path))
        is_settled = entry.stamp is not None and time.time_ns() - entry.stamp[0] > _SETTLED
        if held is not None and held[0] == mark and is_settled:
            return held[1]
        page = read(entry, policies)
        if held is not None and held[1].source.text == page.source.text and held[1].policy == page.policy:
            page = held[1]
        self._pages[entry.path] = mark, page
        return page

    def _with_pages(self, changed: Changed) -> Refreshed | None:
        """The wiki if only known pages have changed."""
        if changed is None or self._listing is None:
            return None
        paths = _inside(self.project.vault, changed)
        listing = self._listing.after(self.project, paths) if paths is not None else None
        if paths is None or listing is None:
            return None
        before = {path: self.page(path) for path in paths}
        policies = self.project.policies
        fresh = {path: self.read(listing.entries[path], policies) for path in paths if path in listing.entries.stamps}
        edited = frozenset(path for path, page in fresh.items() if page is not before[path])
        self._listing, self._vault = listing, self._vault._replace(pages={**self._vault.pages, **fresh})
        published = self._model.index.pages.keys()
        if all(_shows_the_same(before[path], fresh[path]) for path in edited):
            index = self._model.index.with_texts({path: fresh[path] for path in edited & published})
            self._model = replace(self._model, index=index)
        else:
            self._model = of_vault(self.project, self._vault)
        return Refreshed(self.project, listing, self._model, edited, published == self._model.index.pages.keys())

    def _whole(self, changed: Changed) -> Refreshed:
        project = self.project if self.project.foreign else find_project(self.project.root)
        before = {path: page for path, (_, page) in self._pages.items()}
        listed = self._listing
        published = self._model.index.pages.keys() if listed is not None else frozenset()
        self._listing = None  # if reading fails here, everything is read next time
        listing = Listing.of(project)
        vault = load(project, self.read, listing)
        self.project, self._listing, self._vault, self._model = project, listing, vault, of_vault(project, vault)
        self._pages = {path: held for path, held in self._pages.items() if path in vault.pages}
        edited = frozenset(path for path, page in vault.pages.items() if before.get(path) is not page)
        paths = _inside(project.vault, changed) if changed is not None else None
        has_same_files = (
            listed is not None
            and paths is not None
            and all(path in listing.entries.stamps or not os.path.lexists(project.vault / path) for path in paths)
            and listed.attachments == listing.attachments
            and listed.entries.odd.keys() == listing.entries.odd.keys()
            and published <= self._model.index.pages.keys()
            and listing.entries.stamps.keys() - listed.entries.stamps.keys() <= self._model.index.pages.keys()
        )
        return Refreshed(project, listing, self._model, edited, has_same_files)


def _inside(vault: Path, changed: Iterable[Path]) -> list[str] | None:
    """Paths in the vault; None if one is outside."""
    files = list(changed)
    if not all(file.is_relative_to(vault) for file in files):
        return None
    return sorted(file.relative_to(vault).as_posix() for file in files)


def _shows_the_same(before: Page | None, page: Page) -> bool:
    """Whether other pages read the same of a page as before."""
    if before is None or before.shown_title != page.shown_title:
        return False
    return outline_of(before) == outline_of(page)
