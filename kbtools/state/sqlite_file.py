"""SQLite files of kb's state: shared by processes, safe when one is killed, rebuilt when damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from kbtools.state import state_folder


class _Closes(Protocol):
    def close(self) -> None: ...


D = TypeVar("D", bound=_Closes)
T = TypeVar("T")


class FileMessages(NamedTuple):
    """Texts of messages about a file."""

    called: str
    without: str
    """The consequence if the file cannot be used."""
    damaged: str
    """What was done about a damaged file, with ``{}`` for how the damage was found."""


_OUT_OF_REACH = tuple(f"SQLITE_{e}" for e in ("BUSY", "LOCKED", "READONLY", "CANTOPEN", "FULL", "IOERR", "PERM"))


def consult(
    file: Path,
    open_: Callable[[Path], D],
    ask: Callable[[D], T],
    words: FileMessages,
    notes: list[str],
    damage: Callable[[], tuple[type[Exception], ...]] = lambda: (sqlite3.DatabaseError,),
) -> T | None:
    """The result of ``ask`` for a file. A damaged file is created again once: its content can be derived from pages.

    None if it cannot be used; ``notes`` receives the reason. ``damage`` returns the exceptions raised for files that
    are truncated or not ours; it is called only after an exception.
    """
    for _ in range(2):
        try:
            state_folder.make(file.parent)
            with closing(open_(file)) as db:
                return ask(db)
        except OSError as e:
            notes.append(f"the {words.called} {file} cannot be written ({e.strerror}): {words.without}")
            return None
        except damage() as e:
            if out_of_reach(e):
                notes.append(f"the {words.called} {file} cannot be used ({e}): {words.without}")
                return None
            notes.append(f"the {words.called} {file} {words.damaged.format(e)}")
            delete(file)
    return None


def connect(file: Path, *, filled_at_once: bool = False) -> sqlite3.Connection:
    """Opens or creates a file in an existing folder. Raises sqlite3.Error.

    ``filled_at_once``: whoever finds the file empty fills it in one transaction, and then calls ``keep_log``. Until
    then it is written without a log: a partly written file would be created again, so nothing needs to be written
    twice.
    """
    db = sqlite3.connect(file, timeout=10.0, isolation_level=None)
    db.execute("PRAGMA synchronous = NORMAL")
    if filled_at_once and db.execute("PRAGMA page_count").fetchone() == (0,):
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA cache_spill = OFF")
    else:
        keep_log(db)
    return db


def keep_log(db: sqlite3.Connection) -> None:
    """Enables the write-ahead log: a reader never waits for a writer. The file survives a killed process; a power
    failure may lose the last transactions, but only as a whole."""
    db.execute("PRAGMA journal_mode = WAL")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; another process waits."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def out_of_reach(error: Exception) -> bool:
    """Whether an error does not mean damage: the file is locked or not writable."""
    return getattr(error, "sqlite_errorname", "").startswith(_OUT_OF_REACH)


def delete(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
