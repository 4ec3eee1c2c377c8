"""Plans, kept between runs: a page that has not changed is neither read nor its Python analysed again.

A plan is taken from here only where it would be made the same: the page's bytes are the same (by the file's stamp, or
by their digest), and so is all else that decides, which is the context. Anything in doubt is planned anew. Nothing is
lost with the file.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kbtools import program, sqlite_file
from kbtools.config import Project
from kbtools.errors import KbError
from kbtools.execution import devices
from kbtools.execution.job import DeviceRequest, Limits
from kbtools.execution.planned import NOTHING, Fences, Planned, dump, load
from kbtools.execution.requirements import unmet
from kbtools.vault.listing import Entry, Listing, digest

if TYPE_CHECKING:
    from kbtools.page import Page
    from kbtools.snippets import Snippet

FILE = "plans.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS context (id INTEGER PRIMARY KEY, made_from TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS plan (
  context INTEGER NOT NULL,
  path TEXT NOT NULL,
  modified INTEGER NOT NULL,  -- nanoseconds, as is the next
  changed INTEGER NOT NULL,
  size INTEGER NOT NULL,
  settled INTEGER NOT NULL,   -- whether these tell that the file has not changed
  digest TEXT NOT NULL,
  told TEXT NOT NULL,
  PRIMARY KEY (context, path)
);
"""
_WORDS = sqlite_file.Words("plans", "made without them", "were damaged ({}) and have been made anew")
_CONTEXTS = 8
"""Kept side by side, for who runs the same pages now on these devices, now on those, or under two Pythons."""
_NO_SAY = frozenset({"cluster", "commands", "incremental", "output", "renaming", "rewrite", "rules", "site"})
"""Parts of the program that have no say in what is planned."""


class Plans(NamedTuple):
    """The plans of some pages."""

    pages: Mapping[str, Planned]
    """By path, in the order asked for."""
    notes: tuple[str, ...]
    """What a user should know of how they were come by."""


class _Row(NamedTuple):
    stamp: tuple[int, int, int]
    settled: bool
    digest: str
    told: str


class Planner:
    """Makes plans of pages as they are now, for one request."""

    def __init__(self, project: Project, request: DeviceRequest, *, rehearse: bool = False) -> None:
        self.project = project
        self.request = request
        self.rehearse = rehearse
        self.available = devices.available_for(request)
        self.limits = Limits(project.config.run.timeout, project.config.run.memory)
        self.unmet: Callable[[str], str | None] = functools.cache(unmet)

    def context(self) -> str:
        """Equal where everything beside a page that decides its plan is equal, but for its ``requires=``."""
        asked = (self.request, sorted(self.available.items()), self.limits, self.rehearse)
        return digest("\n".join([*program.parts(_NO_SAY), repr(asked)]).encode("utf-8", "surrogateescape"))

    def plan(self, path: str, snippets: Sequence[Snippet]) -> Planned:
        from kbtools.execution.plan import plan

        jobs = plan(path, snippets, self.request, self.available, self.limits, rehearse=self.rehearse, unmet=self.unmet)
        return Planned(jobs, Fences.of(snippets))


def plans(
    planner: Planner,
    listing: Listing,
    paths: Sequence[str],
    *,
    parsed: Mapping[str, Page] | None = None,
    kept: bool = True,
    doubt: bool = False,
) -> Plans:
    """The plans of pages of a listing.

    ``parsed`` are pages that somebody has read already; they serve where the file still says the same. Without
    ``kept`` all are made anew. With ``doubt`` as well, and compared: raises KbError where a kept one differs.
    """
    maker = _Maker(planner, listing, parsed or {})
    if not kept:
        return Plans({path: maker.of(listing.entries[path], None) for path in paths}, ())
    notes: list[str] = []
    found = sqlite_file.consult(
        planner.project.state / FILE,
        sqlite_file.connect,
        lambda db: _with_rows(db, maker, paths, doubt=doubt),
        _WORDS,
        notes,
    )
    if found is not None:
        return Plans(found, tuple(notes))
    return Plans({path: maker.of(listing.entries[path], None) for path in paths}, tuple(notes))


def _with_rows(db: sqlite3.Connection, maker: _Maker, paths: Sequence[str], *, doubt: bool) -> dict[str, Planned]:
    for statement in _SCHEMA.split(";\n"):
        db.execute(statement)
    made_from = maker.planner.context()
    number = db.execute("SELECT id FROM context WHERE made_from = ?", (made_from,)).fetchone()
    few = paths if len(paths) * 2 < len(maker.listing.entries) else None
    rows = dict(_rows(db, number[0], few)) if number is not None else {}
    found = {path: maker.of(maker.listing.entries[path], rows.get(path)) for path in paths}
    if doubt:
        maker.compare(found)
    gone = rows.keys() - maker.listing.entries.keys()
    if maker.news or gone:
        with sqlite_file.transaction(db):
            _write(db, made_from, maker.news, gone)
    return found


def _rows(db: sqlite3.Connection, context: int, paths: Sequence[str] | None) -> Iterator[tuple[str, _Row]]:
    """The rows of these pages, or all in one query."""
    query = "SELECT path, modified, changed, size, settled, digest, told FROM plan WHERE context = ?"
    if paths is None:
        found = db.execute(query, (context,)).fetchall()
    else:
        found = [row for path in paths for row in db.execute(f"{query} AND path = ?", (context, path))]
    for path, modified, changed, size, settled, told_digest, told in found:
        yield path, _Row((modified, changed, size), bool(settled), told_digest, told)


def _write(db: sqlite3.Connection, made_from: str, news: Mapping[str, _Row], gone: set[str]) -> None:
    db.execute("INSERT OR IGNORE INTO context (made_from) VALUES (?)", (made_from,))
    ((number,),) = db.execute("SELECT id FROM context WHERE made_from = ?", (made_from,)).fetchall()
    db.execute("DELETE FROM context WHERE id NOT IN (SELECT id FROM context ORDER BY id DESC LIMIT ?)", (_CONTEXTS,))
    db.execute("DELETE FROM plan WHERE context NOT IN (SELECT id FROM context)")
    db.executemany("DELETE FROM plan WHERE context = ? AND path = ?", [(number, path) for path in gone])
    told = [(number, path, *row.stamp, row.settled, row.digest, row.told) for path, row in news.items()]
    db.executemany("INSERT OR REPLACE INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)", told)


class _Maker:
    """Takes plans from rows where they hold, and makes the others."""

    def __init__(self, planner: Planner, listing: Listing, parsed: Mapping[str, Page]) -> None:
        self.planner = planner
        self.listing = listing
        self.parsed = parsed
        self.news: dict[str, _Row] = {}
        """Rows to be kept."""
        self.taken: set[str] = set()
        """Pages whose rows held."""

    def of(self, entry: Entry, row: _Row | None) -> Planned:
        if entry.trouble is not None or entry.shown != entry.path:
            return NOTHING  # it is reported, and nothing in it is read
        if row is not None and row.settled and row.stamp == entry.stamp:
            planned = self._kept(entry, row)
            if planned is not None:
                return planned
        try:
            data = Path(entry.file).read_bytes()
        except OSError:
            return NOTHING
        read = digest(data)
        settled = entry.stamp is not None and not self.listing.is_young(entry)
        if row is not None and row.digest == read:
            planned = self._kept(entry, row)
            if planned is not None:
                if (row.stamp, row.settled) != (entry.known_stamp, settled):
                    self.news[entry.path] = row._replace(stamp=entry.known_stamp, settled=settled)
                return planned
        page = self._page(entry, data)
        planned = self.planner.plan(entry.path, page.snippets)
        if _lasting(page):
            self.news[entry.path] = _Row(entry.known_stamp, settled, read, dump(planned, self.planner.unmet))
        return planned

    def _kept(self, entry: Entry, row: _Row) -> Planned | None:
        """Raises sqlite3.DataError for a row that is not ours."""
        try:
            planned = load(entry.path, row.told, self.planner.unmet)
        except (ValueError, TypeError, LookupError, AttributeError) as e:
            raise sqlite3.DataError(f"what is kept of {entry.path} cannot be read: {e}") from e
        if planned is not None:
            self.taken.add(entry.path)
        return planned

    def _page(self, entry: Entry, data: bytes) -> Page:
        from kbtools.page import decode

        page = self.parsed.get(entry.path)
        return page if page is not None and page.source.encode() == data else decode(entry.path, data)

    def compare(self, kept: Mapping[str, Planned]) -> None:
        """Raises KbError where a plan that was taken from the file is not what is made now: a bug in kb."""
        for path in sorted(self.taken):
            entry = self.listing.entries[path]
            if _Maker(self.planner, self.listing, self.parsed).of(entry, None) != kept[path]:
                raise KbError(
                    f"the kept plan of {path} says otherwise than the page",
                    f"this is a bug in kb: please report it; deleting {self.planner.project.state / FILE} mends it",
                )


def _lasting(page: Page) -> bool:
    """Whether kb's own code decides what its fences mean: what another package's does may change without a sign."""
    from kbtools.languages.registry import OWN, find

    words = {fence.header.language.lower() for fence in page.structure.fences}
    return all(word in OWN or find(word) is None for word in words)
