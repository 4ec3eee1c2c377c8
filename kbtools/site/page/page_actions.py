"""Actions of a page: download as notebook, copy as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, unquote, urljoin, urlsplit

from kbtools.links import WikiLink
from kbtools.notebooks.export import PYTHON, Surroundings, export
from kbtools.notebooks.pictures import Pictures
from kbtools.site.data.model import SiteModel
from kbtools.site.html.text import escape, hidden
from kbtools.site.html.urls import Site, markdown_of, relative_url
from kbtools.site.site_folder import SiteFolder
from kbtools.vault.links.resolution import target_page
from kbtools.vault.page import Page


def notebook_of(path: str, url: str) -> str:
    """Where a page's notebook is: ``topics/Tensor/Tensor.ipynb`` beside ``topics/Tensor/``."""
    stem = quote(path.rpartition("/")[2].removesuffix(".md"), errors="replace")
    return urljoin(url or "./", f"{stem}.ipynb").removeprefix("./")


def has_notebook(page: Page, wiki: SiteModel) -> bool:
    """Whether a page has Python that runs, so that its notebook is more than its text."""
    return wiki.parts.notebooks and any(
        s.executable and s.options.skip is None and s.language.lower() in PYTHON for s in page.snippets
    )


def notebooks(wiki: SiteModel, site: Site) -> Iterator[tuple[str, str]]:
    """The notebook of every published page with code, with its path in the built site."""
    pictures = Pictures(wiki.project.vault, wiki.index.attachments)
    for path, page in wiki.index.pages.items():
        if path in site.pages and has_notebook(page, wiki):
            around = Surroundings(
                lambda link, page=page: _address(link, page, wiki, site),  # type: ignore[misc]
                pictures.of(path),
                tuple(hidden(page)),
            )
            outcomes = (
                run.outcome
                for snippet in page.snippets
                for run in wiki.results.of_snippet(path, snippet)
                if run.fresh and run.outcome.device == "cpu"
            )
            yield unquote(notebook_of(path, site.pages[path])), export(page, outcomes, around)


def _address(link: WikiLink, page: Page, wiki: SiteModel, site: Site) -> str | None:
    """Where a link leads from anywhere; None where it is not known where the site is published."""
    found = wiki.index.resolve(link, page.path)
    path = target_page(found)
    return site.page(path) if site.url and path is not None and path in site.pages else None


def colab_folder(repo_url: str, branch: str) -> str | None:
    """Where Colab finds the files of a site that is published from a branch of a repository on GitHub."""
    parts = urlsplit(repo_url)
    repository = parts.path.strip("/").removesuffix(".git")
    if parts.hostname not in ("github.com", "www.github.com") or repository.count("/") != 1:
        return None
    return f"https://colab.research.google.com/github/{quote(repository)}/blob/{quote(branch)}/"


def actions(path: str, url: str, wiki: SiteModel, colab: str | None) -> str:
    """The links, as HTML; empty for a page that has none."""
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


def with_actions(html: str, made: str) -> str:
    """A page's content with its links behind the first heading."""
    end = html.find("</h1>")
    at = end + len("</h1>") if end >= 0 else 0
    return f"{html[:at]}{made}{html[at:]}" if made else html


def write(wiki: SiteModel, site: Site, folder: SiteFolder) -> None:
    """Put the notebooks into a built site. A file that the wiki brings itself stays."""
    for path, text in notebooks(wiki, site):
        folder.offer(path, text.encode("utf-8", "replace"))
