"""Index in memory for long-running processes, with texts newer than those on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kbtools.config.project import Project
from kbtools.incremental.check import bring_up_to_date, check
from kbtools.incremental.database import FILE, Database
from kbtools.incremental.findings import load_findings
from kbtools.incremental.vault_context import VaultContext
from kbtools.text.diagnostics import Diagnostic
from kbtools.text.source import BOM, Source
from kbtools.vault.listing import FileEntries, FileEntry, Listing, Stamp, sized

# What reads and checks pages is imported when a page is first read: an editor is told what the index says before.
if TYPE_CHECKING:
    from kbtools.config.snippet_policy import Policies
    from kbtools.incremental.rows import Judge
    from kbtools.vault.links.linking import Linking
    from kbtools.vault.links.resolve import Resolver
    from kbtools.vault.outline import Outline
    from kbtools.vault.page import Page

Name = tuple[str, str, str | None]
"""A name, folded and as written, and the alias it is, if it is one."""


def _called(page: Outline) -> tuple[Name, ...]:
    from kbtools.links import fold_title

    aliases = ((fold_title(alias), alias, alias) for alias in page.aliases)
    return ((fold_title(page.title), page.title, None), *aliases)


class Resident:
    """The result of a check of a vault, updated after every edit.

    Raises KbError for a wrong configuration, when it is made and by ``refresh``.
    """

    def __init__(self, project: Project, judge: Judge | None = None) -> None:
        self.project = project
        self.policies = project.policies
        self.listing: Listing
        """The vault, with unsaved texts in place of those on disk (an overlay)."""
        self._judge = judge
        self._texts: dict[str, str] = {}
        self._edits = 0
        self._saved: dict[str, Source] = {}
        """The texts that are as on disk, so that the index holds for them."""
        self._pages: dict[str, tuple[Stamp, Page]] = {}
        checked = check(project, date.today(), judge=judge)  # brings the index on disk up to date
        self.listing = self._files = checked.listing
        self._context = VaultContext.of(project, self.listing)
        self._first = dict(checked.found)
        """The findings of pages, as they were when the vault was first read."""
        self._is_kept = not checked.notes
        """Whether the index is on disk."""

    def close(self) -> None:
        if "_db" in self.__dict__:
            self._db.close()

    @cached_property
    def _db(self) -> Database:
        """The index in memory, copied when something changes or other pages are asked for."""
        made = Database.in_memory(self.project.state / FILE)
        if not (self._is_kept and made.meta()):
            bring_up_to_date(made, self.project, self.listing, self._context, date.today(), self._judge, self.read)
        return made

    def prepare(self) -> None:
        """Do beforehand what the first edit would wait for."""
        from kbtools.incremental import update  # noqa: F401

        _ = self._db, self.called

    # -- changes ---------------------------------------------------------------------------------------------------

    def refresh(self, changed: Iterable[str] | None = None) -> None:
        """Read changes on disk: of these paths, or of any."""
        self._saved.clear()
        held = self._files.after(self.project, changed) if changed is not None else None
        listing = self._files = held or Listing.of(self.project)
        stamps, odd = dict(listing.entries.stamps), dict(listing.entries.odd)
        for path in self._texts:
            odd.pop(path, None)
            stamps[path] = self._stamp(path)
        self.listing = listing._replace(entries=FileEntries(str(self.project.vault), stamps, odd))
        self._context = VaultContext.of(self.project, self.listing)
        known = self.__dict__.get("linking")
        today = date.today()
        self._forget(
            bring_up_to_date(self._db, self.project, self.listing, self._context, today, self._judge, self.read, known)
        )

    def edit(self, path: str, text: str) -> None:
        """Set the unsaved text of a page, which takes precedence over the file; the page need not exist on disk."""
        if self._texts.get(path) == text:
            return
        if path not in self._texts and self._is_saved(path, text):
            self._texts[path] = text
            self._saved[path] = Source(path, text)
            return
        self._texts[path] = text
        self._saved.pop(path, None)
        self._edits += 1
        entries = self.listing.entries
        known = path in entries
        stamps = entries.stamps if isinstance(entries.stamps, dict) else dict(entries.stamps)
        stamps[path] = self._stamp(path)
        odd = {p: e for p, e in entries.odd.items() if p != path} if path in entries.odd else entries.odd
        self.listing = self.listing._replace(entries=FileEntries(str(self.project.vault), stamps, odd))
        if not known:
            self.refresh()  # the navigation or a canvas may link to it
            return
        from kbtools.incremental.update import TooManyChanges, VaultChange, update

        change = VaultChange(self.listing.entries, self._context, {path: self.listing.mark(path)}, reader=self.read)
        called = self.__dict__.get("called")
        try:
            with self._db.transaction():
                linking = update(self._db, change, self.project.config, date.today(), self._judge, self.linking)
        except TooManyChanges:
            self.refresh()
            return
        self._forget(linking)
        if called is not None:
            self.called = {**called, path: _called(self.resolver.outlines[path])}

    def drop(self, path: str) -> None:
        """Discard the unsaved text of a page: its file counts again."""
        if self._texts.pop(path, None) is not None:
            self.refresh((path,))

    def _is_saved(self, path: str, text: str) -> bool:
        """Whether a text is that of the file that the index was made from."""
        stamp = self.listing.entries.stamps.get(path)
        if stamp is None:
            return False
        file = Path(self.listing.entries[path].file)
        with suppress(OSError):
            data = file.read_bytes()
            status = file.lstat()
            return (
                data == text.encode("utf-8", "surrogatepass")
                and (status.st_mtime_ns, status.st_ctime_ns, status.st_size) == stamp
                and not data.startswith(BOM)
            )
        return False

    def _stamp(self, path: str) -> Stamp:
        """A stamp for an unsaved text, different for each text and from the stamp of any file."""
        return (0, self._edits, len(self._texts[path]))

    def read(self, entry: FileEntry, policies: Policies) -> Page:
        """The page of an entry, from its unsaved text if it has one."""
        from kbtools.vault.loading import read
        from kbtools.vault.page import decode

        text = self._texts.get(entry.path)
        if text is None:
            return read(entry, policies)
        data = text.encode("utf-8", "surrogatepass")
        known = sized(entry._replace(stamp=(0, 0, len(data))), self.project.config.max_page_size)
        return decode(entry.path, data, policies.of(entry.path)) if known.trouble is None else read(known, policies)

    def _forget(self, linking: Linking | None) -> None:
        """Drop what a change has made invalid. ``linking`` is that of the index as it is now, if it is known."""
        if linking is None or linking is not self.__dict__.get("linking"):
            for name in ("called", "linking"):
                self.__dict__.pop(name, None)
            if linking is not None:
                self.linking = linking
        self._pages = {path: held for path, held in self._pages.items() if self._is_current(path, held)}

    # -- queries ---------------------------------------------------------------------------------------------------

    @cached_property
    def linking(self) -> Linking:
        from kbtools.incremental.lookup import linking_of

        return linking_of(self._db, self.listing.attachments, self.project.config)

    @property
    def resolver(self) -> Resolver:
        return self.linking.resolver

    @cached_property
    def called(self) -> Mapping[str, tuple[Name, ...]]:
        """The names of every page, by path."""
        from kbtools.incremental.stored_outline import load_outline

        return {path: _called(load_outline(path, text)) for path, text in self._db.outlines()}

    def page(self, path: str) -> Page | None:
        """A page, parsed from its newest text."""
        if path not in self.listing.entries:
            return None
        entry = self.listing.entries[path]
        stamp = entry.known_stamp
        held = self._pages.get(path)
        if held is None or held[0] != stamp:
            held = self._pages[path] = (stamp, self.read(entry, self.policies))
        return held[1]

    def source(self, path: str) -> Source | None:
        """The text to which a page's findings refer."""
        if (saved := self._saved.get(path)) is not None:
            return saved
        page = self.page(path)
        return page.source if page is not None else None

    def _is_current(self, path: str, held: tuple[Stamp, Page]) -> bool:
        return path in self.listing.entries and self.listing.entries[path].known_stamp == held[0]

    def findings(self, path: str) -> list[Diagnostic]:
        """The findings of a page."""
        if "_db" in self.__dict__:
            row = self._db.row(path)
            found = row.found if row is not None else ""
        else:
            found = self._first.get(path, "")
        return list(load_findings(path, found)) if found else []

    def all_findings(self) -> Mapping[str, list[Diagnostic]]:
        """The findings of every page that has any."""
        return {path: list(load_findings(path, text)) for path, text in self._db.findings()}

    def linking_to(self, keys: Iterable[str]) -> list[str]:
        """Pages with a link or a frontmatter field that may refer to one of these folded names."""
        found = {path for key in keys for path in (*self._db.linking(key), *self._db.referring(key))}
        return sorted(found)
