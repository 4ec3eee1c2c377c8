"""Order of pages on a site, and the generated page that holds each page's results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kbtools.site.words import Words
from kbtools.vault.page import Page

PATH = "runs.md"
LONG = 100
"""Maximum number of pages whose snippets are listed on one generated page."""


def sorted_pages(pages: Iterable[Page], words: Words) -> list[Page]:
    return sorted(pages, key=lambda page: (words.order(page.shown_title), page.path))


def pages_with_code(pages: Iterable[Page], words: Words) -> list[Page]:
    """Pages with a snippet that can run, sorted."""
    return [page for page in sorted_pages(pages, words) if any(s.executable for s in page.snippets)]


def result_pages(pages: Iterable[Page], words: Words) -> Mapping[str, str]:
    """The generated page of each page that has results, by the path of the latter."""
    held = pages_with_code(pages, words)
    return {page.path: PATH if at < LONG else f"runs/{at // LONG + 1}.md" for at, page in enumerate(held)}
