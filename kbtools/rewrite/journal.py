"""Journal of transactions: a manifest written before the first change, and the original files.

``_link_reconcile_backup/`` contains ``.gitignore`` (``*``: backups are not committed), ``.lock``, and one folder per
run, ``20261121T101500-3f2a`` (UTC; sorts by time), with ``manifest.json`` and the originals under ``files/``. A folder
``.new-…`` is being created or deleted, and may be removed.
"""

# ruff: noqa: PTH104, PTH118, PTH123, PTH208

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from kbtools.errors import KbError
from kbtools.rewrite.disk import flush_folder, publish, write_beside
from kbtools.rewrite.trust import is_trusted, trust

BACKUP_FOLDER = "_link_reconcile_backup"
VERSION = 1
MANIFEST = "manifest.json"
NEW = ".new-"

_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{4}\Z")
_STAMP = "%Y%m%dT%H%M%S"


class RunState(str, Enum):
    """State of a run."""

    STAGING = "staging"
    """Originals are saved; new texts are being written to temporary files. No page has been changed."""
    APPLYING = "applying"
    """All new texts are on the disk; pages are being replaced."""
    APPLIED = "applied"
    ROLLED_BACK = "rolled-back"
    """Applying failed, and every page was restored."""
    UNDOING = "undoing"
    PARTLY_UNDONE = "partly-undone"
    """Some pages had changed since and were not restored; another undo tries them again."""
    UNDONE = "undone"


UNFINISHED = frozenset({RunState.STAGING, RunState.APPLYING, RunState.UNDOING})
UNDOABLE = frozenset({RunState.STAGING, RunState.APPLYING, RunState.APPLIED, RunState.UNDOING, RunState.PARTLY_UNDONE})


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a run. Checksums are SHA-256, times nanoseconds, sizes bytes; all but ``after`` of the original."""

    path: str
    """The requested path: relative to the vault, with ``/``."""
    target: str
    """The file's real path; differs from the requested one when that contains a symbolic link."""
    before: str
    after: str
    size: int
    size_after: int
    mode: int
    mtime_ns: int
    atime_ns: int
    restored: bool = False
    """Restored by an undo that could not restore all files of the run."""
    moved: str = ""
    """The new path of a renamed file, relative to the vault; empty when the path does not change."""

    @property
    def created(self) -> bool:
        """Whether the run created the file: there is no original, and undo removes it."""
        return not self.before


_FIELDS = tuple(f.name for f in fields(FileRecord))


@dataclass(frozen=True, slots=True)
class Run:
    """One run (transaction), as recorded in its manifest."""

    id: str
    command: str
    created: datetime
    """UTC."""
    root: str
    """The vault, relative to the folder that holds the backups, with ``/``."""
    state: RunState
    files: tuple[FileRecord, ...]
    summary: Mapping[str, object] = field(default_factory=dict)
    """Data that the command stores with the run: counts, options."""
    folders: tuple[str, ...] = ()
    """Folders that the run creates for new files, relative to the vault, outermost first."""

    def leftover_names(self, number: int) -> tuple[str, str]:
        """Names of the temporary files beside the ``number``-th page: its new text, its original."""
        return f".kb-{self.id}-{number}.tmp", f".kb-{self.id}-{number}.undo.tmp"


class Journal:
    """The folder of all runs.

    ``options`` are the command-line options that select the vault, when it is not that of the working directory.
    """

    def __init__(self, store: str, options: str = "") -> None:
        self.store = store
        self._options = f" {options}" if options else ""

    def undo_command(self, run: str) -> str:
        """The command that undoes a run."""
        return f"kb undo {run}{self._options}"

    def interrupted(self, run: Run) -> KbError:
        """The error for an interrupted run: to be raised, or printed as a warning."""
        undo = f"`{self.undo_command(run.id)}`"
        files = f"{len(run.files)} page" + ("" if len(run.files) == 1 else "s")
        if run.state is RunState.STAGING:
            return KbError(
                f"run {run.id} ({run.command}, {files}) was stopped before it changed any page",
                f"{undo} removes what it left; then run the command again",
            )
        if run.state is RunState.UNDOING:
            return KbError(f"undoing run {run.id} ({run.command}, {files}) was stopped on the way", f"{undo} goes on")
        return KbError(
            f"run {run.id} ({run.command}) was stopped while it changed {files}",
            f"`kb undo --finish{self._options}` completes it, {undo} puts every page back",
        )

    def folder(self, run: str) -> str:
        return os.path.join(self.store, run)

    def manifest(self, run: str) -> str:
        return os.path.join(self.store, run, MANIFEST)

    def original(self, run: str, path: str) -> str:
        return os.path.join(self.store, run, "files", *path.split("/"))

    def ids(self) -> list[str]:
        """The runs made on this machine by this user, newest first."""
        return [run for run in self.names() if is_trusted(run)]

    def foreign(self) -> list[str]:
        """Runs that come from elsewhere, for example from a commit: ignored unless the user trusts them explicitly."""
        return [run for run in self.names() if not is_trusted(run)]

    def names(self) -> list[str]:
        """All existing runs, newest first. Folders with other names are ignored."""
        try:
            names = os.listdir(self.store)
        except (FileNotFoundError, NotADirectoryError):
            return []
        runs = (name for name in names if _RUN_ID.match(name))
        return sorted((n for n in runs if os.path.lexists(self.manifest(n))), reverse=True)

    def new_id(self, now: datetime) -> str:
        """An id that sorts after all existing ones, even within the same second or after the clock was set back."""
        stamp, suffix = now.strftime(_STAMP), int.from_bytes(os.urandom(2), "big") >> 1
        newest = next(iter(self.names()), None)
        if newest is not None and newest[:15] >= stamp:
            stamp, suffix = newest[:15], int(newest[16:], 16) + 1 + os.urandom(1)[0] % 64
            if suffix > 0xFFFF:
                stamp = (datetime.strptime(stamp, _STAMP) + timedelta(seconds=1)).strftime(_STAMP)
                suffix = 0
        return f"{stamp}-{suffix:04x}"

    def read(self, run: str) -> Run:
        """Reads a run's manifest. Raises KbError when it is missing or invalid."""
        path = self.manifest(run)
        if not _RUN_ID.match(run) or not os.path.lexists(path):
            raise KbError(f"there is no run {run!r}", "`kb history` lists the runs")
        if not is_trusted(run):
            raise KbError(
                f"run {run} was not made on this machine: it may have been added by a commit",
                f"if it is yours, `{self.undo_command(run)} --trust` undoes it",
            )
        try:
            with open(path, "rb") as file:
                return _decode(json.loads(file.read()))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise KbError(
                f"the manifest of run {run} cannot be read: {error}",
                f"the originals are in {os.path.join(self.folder(run), 'files')}; move that run's folder away to go on",
            ) from error

    def head(self, run: str) -> Run:
        """Reads a run without its files: the first line of its manifest. Raises KbError as ``read`` does.

        Old runs of many files stay where they are; to see that they are done with must not cost as much as they did.
        """
        path = self.manifest(run)
        try:
            with open(path, "rb") as file:
                line = file.readline().rstrip()
            return _decode({**json.loads(line.removesuffix(b",") + b"}"), "files": []})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return self.read(run)

    def prepare(self, run: Run, folder: str | None = None) -> str:
        """Write and flush the manifest to a temporary file: renaming it later needs no disk space."""
        return write_beside(self.prepared(run, run.state, folder), _encode(run))

    def prepared(self, run: Run, state: RunState, folder: str | None = None) -> str:
        """The path of the temporary manifest that ``prepare`` writes for a state."""
        return os.path.join(folder or self.folder(run.id), f".{MANIFEST}.{state.value}.tmp")

    def write(self, run: Run, state: RunState) -> Run:
        """Change the state of a run, durably. On OSError, the manifest is unchanged."""
        run = replace(run, state=state)
        publish(self.prepare(run), self.manifest(run.id))
        return run

    def adopt(self, run: Run, folder: str) -> None:
        """Give a run's finished folder its name, durably."""
        publish(self.prepare(run, folder), os.path.join(folder, MANIFEST))
        trust(run.id)
        os.rename(folder, self.folder(run.id))
        flush_folder(self.store)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _encode(run: Run) -> bytes:
    """The manifest: JSON with one line per file, which is readable and four times as fast as json's indentation."""
    head = {
        "version": VERSION,
        "run": run.id,
        "command": run.command,
        "created": run.created.isoformat(),
        "root": run.root,
        "state": run.state.value,
        "summary": dict(run.summary),
        "folders": list(run.folders),
    }
    files = (json.dumps(_plain(record)) for record in run.files)
    # ASCII: a name that is not UTF-8 contains lone surrogates, which can only be written as escapes.
    return (json.dumps(head)[:-1] + ',\n"files": [\n' + ",\n".join(files) + "\n]}\n").encode("ascii")


def _plain(record: FileRecord) -> dict[str, object]:
    """A record's fields; ``moved`` only for renames, for compatibility with older manifests."""
    return {name: getattr(record, name) for name in _FIELDS if name != "moved" or record.moved}


def _decode(raw: object) -> Run:
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        raise ValueError(f"not a manifest of version {VERSION}")
    summary = raw["summary"]
    if not isinstance(summary, dict):
        raise TypeError("its summary is not a mapping")
    return Run(
        id=_text(raw["run"]),
        command=_text(raw["command"]),
        created=datetime.fromisoformat(raw["created"]).astimezone(UTC),
        root=_text(raw["root"]),
        state=RunState(raw["state"]),
        files=tuple(_record(item) for item in raw["files"]),
        summary=summary,
        folders=tuple(map(_text, raw.get("folders", ()))),
    )


def _record(raw: dict[str, object]) -> FileRecord:
    record = FileRecord(**raw)  # type: ignore[arg-type]  # checked in the next lines
    texts = (record.path, record.target, record.before, record.after, record.moved)
    numbers = (record.size, record.size_after, record.mode, record.mtime_ns, record.atime_ns)
    sound = all(isinstance(text, str) for text in texts) and all(type(number) is int for number in numbers)
    if not sound or type(record.restored) is not bool:
        raise TypeError(f"a record of a wrong type: {raw!r}")
    return record


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
