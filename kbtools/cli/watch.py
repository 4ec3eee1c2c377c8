"""``--watch``: repeats a command whenever a file of the vault changes."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from kbtools.cli.workspace import project, say
from kbtools.errors import KbError

_SETTLE = 0.02
"""Seconds without a further event after which a burst of them (an editor's save, a checkout) counts as over."""


def watch(args: SimpleNamespace, work: Callable[[frozenset[str] | None], int]) -> int:
    """Work now and after every change, until interrupted. ``work`` gets the paths that have changed, or None where any
    may have. Returns the last exit code.

    Raises KbError where the system cannot watch the folder.
    """
    folder = project(args).vault
    changes = Changes(folder)
    observer = Observer()
    observer.schedule(changes, str(folder), recursive=True)
    try:
        observer.start()
    except OSError as e:
        hint = "raise fs.inotify.max_user_watches, or watch a smaller folder" if e.errno == 28 else None
        raise KbError(f"{folder} cannot be watched: {e.strerror}", hint) from None
    code = 0
    changed: frozenset[str] | None = None
    try:
        while True:
            code = work(changed)
            say("watching; Ctrl-C ends")
            changed = changes.wait()
            say()
    except KeyboardInterrupt:
        return code
    finally:
        observer.stop()
        observer.join()


class Changes(FileSystemEventHandler):
    """Events that can change what a check says: what is written, made, moved or removed, but in hidden folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events: queue.SimpleQueue[frozenset[str] | None] = queue.SimpleQueue()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):
            return  # a check reads pages itself
        if event.is_directory and event.event_type == "modified":
            return  # the changed entry has an event of its own
        paths = [
            path for name in (event.src_path, event.dest_path) if name and not self._hidden(path := self._path(name))
        ]
        if paths:
            self._events.put(None if event.is_directory else frozenset(path.as_posix() for path in paths))

    def _path(self, name: bytes | str) -> Path:
        """The path in the vault; of a file moved in or out, its name."""
        file = Path(os.fsdecode(name))
        return file.relative_to(self._folder) if file.is_relative_to(self._folder) else Path(file.name)

    def _hidden(self, path: Path) -> bool:
        return any(part.startswith(".") for part in path.parts)

    def wait(self) -> frozenset[str] | None:
        """Return once something has changed and nothing more does: the paths, or None where any may have changed."""
        events = [self._events.get()]
        while True:
            try:
                events.append(self._events.get(timeout=_SETTLE))
            except queue.Empty:
                break
        paths = [event for event in events if event is not None]
        return frozenset().union(*paths) if len(paths) == len(events) else None
