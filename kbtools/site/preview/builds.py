"""Builds of a preview: the whole site, and before it the pages that are edited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from mkdocs.config.defaults import MkDocsConfig

from kbtools.config.mkdocs_file import chain, config_file
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.incremental.check import CheckResult, check
from kbtools.incremental.fingerprint import VaultState
from kbtools.run.results.outcomes import Status
from kbtools.site.build import load_mkdocs, render
from kbtools.site.data.model import SiteModel
from kbtools.site.data.results import BAD, Results
from kbtools.site.data.stored import stored
from kbtools.site.html.text import clean
from kbtools.site.html.urls import file_of
from kbtools.site.mkdocs.site_folder import digest_of
from kbtools.site.preview.again import can_show, render_again, take_in
from kbtools.site.preview.kept_results import KeptResults
from kbtools.site.preview.kept_wiki import KeptWiki, Refreshed
from kbtools.site.reuse.engine import Engine
from kbtools.site.reuse.fingerprints import places_read
from kbtools.site.reuse.manifest import content_of, results_of
from kbtools.site.reuse.report import Step, no_step
from kbtools.state.memo import Memo
from kbtools.vault.file_events import Changed
from kbtools.vault.listing import Listing
from kbtools.vault.page import Page

Say = Callable[[str], None]


class _Templates(BytecodeCache):
    """Compiled templates, in memory."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self.held.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.held[bucket.key] = bucket.checksum, bucket.code


class Sources(NamedTuple):
    """The inputs of a site at one time."""

    vault: VaultState
    others: list[str]
    """Fingerprints of its other files and folders."""


class First(NamedTuple):
    """Files of the site that were made before all others."""

    files: list[str]
    changed: list[str]
    """Those that browsers must load again."""


class FindingLines:
    """Findings of pages as lines of text, by file on the site."""

    def __init__(self, checked: CheckResult, wiki: SiteModel) -> None:
        self._checked, self._wiki = checked, wiki
        self.stored = dict(checked.found)
        """As stored by the check, by path."""

    @cached_property
    def _paths(self) -> Mapping[str, str]:
        return {self.file(path): path for path in self.stored}

    def file(self, path: str) -> str:
        """The file of a page on the site."""
        return unquote(file_of(self._wiki.url_of(path)))

    def on(self, file: str) -> list[str]:
        """The findings of the page shown by a file of the site."""
        path = self._paths.get(file)
        return list(self.of([path])) if path is not None else []

    def of(self, paths: Iterable[str]) -> Iterator[str]:
        wanted = frozenset(paths)
        for d in self._checked.diagnostics(wanted.__contains__):
            at = self._checked.source(d.path).lines.position(d.span.start)
            yield clean(f"{d.path}:{at.line}:{at.column}: {d.severity.value}[{d.rule}]: {d.message}")

    def changed_since(self, before: FindingLines | None) -> Iterator[str]:
        """The files of pages whose findings differ."""
        if before is not None:
            both = self.stored.keys() | before.stored.keys()
            yield from (self.file(p) for p in both if self.stored.get(p) != before.stored.get(p))


class Preview:
    """The site, and what stays in memory between builds.

    After a change: ``refresh``, then ``render_first`` (which may do nothing), then ``build``. They return the files
    of the site that browsers must load again.
    """

    def __init__(self, project: Project, folder: Path, say: Say) -> None:
        self.project = project
        self.origin = ""
        """Where the site is served: scheme, host and port."""
        self.folder = folder
        """Where the site is served from."""
        self.say = say
        self.failure = ""
        """Why the last build failed."""
        self.config: MkDocsConfig | None = None
        """The configuration of the last successful build."""
        self.findings: FindingLines | None = None
        self.static_files: frozenset[str] = frozenset()
        """Files of the site that are not made from pages."""
        self._wiki = KeptWiki(project)
        self._memo = Memo(":memory:")
        self._templates = _Templates()
        self._now: Refreshed | None = None
        self._engine: Engine | None = None
        """The last build."""
        self._is_site_of = False
        """Whether the site has the current files and settings: only published pages have changed or been added
        since."""
        self._results = KeptResults()
        self._edited: frozenset[str] = frozenset()
        self._first: frozenset[str] = frozenset()
        """Pages to render before all others, besides edited ones."""
        self._first_lock = threading.Lock()  # other threads add them
        self.is_behind = False
        """Whether there are changes that the last build may not include."""
        self._pages: dict[str, str] = {}
        """Pages by their files on the site."""
        self._digests: dict[str, str] = {}
        """Digests of the site's files."""

    # -- what has changed ------------------------------------------------------------------------------------------

    def refresh(self, changed: Changed) -> list[str]:
        """Reads what has changed, and checks it."""
        with self.reporting():
            self._now = None
            self.is_behind = True
            now = self._wiki.refresh(changed)
            self.project = now.project
            self._is_site_of = self._is_site_of and now.has_same_files
            self._edited |= now.edited
            reader = None if now.project.foreign else self._wiki.read
            found = FindingLines(check(now.project, date.today(), listing=now.listing, reader=reader), now.model)
            for line in found.of(now.edited):
                self.say(line)
            before, self.findings = self.findings, found
            self._now = now
            return list(found.changed_since(before))
        return []

    def have_run(self, pages: Iterable[str]) -> None:
        """Registers new results of pages."""
        self._render_soon(pages)
        self.is_behind = True

    def is_asked_for(self, file: str) -> bool:
        """Registers a request for a file of the site. Returns whether its page should be rendered before others."""
        path = self._pages.get(file)
        if path is None or not self._is_site_of:
            return False
        self._render_soon([path])
        return True

    def _render_soon(self, pages: Iterable[str]) -> None:
        with self._first_lock:
            self._first = self._first.union(pages)

    def pages_to_run(self) -> frozenset[str]:
        """Edited pages with code that is not known to pass; each is returned once."""
        if self._now is None:
            return frozenset()
        with self.reporting():
            pages = (page for path in self._edited if (page := self._wiki.page(path)) and page.structure.fences)
            found = frozenset(page.path for page in pages if _is_to_run(page, stored(self.project, [page])))
            self._edited = frozenset()
            return found
        return frozenset()

    def shown_of(self, file: Path) -> str:
        """The file of the site that shows a page on disk; the start page for a file that is not a page of the site."""
        try:
            path = file.resolve().relative_to(self.project.vault.resolve()).as_posix()
        except ValueError:
            path = ""
        return next((shown for shown, page in [*self._pages.items()] if page == path), "index.html")

    # -- the site --------------------------------------------------------------------------------------------------

    def render_first(self) -> First | None:
        """Renders pages that were edited, have new results or were requested before all others, if possible."""
        now, engine = self._now, self._engine
        with self._first_lock:
            first, self._first = self._first, frozenset()
        if now is None or engine is None or not self._is_site_of:
            return None
        paths = sorted(path for path in now.edited | first if can_show(engine, now.model.index, path))
        if not 0 < len(paths) <= _FEW or not take_in(engine, now.model.index):
            return None
        with self.reporting():
            started = time.monotonic()
            for path in paths:
                self._results.read(self.project, now.model.index.pages[path])
            files = render_again(engine, now.model.index, self._results.known, paths, self.folder)
            self._pages.update(zip(files, paths, strict=True))
            self.say(f"rendered in {time.monotonic() - started:.2f} s: {', '.join(paths)}")
            return First(files, self._changed_files({f: digest_of((self.folder / f).read_bytes()) for f in files}))
        return None

    def build(self, step: Step = no_step) -> list[str]:
        """Builds what has changed. A failure is printed, and the old site stays. ``step`` is called for each page;
        it may raise Superseded."""
        if self._now is None:
            return []
        with self.reporting():
            started = time.monotonic()
            self.is_behind = False  # before anything is read: results that arrive later cause another build
            try:
                engine = self._build(self._now, step)
            except BaseException:
                self.is_behind = True
                raise
            self._is_site_of = True
            report = engine.report
            what = f"{len(report.rendered)} rendered, {len(report.kept)} kept"
            if report.every:
                what = f"all rendered: {', '.join(report.every)} may need every page"
            self.say(f"built in {time.monotonic() - started:.2f} s: {what}")
            gone = self._digests.keys() - engine.site.keys()
            for file in gone:
                del self._digests[file]
            return [*gone, *self._changed_files({path: file.digest for path, file in engine.site.items()})]
        return []

    def _build(self, now: Refreshed, step: Step) -> Engine:
        config = load_mkdocs(now.project)
        config.strict = False
        mount = urlsplit(config.site_url or "/").path
        config.site_url = f"{self.origin}{mount if mount.endswith('/') else mount + '/'}"
        plugin: Any = config.plugins.get("kbtools")
        if plugin is None:
            raise KbError(f"{config.config_file_path}: the plugin kbtools is not on", "add kbtools to its plugins")
        mark = results_of(now.project, ())
        if not self._is_site_of:
            self._results.forget()
        plugin.results = self._results.of(now.project, now.model.index.pages)
        plugin.read, plugin.templates = now.model, self._templates
        heard, engine = render(config, self.folder, self._memo, mark, serve_url=config.site_url, step=step)
        config.site_dir = str(self.folder)
        for warning in heard.warnings:
            self.say(f"warning: {clean(warning)}")
        self.config, self._engine = config, engine
        files = engine.files if engine.active else ()
        self.static_files = frozenset(file.dest_uri for file in files if not file.is_documentation_page())
        self._pages = {file.dest_uri: file.src_uri for file in files if file.is_documentation_page()}
        return engine

    def _changed_files(self, now: Mapping[str, str]) -> list[str]:
        changed = [file for file, digest in now.items() if self._digests.get(file) != digest]
        self._digests.update(now)
        return changed

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Reports errors in a page, plugin or file that is being edited, instead of ending the preview."""
        try:
            yield
            self.failure = ""
        except Exception as e:  # noqa: BLE001
            hint = f"\n  hint: {e.hint}" if isinstance(e, KbError) and e.hint else ""
            self.failure = clean(e.message if isinstance(e, KbError) else f"{type(e).__name__}: {e}")
            self.say(f"not built: {self.failure}{hint}")

    # -- what it is made of ----------------------------------------------------------------------------------------

    def places(self) -> list[Path]:
        """The files and folders that the site is made from, the vault first."""
        project = self.project
        config = self.config or load_mkdocs(project)
        configured = (file for file, _ in chain(config_file(project.root)))
        return [project.vault, *project.settings_files, *configured, *places_read(config), *map(Path, config.watch)]

    def sources(self) -> Sources:
        """The current inputs of the site."""
        _, *others = self.places()
        return Sources(VaultState.of(self.project, Listing.of(self.project)), list(map(content_of, others)))

    def is_still(self, before: Sources) -> bool:
        """Whether the inputs are still the same."""
        now = self.sources()
        return before.vault.is_still(now.vault, self.project) and before.others == now.others


_FEW = 8
"""Maximum number of edited pages that are rendered before all others."""


def _is_to_run(page: Page, results: Results) -> bool:
    held = [results.of_snippet(page.path, snippet) for snippet in page.snippets if snippet.executable]
    bad = (*BAD, Status.BLOCKED)
    return any(not runs or any(not r.fresh or r.outcome.outcome in bad for r in runs) for runs in held)
