"""Rendering the pages of a site: those that would come out as last time are kept, the others share all processors.

A page passes two stages. Its Markdown becomes HTML (``page`` and ``body`` in the memo), and a template makes a file of
that (``file``). Each stage has its fingerprint: when the navigation changes, only the second is done again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from kbtools.site.files.graph_layout import layout
from kbtools.site.generated.document import Document
from kbtools.site.mkdocs import mkdocs_seam
from kbtools.site.mkdocs.site_folder import SiteFile, SiteFolder
from kbtools.site.reuse import every_page
from kbtools.site.reuse.fingerprints import Fingerprints, config_parts, digest, navigation_parts
from kbtools.site.reuse.kept_templates import KeptTemplates
from kbtools.site.reuse.page_html import BODY, PAGE, PageHtml
from kbtools.site.reuse.plugin import Plugin
from kbtools.site.reuse.report import BuildReport, Step, no_step
from kbtools.site.reuse.site_state import KIND as STATE
from kbtools.site.reuse.site_state import SiteState
from kbtools.site.reuse.workers import in_parallel
from kbtools.state import program
from kbtools.state.memo import Memo, StoredValue
from kbtools.state.user_folder import secret

FILE, LAYOUT, REDIRECTS = "file", "layout", "redirects"
"""Kinds of values in the memo."""
Redirects = Mapping[str, tuple[str, ...]]
"""Files that lead to other pages, with those pages."""


class Engine:
    """One build. Without a memo every page is rendered, and nothing is remembered."""

    def __init__(self, memo: Memo | None, folder: SiteFolder, results: str = "", step: Step = no_step) -> None:
        """``results`` is a fingerprint of the results that are shown, "" where there is none. ``step`` is told of each
        page; what it raises ends the build."""
        self.step = step
        self.site: Mapping[str, SiteFile] = {}
        """The files of the finished site."""
        self.memo = memo
        self.folder = folder
        self._results = results
        self.state: SiteState | None = None
        self.templates: KeptTemplates | None = None
        self.report = BuildReport()
        self.active = False
        """Whether pages can be kept."""
        self.files: mkdocs_seam.AskedFiles
        self.nav: Navigation
        self.config: MkDocsConfig
        self.plugin: Plugin
        self.titles: dict[str, str | None] = {}
        """Titles that the navigation gives pages."""
        self.env: Environment
        """Known once MkDocs is about to write pages."""
        self._old = _read_files(memo) if memo is not None else {}
        folder.old = {path: file for path, (file, _) in self._old.items()}
        self._program = (secret(), *program.contents())
        self._layout: StoredValue | None = None
        self._redirects: StoredValue | None = None
        self._keys: dict[str, str] = {}
        self._html: PageHtml
        """Known while it is active."""
        self._diagrams: dict[str, bool] = {}
        """Which files of pages show diagrams."""
        self._frame = ""
        self._put = 0
        """Pages that have been put into a template, or kept."""

    def begin(self, plugin: Plugin, config: MkDocsConfig, per_page: Sequence[str]) -> None:
        """Compare what the site is made of with the last build. ``per_page`` names what the owner says looks at one
        page at a time."""
        self.plugin, self.config = plugin, config
        self.report.every = every_page.reasons(config, per_page)
        if self.report.every:
            return
        wiki = plugin.wiki
        assert wiki is not None
        shared = (wiki.parts, wiki.directory_urls, wiki.words.language, wiki.shows_devices, wiki.has_lessons)
        more = (wiki.has_schema, sorted(wiki.generated), plugin.has_previews, plugin.serving, wiki.project.config)
        self._common = digest((*self._program, *config_parts(config), *shared, *more))
        if self.memo is not None and self._results:
            self.state = SiteState(self.memo, wiki, self._common, self._results)
        if self.memo is not None:
            self.templates = KeptTemplates(self.memo, self._common)

    def documents(self, make: Callable[[], Mapping[str, Document]]) -> Mapping[str, Document]:
        """The generated pages."""
        return self.state.documents(make) if self.state is not None else make()

    def render(self, nav: Navigation, files: Files, places: Mapping[str, str]) -> None:
        """Render the Markdown of all pages, when files and navigation are known, and the addresses of pages."""
        for file in files:  # MkDocs' own answer goes by times, and what a plugin has put into the site is newer
            mkdocs_seam.answer(file, lambda: True)
        if self.report.every:
            return
        self.active = True
        started = time.perf_counter()
        self.nav, config = nav, self.config
        if self.state is not None:
            self.state.settle(places)
        self.files = mkdocs_seam.follow(files)
        pages = list(mkdocs_seam.pages_of(files, config, self.plugin.serving))
        self.titles = {page.file.src_uri: mkdocs_seam.titles_of(page)[0] for page in pages}
        includes = any(every_page.INCLUDE.search(page.file.content_string) for page in pages)
        self.report.is_lasting = not includes and not _tells_time(config)
        self._fingerprint(pages)
        at = {file.src_uri: mkdocs_seam.place(file) for file in files}
        html = self._html = PageHtml(self.memo, self.plugin, config, self.files, at, self._keys)
        kept = self.memo.all(PAGE) if self.memo is not None else {}
        todo = [page for page in pages if not html.restore(page, kept.get(page.file.src_uri))]
        for page in todo:
            path = page.file.src_uri
            self.report.rendered[path] = _why(self._keys[path], kept.get(path))
        try:
            step = partial(self.step, "pages rendered")
            made = in_parallel(todo, html.render, lambda page: len(page.file.content_string), step, html.take)
            for page, (is_taken, result) in zip(todo, made, strict=True):
                if is_taken and result is not None:
                    html.use(page, result)
        except BaseException:
            with suppress(sqlite3.Error):
                html.save()
            raise
        finally:
            html.tell(pages)
        for page in pages:
            mkdocs_seam.answer(page.file, self._asked(page))
        self.report.seconds["pages"] = time.perf_counter() - started

    def _fingerprint(self, pages: Sequence[Page]) -> None:
        wiki = self.plugin.wiki
        assert wiki is not None
        fingerprints = Fingerprints(wiki, self._common)
        for number, page in enumerate(pages):
            self.step("pages compared", number, len(pages))
            path = page.file.src_uri
            if path in wiki.index.pages and page.file.generated_by is None:
                known = self.state.key_of(path) if self.state is not None else None
                self._keys[path] = known or fingerprints.page(path, self.plugin.added(path, page.url))
            else:
                ids = wiki.build.heading_ids.get(path, ())
                self._keys[path] = fingerprints.other(path, page.file.content_string, ids)

    # -- the page's file ---------------------------------------------------------------------------------------------

    def _asked(self, page: Page) -> Callable[[], bool]:
        """MkDocs checks twice whether a page is modified; the Markdown of all pages is rendered at the first check."""
        asked = Counter[str]()

        def is_modified() -> bool:
            asked["times"] += 1
            return asked["times"] > 1 and self._needs_template(page)

        return is_modified

    def _needs_template(self, page: Page) -> bool:
        self._put += 1
        self.step("pages put into the theme", self._put, len(self._keys))
        path, place, plugin = page.file.src_uri, page.file.dest_uri, self.plugin
        policy = plugin.policy.value() if plugin.policy is not None else ""
        self._frame = self._frame or digest((*navigation_parts(self.nav), policy))
        day = page.update_date if self.config.theme.custom_dir else ""
        old = self._old.get(place)
        state = self.state
        if old is not None and not day and state is not None and state.is_around(self._frame) and state.key_of(path):
            key = self.folder.old[place].key
        else:
            key = digest((self._keys[path], self._frame, plugin.around_template(path), day))
        if page.is_homepage and _tells_time(self.config):
            old = None
        if self._html.is_unchanged(path):
            if old is not None and key and old[0].key == key and self.folder.keep(place):
                has_diagram = old[1]
                self.folder.keys[place] = key
                self._diagrams[place] = has_diagram
                plugin.has_diagrams = plugin.has_diagrams or has_diagram
                self.report.kept.append(path)
                self._tell_collectors(page)
                return False
            self.report.templated.append(path)
        self.folder.keys[place] = key
        if self._html.is_restored(path):
            self._html.restore_body(page)
        return True

    def _tell_collectors(self, page: Page) -> None:
        """Search plugins collect pages while these are put into their templates."""
        collecting = every_page.collecting(self.config)
        if collecting:
            self._html.restore_body(page)
        for plugin in collecting:
            plugin.on_page_context({}, page=page, config=self.config, nav=self.nav)

    def written(self, page: Page, has_diagram: bool, has_own_policy: bool) -> None:
        """A template has made the file of a page. A policy of its own hangs on what other pages do not say."""
        self._diagrams[page.file.dest_uri] = has_diagram
        if has_own_policy:
            self.folder.keys.pop(page.file.dest_uri, None)

    def key_of(self, path: str) -> str:
        """The fingerprint of a page, for files that are made of it; "" where there is none."""
        return self._keys.get(path, "")

    @property
    def site_key(self) -> str:
        """The fingerprint of files that are made of what others read of pages; "" where there is none."""
        return self.state.key if self.active and self.state is not None else ""

    def redirects(self, taken: Iterable[str], make: Callable[[], Redirects]) -> Redirects:
        """The redirects of a site that has the files ``taken``: those of the last build, where these and all that
        others read of pages are as they were."""
        if not self.site_key or self.memo is None:
            return make()
        key = digest((self.site_key, "\n".join(sorted(taken))))
        held = self.memo.get(REDIRECTS, "")
        if held is None or held.key != key:
            held = StoredValue(key, json.dumps(make()).encode())
        self._redirects = held
        return {file: tuple(targets) for file, targets in json.loads(held.data).items()}

    def places(self, nodes: int, edges: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
        """The places of the graph's nodes, those of the last build where no link has changed."""
        key = digest((*self._program, nodes, *edges))
        held = self.memo.get(LAYOUT, "") if self.memo is not None else None
        if held is not None and held.key == key:
            self._layout = held
            return [(x, y) for x, y in json.loads(held.data)]
        found = layout(nodes, edges, step=partial(self.step, "the graph drawn"))
        self._layout = StoredValue(key, json.dumps(found).encode())
        return found

    # -- for the next build ------------------------------------------------------------------------------------------

    def remember(self, files: Mapping[str, SiteFile]) -> None:
        """Keep what was made, with the files of the finished site."""
        self.site = files
        if self.memo is None:
            return
        now = {path: (file, self._diagrams.get(path, False)) for path, file in files.items()}
        fresh = [(path, _file_value(*held)) for path, held in now.items() if self._old.get(path) != held]
        gone = self._old.keys() - files.keys()
        if self.active:
            self._html.save()
        with self.memo.transaction():
            self.memo.put(FILE, fresh, gone)
            for kind, value in ((LAYOUT, self._layout), (REDIRECTS, self._redirects)):
                if value is not None:
                    self.memo.put(kind, [("", value)])
            if not self.active:
                return
            forgotten = self.memo.keys(PAGE).keys() - self._keys.keys()
            self.memo.put(PAGE, (), forgotten)
            self.memo.put(BODY, (), forgotten)
            if self.templates is not None:
                self.templates.remember(self.memo)
            if self.state is not None:
                keys = {path: key for path, key in self._keys.items() if self._html.can_be_kept(path)}
                self.memo.put(STATE, [("", self.state.value(keys, self.plugin.made, self._frame))])


def _tells_time(config: MkDocsConfig) -> bool:
    """MkDocs' own themes write the time of the build into the first page."""
    return config.theme.name != "material"


def _read_files(memo: Memo) -> dict[str, tuple[SiteFile, bool]]:
    """The files of the last site, and which show diagrams."""
    held = memo.all(FILE)
    told = json.loads(b"[%s]" % b",".join(value.data for value in held.values()))
    rows = zip(held.items(), told, strict=True)
    return {path: (SiteFile(value.key, at, size, key), diagram) for (path, value), (at, size, key, diagram) in rows}


def _file_value(file: SiteFile, has_diagram: bool) -> StoredValue:
    return StoredValue(file.digest, json.dumps([file.modified, file.size, file.key, has_diagram]).encode())


def _why(key: str, old: StoredValue | None) -> str:
    if old is None:
        return "new"
    for part, before, why in zip(key.split(" "), old.key.split(" "), ("settings", "text", "others"), strict=True):
        if part != before:
            return why
    return "files"
