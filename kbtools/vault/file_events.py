"""File changes reported by the system, for long-running programs (``--watch``, ``kb serve``)."""

from __future__ import annotations

import errno
import math
import os
import queue
import time
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from kbtools.errors import KbError

SETTLE = 0.02
"""Seconds without an event after which a burst of them (an editor's save, a checkout) is considered complete."""
_LONGEST = 1.0
"""Seconds after which a burst without an end (a build that writes all the time) is reported so far."""
_INTERRUPTIBLE = 1.0
"""Seconds after which ``wait`` checks for Ctrl-C, which waiting for a lock may block (on Windows always)."""

Changed = frozenset[Path] | None
"""Files that were written, created, moved or removed; None if any file may have changed, for example after a folder
was moved."""


class FileEvents:
    """Changes in some folders and files since ``start``. Files in hidden folders are ignored."""

    def __init__(self) -> None:
        self._observer = Observer()
        self._events: queue.SimpleQueue[Changed] = queue.SimpleQueue()
        self._places: set[Path] = set()

    def follow(self, place: Path, unless: Path | None = None) -> None:
        """Adds a file, or a folder without its subfolder ``unless``. Raises KbError if it cannot be watched."""
        place = Path(os.path.abspath(place))  # noqa: PTH100 - links are not resolved: events name them as they are
        # Editors replace files: the events of the folder show that, and also files that do not exist yet.
        folder = place if place.is_dir() else place.parent
        if place in self._places or not folder.is_dir():
            return
        self._places.add(place)
        try:
            self._observer.schedule(_Handler(place, unless, self), str(folder), recursive=place.is_dir())
        except OSError as e:
            raise _cannot_watch(place, e) from None

    def start(self) -> None:
        """Raises KbError if the system cannot watch."""
        try:
            self._observer.start()
        except OSError as e:
            raise _cannot_watch(min(self._places), e) from None

    def stop(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def put(self, changed: Changed) -> None:
        """Makes ``wait`` return although no file has changed."""
        self._events.put(changed)

    def wait(self) -> Changed:
        """Returns after something has changed and no further event follows, or events have followed for a second."""
        found: list[Changed] = []
        end = math.inf
        while time.monotonic() < end:
            try:
                wait = min(SETTLE, end - time.monotonic()) if found else _INTERRUPTIBLE
                found.append(self._events.get(timeout=max(0.0, wait)))
            except queue.Empty:
                if found:
                    break
            else:
                end = min(end, time.monotonic() + _LONGEST)
        known = [changed for changed in found if changed is not None]
        return frozenset().union(*known) if len(known) == len(found) else None

    @property
    def is_waiting(self) -> bool:
        """Whether ``wait`` would return at once."""
        return not self._events.empty()


class _Handler(FileSystemEventHandler):
    def __init__(self, place: Path, unless: Path | None, events: FileEvents) -> None:
        self._place, self._unless, self._events = place, unless, events
        self._is_folder = place.is_dir()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):
            return  # caused by reading files
        if event.is_directory and event.event_type == "modified":
            return  # the changed entry has an event of its own
        named = (Path(os.fsdecode(name)) for name in (event.src_path, event.dest_path) if name)
        if paths := frozenset(filter(self._counts, named)):
            self._events.put(None if event.is_directory else paths)

    def _counts(self, path: Path) -> bool:
        if not self._is_folder:
            return path == self._place
        if not path.is_relative_to(self._place) or (self._unless is not None and path.is_relative_to(self._unless)):
            return False
        return not any(part.startswith(".") for part in path.relative_to(self._place).parts)


def _cannot_watch(place: Path, error: OSError) -> KbError:
    hint = "raise fs.inotify.max_user_watches, or watch a smaller folder" if error.errno == errno.ENOSPC else None
    return KbError(f"{place} cannot be watched: {error.strerror}", hint)
