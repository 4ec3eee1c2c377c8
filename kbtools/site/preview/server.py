"""The preview's server: live reload of MkDocs, but a request waits until its page is up to date, and only pages that
changed are loaded again."""

from __future__ import annotations

import posixpath
import re
import threading
import time
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from mkdocs import livereload
from mkdocs.livereload import LiveReloadServer

from kbtools.site.preview.builds import Preview
from kbtools.vault.file_events import FileEvents

_BANNER = (
    '<details open dir="auto" style="position:fixed;z-index:99;left:0;right:0;bottom:0;max-height:40vh;overflow:auto;'
    'padding:.4rem .8rem;background:#611;color:#fff;font:13px/1.5 monospace"><summary>{title}</summary>{lines}'
    "</details>"
)
_OF_ALL = (".css", ".js")
"""Files that any page may load."""
_DATA = ("assets/kb-search/", "assets/kb-graph-data")
"""Scripts with data of pages, loaded on demand."""
_PAGE = "/livereload/page/"
"""For editors: followed by the path of a page on disk, leads to the page on the site."""
_PATIENCE = 10.0
"""Seconds for which repeated saves may postpone the build of the rest of the site."""


class Superseded(BaseException):
    """A file was saved while the site was built. Not reported as an error of a page or plugin."""


class Server(LiveReloadServer):
    """Serves a preview.

    A request for a file waits until the file is up to date. Browsers reload a page when it has changed, or a style
    sheet or script.
    """

    def __init__(self, preview: Preview, events: FileEvents, host: str, port: int) -> None:
        super().__init__(lambda: None, host, port, str(preview.folder))
        # Otherwise another process may get the same free port until this one listens.
        self.allow_reuse_address = port != 0
        self.preview = preview
        self.events = events
        self.edited: Callable[[frozenset[str]], None] | None = None
        """Receives the pages whose snippets should run."""
        self._watched_paths = {str(preview.project.vault): 1}  # reloading is enabled only if there are watched paths
        self._asked = threading.local()
        self._ready: frozenset[str] | None = None
        """During an update: the files that are up to date. None: all are."""
        self._changed: dict[str, int] = {}
        """When files last changed, by the clock of live reload."""
        self._all_changed = 0
        self._behind_since: float | None = None

    def watch(self, path: str, func: None = None, *, recursive: bool = True) -> None:
        """Also called by plugins."""
        self.events.follow(Path(path), Path(self.root))

    def show_results(self, pages: Iterable[str]) -> None:
        """Called when pages have new results, although their files are unchanged."""
        self.preview.have_run(pages)
        self.events.put(frozenset())

    def serve(self, *, open_in_browser: bool = False) -> None:
        """Answers requests, and updates the site after every change, until interrupted."""
        self.server_activate()
        self.serve_thread.start()
        while True:
            self._update()

    def server_activate(self) -> None:
        super().server_activate()
        self.preview.say(f"serving {self.url} · follows what you save · Ctrl-C ends it")

    def mount(self, url: str) -> None:
        """Serves the site at the path of its address."""
        self.url, self.mount_path = url, urlsplit(url).path

    # -- after a change --------------------------------------------------------------------------------------------

    def _update(self) -> None:
        changed = self.events.wait()
        preview = self.preview
        if changed == frozenset() and not preview.is_behind:
            return  # the requested page has been built in the meantime
        with self._epoch_cond:
            if changed != frozenset() or self._ready is None:
                self._ready = frozenset()
        failure = preview.failure
        shown = preview.refresh(changed)
        if (first := preview.render_first()) is not None:
            self._publish([*shown, *first.changed], ready=preview.static_files.union(first.files, self._ready or ()))
            shown = []
        if self.edited is not None and (pages := preview.pages_to_run()):
            self.edited(pages)
        self._behind_since = self._behind_since or time.monotonic()
        try:
            shown += preview.build(self._step)
        except Superseded:
            self._publish(shown, ready=self._ready)
            return
        self._behind_since = None
        if not preview.failure:
            with preview.reporting():  # the configuration may be invalid by now
                for place in preview.places():
                    self.events.follow(place, Path(self.root))
        self._publish(shown, ready=None, everywhere=failure != preview.failure)

    def _step(self, *_: object) -> None:
        is_patient = self._behind_since is not None and time.monotonic() - self._behind_since < _PATIENCE
        if is_patient and self.events.is_waiting:
            raise Superseded

    def _publish(self, changed: Iterable[str], *, ready: frozenset[str] | None, everywhere: bool = False) -> None:
        """Makes browsers load changed files. ``ready`` are the files that may be served."""
        changed = list(changed)
        with self._epoch_cond:
            epoch = max(livereload._timestamp(), self._visible_epoch + 1)
            self._changed.update(dict.fromkeys(changed, epoch))
            if everywhere or any(file.endswith(_OF_ALL) and not file.startswith(_DATA) for file in changed):
                self._all_changed = epoch
            self._visible_epoch = self._wanted_epoch = epoch
            self._ready = ready
            self._epoch_cond.notify_all()

    # -- requests --------------------------------------------------------------------------------------------------

    def _serve_request(self, environ: Any, start_response: Any) -> Iterable[bytes] | None:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        if found := re.fullmatch(r"/livereload/([0-9]+)/[0-9]+", path):
            start_response("200 OK", [("Content-Type", "text/plain")])
            referer = environ.get("HTTP_REFERER")
            shown = self._file_at(unquote(urlsplit(referer).path)) if referer else None
            return [b"%d" % self._when_changed(int(found[1]), shown)]
        if path.startswith(_PAGE):
            shown = self.preview.shown_of(Path(path.removeprefix(_PAGE)))
            start_response("302 Found", [("Location", quote(self.mount_path + shown.removesuffix("index.html")))])
            return [b""]
        self._asked.file = file = self._file_at(path)
        with self._epoch_cond:
            if self._ready is not None and file not in self._ready and self.preview.is_asked_for(file):
                self.events.put(frozenset())
            self._epoch_cond.wait_for(lambda: self._ready is None or file in self._ready)
        return super()._serve_request(environ, start_response)

    def _file_at(self, path: str) -> str:
        """The file of the site at an address, relative to its folder."""
        name = path.removeprefix(self.mount_path) + ("index.html" if path.endswith("/") else "")
        return posixpath.normpath("/" + name).lstrip("/")

    def _when_changed(self, epoch: int, file: str | None) -> int:
        """Waits until a file that was served before has changed. Returns when; after a timeout, when it was served."""

        def is_newer() -> bool:
            changed = self._visible_epoch if file is None else self._changed.get(file, 0)
            return max(changed, self._all_changed) > epoch

        with self._epoch_cond:
            self._epoch_cond.wait_for(is_newer, timeout=self.poll_response_timeout)
            return self._visible_epoch if is_newer() else epoch

    def _inject_js_into_html(self, content: bytes, epoch: int) -> bytes:
        findings = self.preview.findings
        found = findings.on(self._asked.file) if findings is not None else []
        lines = ([f"not built: {self.preview.failure}"] if self.preview.failure else []) + found
        page: bytes = super()._inject_js_into_html(content, epoch)  # type: ignore[no-untyped-call]
        if not lines:
            return page
        shown = "".join(f"<div>{escape(line)}</div>" for line in lines)
        end = page.rfind(b"</body>")
        banner = _BANNER.format(title=f"kb: {len(lines)}", lines=shown).encode()
        return page[:end] + banner + page[end:] if end >= 0 else page
