"""Machine-readable files of a site, and the links to them in pages' heads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

from kbtools.site.data.model import SiteModel
from kbtools.site.data.page_lists import sorted_pages
from kbtools.site.files.data_files import graph_json, results_json
from kbtools.site.files.feed import atom
from kbtools.site.files.linked_data import linked_data, script
from kbtools.site.files.llms import llms_full, llms_txt
from kbtools.site.files.page_markdown import page_markdown
from kbtools.site.html.text import escape
from kbtools.site.html.urls import FEED, Site, markdown_of, relative_url
from kbtools.site.mkdocs.site_folder import SiteFolder

NAMES = (FEED, "llms.txt", "llms-full.txt", "graph.json", "results.json")
"""Files of the whole site."""


def write(wiki: SiteModel, site: Site, folder: SiteFolder, key_of: Callable[[str], str], key: str) -> None:
    """Writes the files into a built site. Files that the wiki contains are not replaced. ``key_of`` returns the
    fingerprint of a page; ``key`` is the fingerprint of what other pages read of pages."""

    def offer(path: str, make: Callable[[], str]) -> None:
        folder.offer(path, lambda: make().encode("utf-8", "replace"), key)

    if wiki.parts.llms:
        full = _write_markdown(wiki, site, folder, key_of)
        if full is not None:
            folder.offer("llms-full.txt", lambda: full)
        offer("llms.txt", lambda: llms_txt(wiki, site, full is not None))
    if wiki.parts.feed:
        offer(FEED, lambda: atom(wiki, site))
    if wiki.parts.data_files:
        offer("graph.json", lambda: graph_json(wiki, site))
        offer("results.json", lambda: results_json(wiki, site))


def _write_markdown(wiki: SiteModel, site: Site, folder: SiteFolder, key_of: Callable[[str], str]) -> bytes | None:
    """Writes a file for each page, and one with all of them if it is not too large."""
    made: dict[str, bytes] = {}

    def make(path: str) -> bytes:
        if path not in made:
            made[path] = page_markdown(wiki.index.pages[path], wiki, site).encode("utf-8", "replace")
        return made[path]

    places = {path: unquote(markdown_of(site.pages[path])) for path in wiki.index.pages if path in site.pages}
    for path, place in places.items():
        folder.offer(place, partial(make, path), key_of(path))
    listed = (page.path for page in sorted_pages(wiki.listed, wiki.words) if page.path in places)
    return llms_full(folder.kept_content(places[path]) or make(path) for path in listed)


def head(path: str, wiki: SiteModel, site: Site) -> str:
    """Elements for a page's head: links to its Markdown and to the feed, and metadata."""
    address = site.pages.get(path)
    if address is None:
        return ""
    # Material considers every ``rel="alternate"`` without further words to be a translation of the site; browsers
    # ignore the second word.
    feed = escape(relative_url(FEED, address))
    found = []
    if wiki.parts.feed:
        name = escape(site.name)
        found.append(f'<link rel="alternate feed" type="application/atom+xml" title="{name}" href="{feed}">')
    page = wiki.index.pages.get(path)
    if page is not None:
        markdown = escape(relative_url(markdown_of(address), address))
        if wiki.parts.llms:
            found.append(f'<link rel="alternate source" type="text/markdown" href="{markdown}">')
        data = linked_data(page, wiki, site)
        if data is not None:
            found.append(script(data))
    return "".join(found)
