"""Fingerprints of the inputs of a site besides its pages, and of all that each of its pages depends on.

A page's fingerprint is taken of its text and of what other pages put into it, as it stands there: the HTML of its
links, of its infobox, backlinks and mentions. It is made by the code that renders them, so that nothing can be
forgotten that this code looks at.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as etree
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation

from kbtools.site.data.model import SiteModel
from kbtools.site.data.rendered import Embed
from kbtools.site.html.sanitize import settle
from kbtools.site.markdown.file_links import ADDRESSED, meaning
from kbtools.site.markdown.wikilinks import label_of, render
from kbtools.site.page import lessons, page_header_footer
from kbtools.site.reuse.manifest import content_of
from kbtools.vault.page import Page


def digest(parts: Iterable[object]) -> str:
    """One fingerprint of several texts, each told from the next. In HTML that is still to be sanitized kb's names are
    other ones in every process."""
    total = blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else settle(str(part)).encode("utf-8", "surrogatepass")
        total.update(f"{len(data)}:".encode())
        total.update(data)
    return total.hexdigest()


# -- What all pages hang on -------------------------------------------------------------------------------------------


def config_parts(config: MkDocsConfig) -> Iterator[str]:
    """``mkdocs.yml`` as it was read, the templates it names, the hooks, and the files its extensions read."""
    for key, value in sorted(config.items()):
        if key not in ("plugins", "mdx_configs", "site_dir", "hooks", "theme"):
            yield f"{key}={_described(value)}"
    for name, plugin in config.plugins.items():
        options = getattr(plugin, "config", {})  # a hook has none
        yield f"plugin {name}={_described(dict(options))}"
    for extension, options in config.mdx_configs.items():
        if not extension.startswith("kbtools"):
            yield f"extension {extension}={_described(options)}"
    theme = config.theme
    yield f"theme {theme.name} {sorted(theme.static_templates)} {_described({k: theme[k] for k in theme})}"
    yield from (f"{place} {content_of(place)}" for place in places_read(config))


def places_read(config: MkDocsConfig) -> Iterator[Path]:
    """Files and folders of the owner's that a configuration has read, besides ``mkdocs.yml``: hooks, templates, and
    what its extensions put into every page."""
    hooks: Any = config.hooks  # a dict from names to modules; MkDocs' annotation is wrong
    yield from (Path(str(module.__file__)) for module in hooks.values())
    for folder in config.theme.dirs:
        if not any(part.endswith("-packages") for part in Path(folder).parts):
            yield Path(folder)
    for options in config.mdx_configs.values():
        bases = options.get("base_path", ["."])
        for name in options.get("auto_append") or ():  # of pymdownx.snippets
            yield from (Path(str(base), str(name)) for base in ([bases] if isinstance(bases, str) else bases))
        yield from map(Path, (options.get("options") or {}).get("custom_icons") or ())


def _described(value: object, depth: int = 0) -> str:
    """A value of a configuration as text that two processes write alike."""
    if depth > 12 or value is None or isinstance(value, (str, bytes, int, float, Path)):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key!r}:{_described(v, depth + 1)}" for key, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_described(v, depth + 1) for v in value) + "]"
    if isinstance(value, (set, frozenset)):
        return "{" + ",".join(sorted(_described(v, depth + 1) for v in value)) + "}"
    if isinstance(value, partial):
        return _described((value.func, value.args, value.keywords), depth + 1)
    if callable(value) and hasattr(value, "__qualname__"):
        module = sys.modules.get(getattr(value, "__module__", ""))
        file = getattr(module, "__file__", None)
        own = content_of(Path(file)) if file and not any(p.endswith("-packages") for p in Path(file).parts) else ""
        return f"{value.__module__}.{value.__qualname__} {own}"
    held = getattr(value, "__dict__", None)
    return f"{type(value).__module__}.{type(value).__qualname__}{_described(held, depth + 1) if held else ''}"


def navigation_parts(nav: Navigation) -> Iterator[str]:
    """What templates show of the navigation: titles, addresses and frontmatter of its pages, and their order."""
    waiting: list[tuple[int, Any]] = [(0, item) for item in reversed(nav.items)]
    while waiting:
        depth, item = waiting.pop()
        yield f"{depth} {item.title} {getattr(item, 'url', '')} {_described(getattr(item, 'meta', None))}"
        waiting += ((depth + 1, child) for child in reversed(item.children or ()))


# -- What one page hangs on -------------------------------------------------------------------------------------------


class Fingerprints:
    """Of the pages of one state of a wiki. ``common`` is that of all they share."""

    def __init__(self, wiki: SiteModel, common: str) -> None:
        self.wiki = wiki
        self.common = common
        self._own: dict[str, tuple[str, frozenset[str]]] = {}

    def page(self, path: str, more: str) -> str:
        """Of a page of the vault, in three parts: what all share, its text, and what other pages bring. ``more`` is
        what the plugin adds to it."""
        page = self.wiki.index.pages[path]
        embedded = (self._of(other)[0] for other in sorted(self._embedded(path)))
        return " ".join((self.common, self._of(path)[0], digest((*embedded, *self._around(page), more))))

    def other(self, path: str, text: str, ids: Iterable[str]) -> str:
        """Of a page that is not in the vault: one that is generated, or another plugin's."""
        return " ".join((self.common, digest((path, text, *ids)), ""))

    def _embedded(self, path: str) -> set[str]:
        """The pages that are shown on a page, those within others among them."""
        found: set[str] = set()
        waiting = [path]
        while waiting:
            for other in self._of(waiting.pop())[1] - found - {path}:
                found.add(other)
                waiting.append(other)
        return found

    def _of(self, path: str) -> tuple[str, frozenset[str]]:
        """Of a page's own text as it is shown there and in others; and the pages it embeds."""
        held = self._own.get(path)
        if held is None:
            embeds: list[Embed] = []
            held = self._own[path] = (
                digest(self._text(self.wiki.index.pages[path], embeds)),
                frozenset(e.path for e in embeds),
            )
        return held

    def _text(self, page: Page, embeds: list[Embed]) -> Iterator[str]:
        wiki, path, text = self.wiki, page.path, page.source.text
        yield path
        yield wiki.url_of(path)
        yield text
        yield repr(page.policy)
        for link, resolution in wiki.index.graph.of(page).wiki:
            yield etree.tostring(render(link, resolution, path, wiki, label_of(link, text), embeds), "unicode")
        yield repr(embeds)
        for file_link in page.files:
            yield meaning(file_link, path, wiki)
        if ADDRESSED.search(text):  # raw HTML may name any file of the vault, in any of its ways
            yield self._names
        if page.structure.fences:
            yield str(wiki.result_rows.get(path))
            for snippet in page.snippets:
                yield f"{snippet.id} {wiki.results.of_snippet(path, snippet)!r}"

    def _around(self, page: Page) -> Iterator[str]:
        """The inputs of the page's surroundings, and the data that templates get of the page."""
        wiki = self.wiki
        root = etree.Element("div")
        page_header_footer.insert(root, page, wiki)
        yield etree.tostring(root, "unicode")
        yield f"{page.shown_title} {wiki.has_schema and page.path in wiki.listed_paths}"
        yield repr(wiki.index.redirects.get(page.path) and wiki.index.final(page.path))
        if page.is_learning_path:  # its list of lessons shows facts of each
            for way in wiki.learning_paths:
                if way.path == page.path:
                    yield repr(way)
                    for lesson in way.pages:
                        lessons.facts(root, wiki.index.pages[lesson], wiki)
            yield etree.tostring(root, "unicode")

    @cached_property
    def _names(self) -> str:
        """Of all that a file of the vault may be called, and of the places in it."""
        wiki = self.wiki
        held = (
            f"{path} {wiki.url_of(path)} {page.title} {page.shown_title} {page.aliases} "
            f"{[(h.id, h.raw) for h in page.headings]} {page.ids} {page.has_includes} {page.block_names}"
            for path, page in wiki.index.pages.items()
        )
        return digest((*held, *sorted(wiki.index.attachments), *sorted(wiki.generated), *sorted(wiki.unpublished)))
