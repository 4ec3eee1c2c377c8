"""Machine-readable files of a site, and the links to them in pages' heads."""

from __future__ import annotations

from collections.abc import Iterator
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


def files(wiki: SiteModel, site: Site) -> Iterator[tuple[str, str]]:
    """Every file with its path in the built site."""
    written: dict[str, str] = {}
    for path, page in wiki.index.pages.items():
        if path in site.pages and wiki.parts.llms:
            written[path] = page_markdown(page, wiki, site)
            yield unquote(markdown_of(site.pages[path])), written[path]
    full = None if not wiki.parts.llms else llms_full((p.path for p in sorted_pages(wiki.listed, wiki.words)), written)
    if full is not None:
        yield "llms-full.txt", full
    if wiki.parts.llms:
        yield "llms.txt", llms_txt(wiki, site, full is not None)
    if wiki.parts.feed:
        yield FEED, atom(wiki, site)
    if wiki.parts.data_files:
        yield "graph.json", graph_json(wiki, site)
        yield "results.json", results_json(wiki, site)


def write(wiki: SiteModel, site: Site, folder: SiteFolder) -> None:
    """Put them into a built site. A file that the wiki brings itself stays."""
    for path, text in files(wiki, site):
        folder.offer(path, lambda text=text: text.encode("utf-8", "replace"))  # type: ignore[misc]


def head(path: str, wiki: SiteModel, site: Site) -> str:
    """What a page's head says of its Markdown, of the feed, and of what the page is."""
    address = site.pages.get(path)
    if address is None:
        return ""
    # Material takes every ``rel="alternate"`` and nothing else for the site in another language; a second word, which
    # browsers pass over, tells these apart.
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
