"""Schema and queries of the index: an SQLite file that is queried by key, never loaded whole.

A scan can rebuild all of it, so the file may be deleted. Names and link targets are stored folded (``fold_title``):
spellings that can mean the same page have the same key, so a change to a page can affect only pages that are called
by, link to or refer to one of its keys.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from kbtools.state import sqlite_file
from kbtools.vault.listing import Mark

FILE = "index.sqlite"

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  modified INTEGER NOT NULL,  -- nanoseconds, as is the next
  changed INTEGER NOT NULL,
  size INTEGER NOT NULL,
  digest TEXT                 -- of a file so new that a later change may not be visible in its times
);
CREATE TABLE attachment (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE page (
  id INTEGER PRIMARY KEY,
  outline TEXT,               -- what links and rules of other pages use; NULL for a file that is not a page
  keys TEXT NOT NULL,         -- what its links may mean
  targets TEXT NOT NULL,      -- the pages its links lead to
  incoming INTEGER NOT NULL,  -- how many pages lead here
  links INTEGER NOT NULL,
  broken INTEGER NOT NULL,
  ambiguous INTEGER NOT NULL,
  snippets INTEGER NOT NULL,
  unchecked TEXT NOT NULL,    -- shells that are not installed, each with how many fences it was to judge
  turns INTEGER               -- the day (ordinal) on which its findings change by themselves
);
CREATE TABLE name (key TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (key, page)) WITHOUT ROWID;
CREATE TABLE link (key TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (key, page)) WITHOUT ROWID;
CREATE TABLE reference (key TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (key, page)) WITHOUT ROWID;
CREATE TABLE finding (page INTEGER PRIMARY KEY, found TEXT NOT NULL);
"""

# Created after the rows are inserted: sorting once is cheaper than maintaining the order.
_INDEXES = """
CREATE INDEX file_young ON file (path) WHERE digest IS NOT NULL;
CREATE INDEX page_turns ON page (turns) WHERE turns IS NOT NULL;
CREATE INDEX page_unchecked ON page (id) WHERE unchecked <> '';
CREATE INDEX page_broken ON page (id) WHERE broken > 0;
CREATE INDEX name_hashed ON name (key) WHERE instr(key, '#') > 0;
"""


_BETWEEN_KEYS = "\n\0"
"""Separates keys: folded names contain no line end; ids are prefixed with a line end and contain no NUL."""
_BETWEEN_PATHS = "//"
"""Separates paths: no path contains an empty segment."""
_VARIABLES = 900
"""Parameters per statement; older builds of SQLite accept at most 999."""


class Row(NamedTuple):
    """The stored record of one page, without its mark and the number of pages that link to it."""

    path: str
    outline: str | None = None
    names: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    links: int = 0
    broken: int = 0
    ambiguous: int = 0
    snippets: int = 0
    unchecked: str = ""
    """Shells that are not installed, each with the number of fences left unchecked: ``bash 2 zsh 1``."""
    turns: int | None = None
    found: str = ""
    """Findings as JSON; "" for none."""


def read_unchecked(text: str) -> dict[str, int]:
    """Parses ``bash 2 zsh 1`` into counts by shell."""
    words = text.split()
    return {shell: int(count) for shell, count in zip(words[::2], words[1::2], strict=True)}


def sum_unchecked(rows: Iterable[str]) -> str:
    """Adds up such counts: ``bash 2`` and ``bash 1 zsh 1`` give ``bash 3 zsh 1``."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(read_unchecked(row))
    return " ".join(f"{shell} {count}" for shell, count in sorted(counts.items()))


class Totals(NamedTuple):
    """Sums over the whole vault."""

    pages: int
    links: int
    broken: int
    ambiguous: int
    snippets: int


class Database:
    """One open index. Every method may raise sqlite3.Error, for a file that is damaged, locked or not writable."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._db = sqlite_file.connect(file, filled_at_once=True)

    @classmethod
    def in_memory(cls, file: Path) -> Database:
        """An in-memory copy of an index, for a long-running process; empty when no index can be read."""
        made = cls.__new__(cls)
        made.file = file
        made._db = sqlite3.connect(":memory:", isolation_level=None)
        if file.is_file():
            with closing(sqlite3.connect(file, timeout=10.0)) as kept:
                kept.backup(made._db)
        return made

    def close(self) -> None:
        self._db.close()

    def transaction(self) -> AbstractContextManager[None]:
        """An exclusive transaction: rolled back on an exception; other writers wait."""
        return sqlite_file.transaction(self._db)

    # -- what the index was made from ----------------------------------------------------------------------

    def meta(self) -> Mapping[str, str]:
        """Empty for a file that holds no index yet."""
        try:
            return dict(self._db.execute("SELECT key, value FROM meta"))
        except sqlite3.OperationalError:
            return {}

    def set_meta(self, values: Mapping[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def stamps(self) -> dict[str, tuple[int, ...]]:
        """The stored mark of every file, by path."""
        return {row[0]: row[1:] for row in self._db.execute("SELECT path, modified, changed, size FROM file")}

    def digests(self) -> Iterator[tuple[str, str]]:
        """Files that had been modified so recently when they were read that their stamp cannot prove them unchanged."""
        return iter(self._db.execute("SELECT path, digest FROM file WHERE digest IS NOT NULL"))

    def set_mark(self, path: str, mark: Mark) -> None:
        """Replace a file's mark; the rest of its record stays valid."""
        query = "UPDATE file SET modified = ?, changed = ?, size = ?, digest = ? WHERE path = ?"
        self._db.execute(query, (*mark, path))

    def attachments(self) -> frozenset[str]:
        return frozenset(path for (path,) in self._db.execute("SELECT path FROM attachment"))

    def put_attachments(self, come: Iterable[str], gone: Iterable[str]) -> None:
        self._db.executemany("INSERT INTO attachment VALUES (?)", [(path,) for path in come])
        self._db.executemany("DELETE FROM attachment WHERE path = ?", [(path,) for path in gone])

    # -- filling -------------------------------------------------------------------------------------------

    def replace_all(self, rows: Iterable[tuple[Row, Mark]], incoming: Mapping[str, int]) -> None:
        """Replace all rows, in a transaction of its own. The result is valid only after ``set_meta`` has recorded
        what it was made from.
        """
        with self.transaction():
            self._replace_all(rows, incoming)
        sqlite_file.keep_log(self._db)

    def _replace_all(self, rows: Iterable[tuple[Row, Mark]], incoming: Mapping[str, int]) -> None:
        for (table,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            self._db.execute(f'DROP TABLE "{table}"')
        for statement in _SCHEMA.split(";\n"):
            self._db.execute(statement)
        files: list[tuple[Any, ...]] = []
        pages: list[tuple[Any, ...]] = []
        findings: list[tuple[Any, ...]] = []
        names, links, references = _Pairs(list), _Pairs(list), _Pairs(list)
        for i, (row, mark) in enumerate(rows, 1):
            files.append((i, row.path, *mark))
            pages.append((i, *_columns(row), incoming.get(row.path, 0)))
            for table, keys in ((names, row.names), (links, row.keys), (references, row.references)):
                for key in keys:
                    table[key].append(i)
            if row.found:
                findings.append((i, row.found))
        self._insert_all("file (id, path, modified, changed, size, digest)", files)
        self._insert_all(_PAGE, pages)
        self._insert_all("name (key, page)", _in_order(names))
        self._insert_all("link (key, page)", _in_order(links))
        self._insert_all("reference (key, page)", _in_order(references))
        self._insert_all("finding (page, found)", findings)
        for statement in _INDEXES.split(";\n"):
            self._db.execute(statement)

    def _insert_all(self, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows with many rows per statement, which takes a third of the time of one statement per row."""
        if not rows:
            return
        row = f"({', '.join('?' * len(rows[0]))})"
        at_once = _VARIABLES // len(rows[0])
        whole = len(rows) - len(rows) % at_once
        statement = f"INSERT INTO {into} VALUES {', '.join([row] * at_once)}"
        for at in range(0, whole, at_once):
            self._db.execute(statement, list(chain.from_iterable(rows[at : at + at_once])))
        self._db.executemany(f"INSERT INTO {into} VALUES {row}", rows[whole:])

    def put_outline(self, row: Row, mark: Mark, old: Row | None) -> None:
        """Store the outline of a page, replacing the old one."""
        db = self._db
        db.execute(
            "INSERT INTO file (path, modified, changed, size, digest) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET modified = excluded.modified, changed = excluded.changed,"
            " size = excluded.size, digest = excluded.digest",
            (row.path, *mark),
        )
        i = self._id(row.path)
        if old is None:
            db.execute(_INSERT_PAGE, (i, *_columns(row), 0))
        else:
            db.execute("UPDATE page SET outline = ? WHERE id = ?", (row.outline, i))
        self._exchange("name", i, old.names if old else (), row.names)
        self._exchange("reference", i, old.references if old else (), row.references)

    def put_findings(self, row: Row, old: Row) -> None:
        """Store a page's resolved links and its findings."""
        i = self._id(row.path)
        self._db.execute(
            "UPDATE page SET (outline, keys, targets, links, broken, ambiguous, snippets, unchecked, turns)"
            " = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?",
            (*_columns(row), i),
        )
        self._exchange("link", i, old.keys, row.keys)
        self._db.execute("DELETE FROM finding WHERE page = ?", (i,))
        if row.found:
            self._db.execute("INSERT INTO finding VALUES (?, ?)", (i, row.found))

    def _exchange(self, table: str, page: int, was: tuple[str, ...], now: tuple[str, ...]) -> None:
        if was != now:
            self._db.executemany(f"DELETE FROM {table} WHERE key = ? AND page = ?", [(key, page) for key in was])
            self._db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(key, page) for key in now])

    def _id(self, path: str) -> int:
        (i,) = self._db.execute("SELECT id FROM file WHERE path = ?", (path,)).fetchone()
        return int(i)

    def remove(self, old: Row) -> None:
        """Delete the record of a page."""
        db = self._db
        i = self._id(old.path)
        for table, keys in (("name", old.names), ("link", old.keys), ("reference", old.references)):
            db.executemany(f"DELETE FROM {table} WHERE key = ? AND page = ?", [(k, i) for k in keys])
        db.execute("DELETE FROM finding WHERE page = ?", (i,))
        db.execute("DELETE FROM page WHERE id = ?", (i,))
        db.execute("DELETE FROM file WHERE id = ?", (i,))

    def count_incoming(self, path: str, by: int) -> bool:
        """Change the number of pages that link to a page; true when the number becomes zero or stops being zero."""
        row = self._db.execute(
            "UPDATE page SET incoming = incoming + ? WHERE id = (SELECT id FROM file WHERE path = ?)"
            " RETURNING incoming",
            (by, path),
        ).fetchone()
        return row is not None and (row[0] > 0) != (row[0] - by > 0)

    # -- queries -------------------------------------------------------------------------------------------

    def row(self, path: str) -> Row | None:
        """The stored record of a page. Its names and references are derived from its outline."""
        got = self._db.execute(
            "SELECT p.outline, p.keys, p.targets, p.links, p.broken, p.ambiguous, p.snippets, p.unchecked, p.turns,"
            " coalesce(f.found, '') FROM file JOIN page p USING (id) LEFT JOIN finding f ON f.page = id WHERE path = ?",
            (path,),
        ).fetchone()
        if got is None:
            return None
        outline, keys, targets, *rest = got
        return Row(path, outline, (), (), _parts(keys, _BETWEEN_KEYS), _parts(targets, _BETWEEN_PATHS), *rest)

    def rows(self) -> Iterator[tuple[Row, int]]:
        """The stored record of every page, by path, with the number of pages that link to it."""
        query = (
            "SELECT f.path, p.incoming, p.outline, p.keys, p.targets, p.links, p.broken, p.ambiguous, p.snippets,"
            " p.unchecked, p.turns, coalesce(found, '') FROM file f JOIN page p USING (id)"
            " LEFT JOIN finding ON finding.page = p.id ORDER BY f.path"
        )
        for path, incoming, outline, keys, targets, *rest in self._db.execute(query):
            yield (
                Row(path, outline, (), (), _parts(keys, _BETWEEN_KEYS), _parts(targets, _BETWEEN_PATHS), *rest),
                incoming,
            )

    def outline(self, path: str) -> str | None:
        got = self._db.execute("SELECT outline FROM file JOIN page USING (id) WHERE path = ?", (path,)).fetchone()
        return got[0] if got is not None else None

    def outlines(self) -> Iterator[tuple[str, str]]:
        """Every page with its outline, by path."""
        query = "SELECT path, outline FROM file JOIN page USING (id) WHERE outline IS NOT NULL ORDER BY path"
        return iter(self._db.execute(query))

    def named(self, key: str) -> tuple[str, ...]:
        """The pages called by a name, by path."""
        return self._paths("name", key)

    def linking(self, key: str) -> tuple[str, ...]:
        """The pages with a link that may mean the name."""
        return self._paths("link", key)

    def referring(self, key: str) -> tuple[str, ...]:
        """The pages whose frontmatter names another page so."""
        return self._paths("reference", key)

    def _paths(self, table: str, key: str) -> tuple[str, ...]:
        query = f"SELECT path FROM {table} JOIN file ON file.id = page WHERE key = ? ORDER BY path"
        return tuple(path for (path,) in self._db.execute(query, (key,)))

    def names(self) -> Iterator[tuple[str, str]]:
        """Every name with every page called by it."""
        return iter(self._db.execute("SELECT key, path FROM name JOIN file ON file.id = page"))

    def hashed(self) -> tuple[str, ...]:
        """Names with a number sign."""
        return tuple(k for (k,) in self._db.execute("SELECT DISTINCT key FROM name WHERE instr(key, '#') > 0"))

    def with_broken_links(self) -> tuple[str, ...]:
        query = "SELECT path FROM page JOIN file USING (id) WHERE broken > 0"
        return tuple(path for (path,) in self._db.execute(query))

    def turning(self, after: int, until: int) -> tuple[str, ...]:
        """The pages whose findings change on a day in ``(after, until]``."""
        query = "SELECT path FROM page JOIN file USING (id) WHERE turns > ? AND turns <= ?"
        return tuple(path for (path,) in self._db.execute(query, (after, until)))

    def is_linked(self, path: str) -> bool:
        query = "SELECT incoming > 0 FROM file JOIN page USING (id) WHERE path = ?"
        return bool((self._db.execute(query, (path,)).fetchone() or (0,))[0])

    def findings(self) -> Iterator[tuple[str, str]]:
        """Every page with findings, by path."""
        return iter(self._db.execute("SELECT path, found FROM finding JOIN file ON file.id = page ORDER BY path"))

    def unchecked(self) -> str:
        """Shells that are not installed, each with the number of fences of the vault left unchecked."""
        return sum_unchecked(u for (u,) in self._db.execute("SELECT unchecked FROM page WHERE unchecked <> ''"))

    def sums(self) -> Totals:
        """Recomputes the totals; reads the row of every page."""
        query = (
            "SELECT count(outline), total(links), total(broken), total(ambiguous), total(snippets) FROM page"
            " WHERE outline IS NOT NULL"
        )
        return Totals(*map(int, self._db.execute(query).fetchone()))


_PAGE = "page (id, outline, keys, targets, links, broken, ambiguous, snippets, unchecked, turns, incoming)"
_INSERT_PAGE = f"INSERT OR REPLACE INTO {_PAGE} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


_Pairs = defaultdict[str, list[int]]
"""Pairs of a key and a page called by it, sorted."""


def _in_order(pairs: _Pairs) -> list[tuple[Any, ...]]:
    """The pairs in the table's order: sorting only the keys is faster than sorting all pairs."""
    return [(key, page) for key in sorted(pairs) for page in pairs[key]]


def _parts(joined: str, between: str) -> tuple[str, ...]:
    return tuple(joined.split(between)) if joined else ()


def _columns(row: Row) -> tuple[Any, ...]:
    return (
        row.outline,
        _BETWEEN_KEYS.join(row.keys),
        _BETWEEN_PATHS.join(row.targets),
        row.links,
        row.broken,
        row.ambiguous,
        row.snippets,
        row.unchecked,
        row.turns,
    )
