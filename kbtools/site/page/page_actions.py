"""Actions of a page: download as notebook, copy as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote, urljoin, urlsplit

from kbtools.links import WikiLink
from kbtools.notebooks.export import PYTHON, ExportContext, export
from kbtools.notebooks.pictures import Pictures
from kbtools.site.data.model import SiteModel
from kbtools.site.html.text import escape, hidden
from kbtools.site.html.urls import Site, markdown_of, relative_url
from kbtools.site.mkdocs.site_folder import SiteFolder
from kbtools.vault.links.resolution import target_page
from kbtools.vault.page import Page

_PICTURE = re.compile(r"!\[|<img", re.IGNORECASE)


def notebook_of(path: str, url: str) -> str:
    """The address of a page's notebook: ``topics/Tensor/Tensor.ipynb`` for ``topics/Tensor/``."""
    stem = quote(path.rpartition("/")[2].removesuffix(".md"), errors="replace")
    return urljoin(url or "./", f"{stem}.ipynb").removeprefix("./")


def has_notebook(page: Page, wiki: SiteModel) -> bool:
    """Whether a page has executable Python, so that its notebook is more than its text."""
    return wiki.parts.notebooks and any(
        s.executable and s.options.skip is None and s.language.lower() in PYTHON for s in page.snippets
    )


def notebook(page: Page, wiki: SiteModel, site: Site, pictures: Pictures) -> bytes:
    """A page as a notebook, with its valid results."""
    around = ExportContext(lambda link: _address(link, page, wiki, site), pictures.of(page.path), tuple(hidden(page)))
    outcomes = (
        run.outcome
        for snippet in page.snippets
        for run in wiki.results.of_snippet(page.path, snippet)
        if run.fresh and run.outcome.device == "cpu"
    )
    return export(page, outcomes, around).encode("utf-8", "replace")


def _address(link: WikiLink, page: Page, wiki: SiteModel, site: Site) -> str | None:
    """The absolute target of a link; None if the site's address is not known."""
    found = wiki.index.resolve(link, page.path)
    path = target_page(found)
    return site.page(path) if site.url and path is not None and path in site.pages else None


def colab_folder(repo_url: str, branch: str) -> str | None:
    """The address at which Colab finds the files of a site published from a branch of a GitHub repository."""
    parts = urlsplit(repo_url)
    repository = parts.path.strip("/").removesuffix(".git")
    if parts.hostname not in ("github.com", "www.github.com") or repository.count("/") != 1:
        return None
    return f"https://colab.research.google.com/github/{quote(repository)}/blob/{quote(branch)}/"


def actions(path: str, url: str, wiki: SiteModel, colab: str | None) -> str:
    """The links, as HTML; empty for a page without any."""
    page = wiki.index.pages.get(path)
    if page is None:
        return ""
    words, found = wiki.words, []
    if has_notebook(page, wiki):
        name = notebook_of(path, url)
        found.append(f'<a href="{escape(relative_url(name, url))}" download>{escape(words("Notebook"))}</a>')
        if colab is not None:
            found.append(f'<a href="{escape(colab + name)}" rel="noopener">{escape(words("Open in Colab"))}</a>')
    if found and wiki.parts.llms:
        source = escape(relative_url(markdown_of(url), url))
        found.append(f'<a href="{source}" type="text/markdown" data-kb-copy>{escape(words("Copy as Markdown"))}</a>')
    if not found:
        return ""
    label = escape(words("Take this page along"))
    return f'<nav class="kb-actions" aria-label="{label}">{"".join(found)}</nav>'


def write(wiki: SiteModel, site: Site, folder: SiteFolder, key_of: Callable[[str], str]) -> None:
    """Writes the notebooks of published pages with code into a built site. Files that the wiki contains are not
    replaced."""
    pictures = Pictures(wiki.project.vault, wiki.index.attachments)
    for path, page in wiki.index.pages.items():
        if path in site.pages and has_notebook(page, wiki):
            # A notebook contains the pictures of its page, which may change without the page.
            key = "" if _PICTURE.search(page.source.text) else key_of(path)
            place = unquote(notebook_of(path, site.pages[path]))
            folder.offer(place, lambda page=page: notebook(page, wiki, site, pictures), key)  # type: ignore[misc]
