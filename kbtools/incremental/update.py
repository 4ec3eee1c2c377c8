"""Updates the index after a change: reads changed files, finds the pages affected, checks those again.

The findings of a page depend on

- its own text;
- the pages called by a name that one of its links may mean, and the pages to which those redirect;
- the canonical spelling of those pages, which depends on the other pages called by one of their names;
- whether any page links to it;
- where it has a broken link, all names of the vault, since any of them may be suggested;
- for some rules, the current date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from kbtools.check.checker import Checker
from kbtools.config.project import Config
from kbtools.config.snippet_policy import RUN, Policies
from kbtools.incremental.database import Database, Row
from kbtools.incremental.lookup import StoredNameTable, linking_of
from kbtools.incremental.rows import Judge, finding_row, link_row, outline_row
from kbtools.incremental.stored_outline import load_outline
from kbtools.incremental.vault_context import VaultContext
from kbtools.links import fold_title
from kbtools.rules import ANY_FILE
from kbtools.vault.links.graph import PageLinks, links_of
from kbtools.vault.links.linking import Linking, Replacement
from kbtools.vault.listing import FileEntry, Mark
from kbtools.vault.loading import Reader, read
from kbtools.vault.names import FileNames, NameRecord, name_keys, reference_keys
from kbtools.vault.outline import Outline
from kbtools.vault.page import Page

_SHARE = 4
"""When more than one page in this many is affected, a full check on all cores is faster."""
_FEW = 100
"""Up to this number of affected pages, a full check is never worth it."""


class TooManyChanges(Exception):
    """The change affects so many pages that a full check is faster."""


class VaultChange(NamedTuple):
    """Differences between the disk and the database."""

    entries: Mapping[str, FileEntry]
    """All current entries of the vault except attachments, by path."""
    context: VaultContext
    changed: Mapping[str, Mark]
    """New and changed entries, with the mark to store."""
    gone: tuple[str, ...] = ()
    moved_attachments: frozenset[str] = frozenset()
    """Attachments that were added or removed."""
    turned: tuple[str, ...] = ()
    """Pages whose findings change with the date."""
    opened: frozenset[str] = frozenset()
    """Pages that the navigation or a canvas newly links to."""
    closed: frozenset[str] = frozenset()
    """Pages that the navigation or a canvas no longer links to."""
    reader: Reader | None = None
    """Reads a page; given by programs that hold unsaved texts."""
    is_limited: bool = True
    """Whether a full check is made instead if the change affects too many pages."""

    def require_few(self, entries: int) -> None:
        """Raises TooManyChanges when a full check is faster for this number of entries."""
        if self.is_limited and entries > _FEW and entries * _SHARE > len(self.entries):
            raise TooManyChanges


class IndexUpdate:
    """Applies a change, within a transaction of the caller, in two steps, so that a caller may check some of the
    affected pages later. Both raise TooManyChanges, after which the caller rolls back, and KbError for a bad schema."""

    def __init__(
        self,
        db: Database,
        change: VaultChange,
        config: Config,
        today: date,
        judge: Judge | None,
        linking: Linking | None = None,
    ) -> None:
        self.linking = linking or linking_of(db, FileNames(change.context.attachments), config)
        """How links are resolved: that of the state before the change (``linking``, if it is known) until
        ``put_outlines``."""
        self._db, self._change, self._config, self._today, self._judge = db, change, config, today, judge
        self._policies = Policies(config.snippets, RUN)  # as a check from scratch reads them
        self._pages: dict[str, Page] = {}

    def put_outlines(self) -> set[str]:
        """Store names, headings and blocks of changed pages. Returns the pages whose findings may have changed."""
        db, change = self._db, self._change
        change.require_few(len(change.changed) + len(change.gone))
        self._pages = {path: self._read(path) for path in change.changed}
        before = {path: _kept(db, path) for path in (*change.changed, *change.gone)}
        shifted: set[str] = set()
        moved: list[Replacement] = []
        for path, page in self._pages.items():
            old, new = before[path], outline_row(page, is_page=change.entries[path].is_page)
            if old is None or old.outline != new.outline:
                shifted.update(new.names, old.names if old is not None else ())
                moved.append(Replacement(path, _outline(old), _outline(new)))
            db.put_outline(new, change.changed[path], old)
        turned = {*self._lead(change.opened, +1), *self._lead(change.closed, -1)}
        for path in change.gone:
            if (old := before[path]) is not None:
                shifted.update(old.names)
                moved.append(Replacement(path, _outline(old), None))
                turned |= self._lead(old.targets, -1)
                db.remove(old)
        affected = _affected(db, change, shifted, names_moved=bool(moved))
        change.require_few(len(affected))
        added = change.moved_attachments & change.context.attachments
        db.put_attachments(added, change.moved_attachments - added)
        if moved or change.moved_attachments:
            known = self.linking.resolver.names.files
            files = FileNames(change.context.attachments) if change.moved_attachments else known
            self.linking = self.linking.after(StoredNameTable(db, files), moved)
        return (affected | turned) & change.entries.keys()

    def check(self, paths: Iterable[str]) -> None:
        """Checks pages again, and also pages that gain their first or lose their last link."""
        rows: dict[str, tuple[Row, Row, Page]] = {}
        links: dict[str, PageLinks] = {}
        turned: set[str] = set()

        def resolve(path: str) -> None:
            entry = self._change.entries[path]
            page = self._pages.get(path) or self._read(path)
            kept = self._db.row(path)
            if kept is None:
                return  # it could not be stored: the next check takes it as changed
            row = outline_row(page, is_page=entry.is_page)
            if row.outline != kept.outline:
                # Its file has changed since it was listed: the next check takes it as changed. Until then its links
                # are counted, but not those to pages that are gone, which may come back as others.
                left = tuple(target for target in kept.targets if target in self._change.entries)
                self._db.put_findings(kept._replace(targets=left), kept)
                return
            if entry.is_page:
                links[path] = links_of(page, self.linking.resolver)
                row = link_row(row, page, links[path], self._config.dialect)
            turned.update(self._lead(set(kept.targets) - set(row.targets), -1))
            turned.update(self._lead(set(row.targets) - set(kept.targets), +1))
            rows[path] = row, kept, page

        waiting, seen = set(paths), set[str]()
        while waiting:
            for path in sorted(waiting):
                resolve(path)
            seen |= waiting
            waiting = (turned & self._change.entries.keys()) - seen  # their files may have been written meanwhile
        judged = self._judge(page for _, _, page in rows.values()) if self._judge is not None else None
        complaints, unchecked = (judged.complaints, judged.unchecked) if judged is not None else ({}, {})
        listed = [path for path in rows if self._change.entries[path].is_page]
        is_linked = self._db.is_linked
        checker = Checker(
            self.linking, self._config, self._today, listed, is_linked, complaints, lambda page: links[page.path]
        )
        for row, kept, page in rows.values():
            self._db.put_findings(finding_row(row, page, checker, unchecked), kept)

    def _read(self, path: str) -> Page:
        return (self._change.reader or read)(self._change.entries[path], self._policies)

    def _lead(self, targets: Iterable[str], by: int) -> set[str]:
        """Updates the number of pages that link to some pages. Returns the pages whose number became zero or stopped
        being zero."""
        return {target for target in targets if self._db.count_incoming(target, by)}


def _outline(row: Row | None) -> Outline | None:
    return load_outline(row.path, row.outline) if row is not None and row.outline is not None else None


def _kept(db: Database, path: str) -> Row | None:
    row = db.row(path)
    outline = _outline(row)
    if row is None or outline is None:
        return row
    names = name_keys(NameRecord.of(outline))
    return row._replace(names=names, references=reference_keys(name for _, name in outline.references))


def _affected(db: Database, change: VaultChange, shifted: Iterable[str], *, names_moved: bool) -> set[str]:
    """The pages to check again after names were added or removed."""
    keys, todo = set(shifted), list(shifted)
    if any("#" in key for key in keys):
        return {*change.entries}  # any link may now be split into name and anchor differently
    affected = {*change.changed, *change.turned}
    held: set[str] = set()
    while todo:
        key = todo.pop()
        for path in (*db.named(key), *db.referring(key)):
            if path in held:
                continue
            held.add(path)
            if (text := db.outline(path)) is not None:
                fresh = set(name_keys(NameRecord.of(load_outline(path, text)))) - keys
                keys |= fresh
                todo += fresh
        change.require_few(len(held))
    affected |= held
    keys.update(fold_title(a.rpartition("/")[2]) for a in change.moved_attachments)
    for key in keys:
        affected.update(db.linking(key))
    if names_moved or change.moved_attachments:
        affected.update(db.with_broken_links(), db.linking(ANY_FILE))
    return affected
