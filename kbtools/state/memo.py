"""The memo: values by kind and name in one SQLite file, each with the cache key (``key``) of all its inputs.

Everything in it can be computed again, so it may be deleted. A value with another key is not used. Values are bytes
that the reader of a kind decodes itself. No value is executed as code, whoever wrote the file, except compiled
templates, which are authenticated (``site/reuse/kept_templates.py``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeVar

from kbtools.state import sqlite_file

FILE = "memo.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS value (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (kind, name)
)
"""
_WORDS = sqlite_file.FileMessages("memo", "everything is computed again", "was damaged ({}) and has been made anew")

T = TypeVar("T")


class StoredValue(NamedTuple):
    """A stored value with its key."""

    key: str
    data: bytes


class Memo:
    """One open memo. Every method may raise sqlite3.Error, for a file that is damaged, locked or not writable."""

    def __init__(self, file: Path | str) -> None:
        self._db = sqlite_file.connect(Path(file)) if file != ":memory:" else sqlite3.connect(file)
        self._db.isolation_level = None
        self._db.execute(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def get(self, kind: str, name: str) -> StoredValue | None:
        row = self._db.execute("SELECT key, data FROM value WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else StoredValue(*row)

    def all(self, kind: str) -> dict[str, StoredValue]:
        """All values of a kind, by name."""
        rows = self._db.execute("SELECT name, key, data FROM value WHERE kind = ?", (kind,))
        return {name: StoredValue(key, data) for name, key, data in rows}

    def keys(self, kind: str) -> dict[str, str]:
        """The keys of all values of a kind, by name."""
        return dict(self._db.execute("SELECT name, key FROM value WHERE kind = ?", (kind,)))

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; another process waits."""
        return sqlite_file.transaction(self._db)

    def put(self, kind: str, values: Iterable[tuple[str, StoredValue]], gone: Iterable[str] = ()) -> None:
        """Stores values and deletes others, within a transaction."""
        rows = ((kind, name, value.key, value.data) for name, value in values)
        self._db.executemany("INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?)", rows)
        self._db.executemany("DELETE FROM value WHERE kind = ? AND name = ?", ((kind, name) for name in gone))


def consult(folder: Path, ask: Callable[[Memo], T], notes: list[str]) -> T | None:
    """The result of ``ask`` for the memo in a folder. A damaged memo is created again once. None if it cannot be
    used; ``notes`` receives the reason."""
    return sqlite_file.consult(folder / FILE, Memo, ask, _WORDS, notes)
