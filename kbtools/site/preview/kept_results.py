"""Results of snippets in memory: only those of pages that changed, or that have run since, are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from kbtools.config.project import Project
from kbtools.run.results.store import Store
from kbtools.site.data.results import Results
from kbtools.site.data.stored import stored
from kbtools.vault.page import Page


class KeptResults:
    """The stored results of each page, as last read."""

    def __init__(self) -> None:
        self.known = Results()
        """The results read so far."""
        self._pages: dict[str, tuple[Page, object]] = {}
        """Pages with code as of then, each with the timestamp of its results."""

    def forget(self) -> None:
        """Called when other inputs of results have changed: the configuration, a file, the baseline."""
        self.known, self._pages = Results(), {}

    def of(self, project: Project, pages: Mapping[str, Page]) -> Results:
        """The results of all pages."""
        store = Store(project.state)
        stamps: dict[str, object] = {}
        with suppress(OSError), os.scandir(store.folder) as entries:
            for entry in entries:
                status = entry.stat()
                stamps[entry.name] = status.st_mtime_ns, status.st_size, status.st_ino
        now = {p: (page, stamps.get(store.file(p).name)) for p, page in pages.items() if page.structure.fences}
        changed = [page for path, (page, _) in now.items() if now[path] != self._pages.get(path) or _reads_files(page)]
        gone = self._pages.keys() - now.keys()
        if changed or gone:
            fresh = stored(project, changed)
            self.known = self.known.with_pages({*gone, *(page.path for page in changed)}, fresh)
        self._pages = now
        return self.known

    def read(self, project: Project, page: Page) -> None:
        """Reads the results of a page again."""
        self.known = self.known.with_pages({page.path}, stored(project, [page]))
        self._pages.pop(page.path, None)


def _reads_files(page: Page) -> bool:
    """Whether its code reads files of the vault, which may be pages."""
    return "files" in page.source.text and any(snippet.options.files for snippet in page.snippets)
