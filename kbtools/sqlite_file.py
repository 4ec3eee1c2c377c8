"""SQLite files that hold what kb has learnt: shared by processes, safe when one is killed, and made anew when lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OUT_OF_REACH = tuple(f"SQLITE_{e}" for e in ("BUSY", "LOCKED", "READONLY", "CANTOPEN", "FULL", "IOERR", "PERM"))


def connect(file: Path) -> sqlite3.Connection:
    """Open a file, or make one, in a folder that is there. Raises sqlite3.Error."""
    db = sqlite3.connect(file, timeout=10.0, isolation_level=None)
    # A reader never waits for a writer. The file survives a killed process; what a power cut takes from the last
    # seconds is whole transactions.
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; a second process waits."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def out_of_reach(error: Exception) -> bool:
    """Whether an error says nothing against what stands in the file: it is locked, or cannot be written."""
    return getattr(error, "sqlite_errorname", "").startswith(_OUT_OF_REACH)


def delete(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
