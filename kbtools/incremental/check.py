"""Entry point of the incremental check: compares files with the index, updates it, returns findings."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kbtools.check.link_totals import link_totals
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.incremental.database import FILE, Database, Row, Totals, sum_unchecked
from kbtools.incremental.fingerprint import fingerprint
from kbtools.incremental.vault_context import VaultContext
from kbtools.state import sqlite_file
from kbtools.vault.listing import FileEntry, Listing

if TYPE_CHECKING:
    from kbtools.incremental.rows import Judge
    from kbtools.incremental.update import VaultChange
    from kbtools.text.diagnostics import Diagnostic
    from kbtools.text.source import Source
    from kbtools.vault.links.linking import Linking
    from kbtools.vault.loading import Reader

_BETWEEN = "//"
"""Separates paths in a joined string; no path contains an empty segment."""
_WORDS = sqlite_file.FileMessages("index", "checked without it", "was damaged ({}) and has been made anew")


class CheckResult:
    """Result of a check: the findings of a vault, its totals, and notes for the user."""

    def __init__(
        self,
        listing: Listing,
        totals: Totals,
        found: tuple[tuple[str, str], ...],
        unchecked: str,
        notes: tuple[str, ...],
    ) -> None:
        self.listing = listing
        self._totals = totals
        self.found = found
        """(path, serialized findings) of the pages that have any, sorted by path."""
        self.unchecked = unchecked
        """Shells that are not installed, each with the number of fences left unchecked: ``bash 2 zsh 1``."""
        self.notes = notes
        """Notes on the check itself, such as a damaged index that was rebuilt."""
        self._sources: dict[str, Source] = {}

    @cached_property
    def totals(self) -> Totals:
        """Sums over the whole vault; its links are broken or ambiguous as the rules report them."""
        if not self.found:
            return self._totals._replace(broken=0, ambiguous=0)
        from kbtools.incremental.findings import rules_of_findings

        broken, ambiguous = link_totals(rule for _, text in self.found for rule in rules_of_findings(text))
        return self._totals._replace(broken=broken, ambiguous=ambiguous)

    @property
    def pages(self) -> list[str]:
        """The pages of the vault, by path."""
        return sorted(self.listing.pages)

    def diagnostics(self, covers: Callable[[str], bool]) -> Iterator[Diagnostic]:
        """The findings on the pages that ``covers`` wants, by path and place."""
        from kbtools.incremental.findings import load_findings

        return (d for path, text in self.found if covers(path) for d in load_findings(path, text))

    def source(self, path: str) -> Source:
        """The text to which the positions of a page's findings refer."""
        held = self._sources.get(path)
        if held is None:
            held = self._sources[path] = _read(self.listing.entries[path])
        return held


def _read(entry: FileEntry) -> Source:
    """The text to which a file's findings refer; for an unreadable file, the part that can be decoded."""
    from kbtools.text.source import Source

    try:
        data = b"" if entry.trouble is not None else Path(entry.file).read_bytes()
    except OSError:
        data = b""
    try:
        return Source.decode(entry.shown, data)
    except UnicodeDecodeError:
        return Source(entry.shown, data.decode("utf-8", "replace"))


def check(
    project: Project,
    today: date,
    *,
    judge: Judge | None = None,
    paranoid: bool = False,
    listing: Listing | None = None,
    reader: Reader | None = None,
) -> CheckResult:
    """Check a whole vault. ``paranoid`` compares what the index says with a check from scratch. ``listing`` and
    ``reader`` are given by programs that know the files already, or have read the pages.

    An index that cannot be used is made anew; where that is not possible either, the vault is checked without one,
    and a note says so. ``judge`` checks shell fences. Raises KbError for a wrong configuration, and where the index
    and the scratch check differ.
    """
    listing = listing or Listing.of(project)
    context = VaultContext.of(project, listing)
    notes: list[str] = []

    def ask(db: Database) -> CheckResult:
        bring_up_to_date(db, project, listing, context, today, judge, reader)
        if paranoid:
            _compare(db, project, listing, context, today, judge)
        meta = db.meta()
        totals = Totals(*map(int, meta["totals"].split()))
        return CheckResult(listing, totals, tuple(db.findings()), meta["unchecked"], tuple(notes))

    checked = sqlite_file.consult(project.state / FILE, Database, ask, _WORDS, notes, _damage)
    if checked is not None:
        return checked
    from kbtools.incremental.full_check import scan

    rows, _ = scan(listing.entries, context, project.config, today, judge, reader)
    return CheckResult(
        listing,
        _totals(rows),
        tuple((r.path, r.found) for r in rows if r.found),
        sum_unchecked(r.unchecked for r in rows),
        tuple(notes),
    )


def _damage() -> tuple[type[Exception], ...]:
    """Exceptions that a truncated or foreign database file raises. Imported only when an exception occurs."""
    from json import JSONDecodeError

    return (sqlite3.DatabaseError, JSONDecodeError)


def _totals(rows: list[Row]) -> Totals:
    pages = [r for r in rows if r.outline is not None]
    return Totals(
        len(pages),
        sum(r.links for r in pages),
        sum(r.broken for r in pages),
        sum(r.ambiguous for r in pages),
        sum(r.snippets for r in pages),
    )


def bring_up_to_date(
    db: Database,
    project: Project,
    listing: Listing,
    context: VaultContext,
    today: date,
    judge: Judge | None,
    reader: Reader | None = None,
    linking: Linking | None = None,
) -> Linking | None:
    """Update an index until it equals the result of a full check. ``linking`` is that of the index as it was, if it is
    known; returns that of the index as it is now, or None. Raises KbError for a wrong configuration."""
    made_from = fingerprint(project)
    meta = db.meta()
    if meta.get("made from") == made_from:
        change, confirmed = _difference(db, listing, context, today, meta)
        if confirmed:
            with db.transaction():
                for path in confirmed:
                    db.set_mark(path, listing.mark(path))
        if change is None:
            if meta["day"] != str(today.toordinal()):
                _seal(db, made_from, context, today)
            return linking
        from kbtools.incremental.update import IndexUpdate, TooManyChanges

        if reader is not None:
            change = change._replace(reader=reader)
        try:
            with db.transaction():
                made = IndexUpdate(db, change, project.config, today, judge, linking)
                made.check(made.put_outlines())
                _seal(db, made_from, context, today)
                return made.linking
        except TooManyChanges:
            pass
    from kbtools.incremental.full_check import scan

    marks = {path: listing.mark(path) for path in listing.entries}  # before reading: a change is seen
    rows, incoming = scan(listing.entries, context, project.config, today, judge, reader)
    db.replace_all(((row, marks[row.path]) for row in rows), incoming)
    with db.transaction():
        db.put_attachments(listing.attachments, ())
        _seal(db, made_from, context, today)
    return None


def _seal(db: Database, made_from: str, context: VaultContext, today: date) -> None:
    totals = " ".join(map(str, db.sums()))
    db.set_meta(
        {
            "made from": made_from,
            "day": str(today.toordinal()),
            "totals": totals,
            "unchecked": db.unchecked(),
            "ways in": _BETWEEN.join(sorted(context.ways_in)),
        }
    )


def _difference(
    db: Database, listing: Listing, context: VaultContext, today: date, meta: Mapping[str, str]
) -> tuple[VaultChange | None, list[str]]:
    """The differences between the vault and the index, or None; and files with a new stamp but unchanged content."""
    day = int(meta["day"])
    ways = frozenset(meta["ways in"].split(_BETWEEN)) - {""}
    known, here = db.stamps(), listing.stamps()
    changed: list[str] = []
    gone: list[str] = []
    if known != here:
        changed += (path for path, stamp in here.items() if known.get(path) != stamp)
        gone += sorted(known.keys() - here.keys())
    confirmed: list[str] = []
    for path, digest in db.digests():
        if known[path] == here.get(path):
            (confirmed if digest == listing.entries[path].digest() else changed).append(path)
    held = db.attachments()
    moved = held ^ listing.attachments
    now = today.toordinal()
    turned = db.turning(min(day, now), max(day, now)) if day != now else ()
    if not (changed or gone or moved or turned or ways != context.ways_in):
        return None, confirmed
    from kbtools.incremental.update import VaultChange

    marks = {path: listing.mark(path) for path in sorted(changed)}
    opened, closed = context.ways_in - ways, ways - context.ways_in
    return VaultChange(listing.entries, context, marks, tuple(gone), moved, turned, opened, closed), confirmed


def _compare(
    db: Database, project: Project, listing: Listing, context: VaultContext, today: date, judge: Judge | None
) -> None:
    """Raises KbError where the index and a check from scratch differ: a bug in kb, never in a page."""
    from kbtools.incremental.full_check import scan

    rows, incoming = scan(listing.entries, context, project.config, today, judge)
    kept = {row.path: (row, n) for row, n in db.rows()}
    fresh = {row.path: (row._replace(names=(), references=()), incoming.get(row.path, 0)) for row in rows}
    names = {(key, row.path) for row in rows for key in row.names}
    differ = sorted(p for p in kept.keys() | fresh.keys() if kept.get(p) != fresh.get(p))
    differ += sorted(path for _, path in names ^ set(db.names()))
    if differ:
        raise KbError(
            f"the index says otherwise than the pages, about {differ[0]} and {len(differ) - 1} more",
            f"this is a bug in kb: please report it; deleting {db.file} makes the index anew",
        )
