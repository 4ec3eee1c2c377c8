"""The HTML of pages: rendered in this build, or that of the last one where a page would come out the same."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

from kbtools.site.html.csp import Brought
from kbtools.site.mkdocs import mkdocs_seam
from kbtools.site.page.dates import changed
from kbtools.site.reuse import every_page, values
from kbtools.site.reuse.plugin import Plugin
from kbtools.state.memo import Memo, StoredValue

PAGE, BODY = "page", "body"
"""Kinds of values in the memo."""
_SAVE_EVERY = 2.0
"""Seconds after which pages that were rendered are kept, so that an interrupted build need not render them again."""


class PageHtml:
    """The HTML of the pages of one build."""

    def __init__(
        self,
        memo: Memo | None,
        plugin: Plugin,
        config: MkDocsConfig,
        files: mkdocs_seam.AskedFiles,
        places: Mapping[str, str],
        keys: Mapping[str, str],
    ) -> None:
        """``places`` are those of files of the wiki on the site, ``keys`` the fingerprints of its pages."""
        self.memo, self.plugin, self.config, self.files = memo, plugin, config, files
        self._places, self._keys = places, keys
        self._bodies: dict[str, bytes] = {}
        """Of pages that another process rendered."""
        self._facts: dict[str, bytes] = {}
        """Of pages that were rendered in this build."""
        self._unsaved: list[str] = []
        """Those of them that are not in the memo yet."""
        self._saved = time.monotonic()
        self._restored: set[str] = set()
        self._told: dict[str, list[tuple[str, int, str]]] = {}
        """What there is to say of each page."""

    def is_restored(self, path: str) -> bool:
        """Whether another process or the last build rendered a page."""
        return path in self._restored

    def is_unchanged(self, path: str) -> bool:
        """Whether a page is as in the last build."""
        return path in self._restored and path not in self._facts

    def can_be_kept(self, path: str) -> bool:
        """Whether the next build may use a page of this one."""
        return path in self._facts or path in self._restored

    def restore(self, page: Page, value: StoredValue | None) -> bool:
        """Whether a page is unchanged; then its stored result is used."""
        path = page.file.src_uri
        known = self.plugin.wiki.index.pages.get(path) if self.plugin.wiki is not None else None
        if value is None or value.key != self._keys[path]:
            return False
        if known is not None and every_page.INCLUDE.search(known.source.text):
            return False
        try:
            facts = values.load(value.data)
        except values.DAMAGED:
            return False
        known_places, place_of = self._places, self.files.place_of
        if any((known_places.get(a) or place_of(a)) != place for a, place in facts.asked.items()):
            return False
        self._use(page, facts)
        return True

    def use(self, page: Page, result: tuple[bytes, bytes]) -> None:
        """Uses what another process has rendered."""
        self._use(page, values.load(result[0]))

    def _use(self, page: Page, facts: values.Facts) -> None:
        """Uses the stored result of a page, or that of another process."""
        plugin = self.plugin
        self._restored.add(page.file.src_uri)
        self._told[page.file.src_uri] = facts.told
        mkdocs_seam.restore_facts(page, self.files, facts.titles, (facts.anchors, facts.anchor_links))
        page.meta = facts.meta
        known = plugin.wiki.index.pages.get(page.file.src_uri) if plugin.wiki is not None else None
        if known is not None and (day := changed(known)) is not None:
            page.update_date = day.isoformat()
        if plugin.search is not None and facts.entry is not None:
            plugin.search.entries.append(facts.entry)
        if plugin.graph is not None and facts.url is not None:
            plugin.graph.urls[page.file.src_uri] = facts.url
        if plugin.policy is not None:
            plugin.policy.of_plugins(
                Brought(tuple(facts.scripts), tuple(facts.addresses), facts.has_handlers), plugin.is_written
            )

    def render(self, page: Page) -> tuple[bytes, bytes] | None:
        """Renders a page. None for one that cannot be kept."""
        plugin, path = self.plugin, page.file.src_uri
        entries = len(plugin.search.entries) if plugin.search is not None else 0
        with mkdocs_seam.asking(self.files) as asked, _listening() as told:
            self._told[path] = told
            mkdocs_seam.render(page, self.config, self.files)
        anchors, links = mkdocs_seam.anchors_of(page)
        found = plugin.search.entries[entries:] if plugin.search is not None else []
        url = plugin.graph.urls.get(path) if plugin.graph is not None else None
        facts = values.Facts(
            mkdocs_seam.titles_of(page),
            dict(page.meta),
            anchors,
            links,
            found[0] if found else None,
            url,
            asked,
            told,
            list(plugin.brought.scripts),
            list(plugin.brought.addresses),
            plugin.brought.has_handlers,
        )
        try:
            return values.dump(facts), values.dump_body(
                page.markdown or "", page.content or "", mkdocs_seam.contents_of(page)
            )
        except values.NotKept:
            return None

    def take(self, page: Page, result: tuple[bytes, bytes]) -> None:
        """Keeps what ``render`` has returned, here or in another process."""
        path = page.file.src_uri
        self._facts[path], self._bodies[path] = result
        self._unsaved.append(path)
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Stores pages that were rendered, also for a build that comes after an interruption of this one."""
        self._saved = time.monotonic()
        if self.memo is None or not self._unsaved:
            return
        with self.memo.transaction():
            self.memo.put(PAGE, ((p, StoredValue(self._keys[p], self._facts[p])) for p in self._unsaved))
            self.memo.put(BODY, ((p, StoredValue(self._keys[p], self._bodies[p])) for p in self._unsaved))
        self._unsaved = []

    def restore_body(self, page: Page) -> None:
        """Sets what a page's template displays."""
        path = page.file.src_uri
        body = self._bodies.get(path)
        if body is None and self.memo is not None:
            value = self.memo.get(BODY, path)
            body = value.data if value is not None and value.key == self._keys[path] else None
        try:
            mkdocs_seam.restore_body(page, *values.load_body(body or b""))
        except values.DAMAGED:
            mkdocs_seam.render(page, self.config, self.files)

    def tell(self, pages: Iterable[Page]) -> None:
        """Passes on what MkDocs and plugins have said of pages, in their order."""
        for page in pages:
            for name, level, text in self._told.get(page.file.src_uri, ()):
                logging.getLogger(name).log(level, "%s", text)


@contextmanager
def _listening() -> Iterator[list[tuple[str, int, str]]]:
    """What MkDocs and plugins say meanwhile. It is said later, in the order of the pages."""
    handler = _Told()
    logger = logging.getLogger("mkdocs")
    handlers, propagates = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    try:
        yield handler.records
    finally:
        logger.handlers, logger.propagate = handlers, propagates


class _Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.name, record.levelno, record.getMessage()))
