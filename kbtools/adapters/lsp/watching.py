"""Watches the files of a wiki, for clients that do not."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from kbtools.config.project import Project
from kbtools.vault.file_events import Changed, FileEvents


class Watch:
    """Tells of files that change. Raises KbError, when it is made, where the system cannot watch."""

    def __init__(self, project: Project, told: Callable[[Changed], None]) -> None:
        """``told`` is called on a thread of the watch's own."""
        self._told = told
        self._is_over = False
        self._events = FileEvents()
        self._events.follow(project.vault)
        for file in project.settings_files:
            self._events.follow(file)
        self._events.start()
        Thread(target=self._wait, daemon=True).start()

    def close(self) -> None:
        self._is_over = True
        self._events.stop()
        self._events.put(None)

    def _wait(self) -> None:
        while True:
            changed = self._events.wait()
            if self._is_over:
                return
            self._told(changed)
