"""``llms.txt`` (llmstxt.org): the wiki as a list of Markdown files, for programs; ``llms-full.txt``: all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kbtools.site.data.model import SiteModel
from kbtools.site.data.page_lists import sorted_pages
from kbtools.site.generated.document import lead
from kbtools.site.html.text import clean
from kbtools.site.html.urls import Site
from kbtools.site.page.infobox import breadcrumb, label
from kbtools.vault.page import Page

FULL_LIMIT = 10_000_000
"""Characters; larger wikis get no ``llms-full.txt``."""


def llms_txt(wiki: SiteModel, site: Site, full: bool) -> str:
    words = wiki.words
    listed: dict[str, list[Page]] = defaultdict(list)
    others: list[Page] = []
    paths = {path.path for path in wiki.learning_paths}
    for page in sorted_pages(wiki.index.pages.values(), words):
        if page.path not in site.pages or page.path in paths:
            continue
        if page.path in wiki.listed_paths:
            if page.path not in wiki.index.redirects:
                listed[page.scalar("category")].append(page)
        else:
            others.append(page)
    out = [f"# {_line(site.name)}", ""]
    if site.description:
        out += [f"> {_line(site.description)}", ""]
    out += [" ".join(_about(wiki)), ""]
    if full:
        out += [words("All pages in one file: {file}", file="llms-full.txt"), ""]
    courses = [wiki.index.pages[path.path] for path in wiki.learning_paths if path.path in site.pages]
    out += _section(words("Learning paths"), courses, wiki, site)
    for category, pages in sorted(listed.items()):
        out += _section(_line(breadcrumb(category)) or words("Pages"), pages, wiki, site)
    out += _section("Optional", others, wiki, site)
    return "\n".join(out)


def _about(wiki: SiteModel) -> Iterator[str]:
    """A sentence about the code, as far as the results support it; empty without code."""
    proven = [wiki.results.proven(page) for page in wiki.index.pages.values()]
    passed, executable = (sum(p[n] for p in proven) for n in (0, 1))
    if executable and passed == executable:
        yield wiki.words("Every code example was run when this site was built.")
    elif executable:
        words, (one, all_) = wiki.words, (wiki.words.number(passed), wiki.words.number(executable))
        yield words("{passed} of {all} code examples were run when this site was built.", passed=one, all=all_)
    yield wiki.words("Links lead to the Markdown of each page.")


def _section(title: str, pages: Iterable[Page], wiki: SiteModel, site: Site) -> list[str]:
    lines = [f"- [{_label(page.shown_title)}]({site.markdown(page.path)}){_note(page, wiki)}" for page in pages]
    return [f"## {title}", "", *lines, ""] if lines else []


def _note(page: Page, wiki: SiteModel) -> str:
    about = lead(page)
    passed, executable = wiki.results.proven(page)
    status = page.scalar("status")
    facts = [label("status", status, wiki.words)] if status and page.path in wiki.listed_paths else []
    if executable:
        facts.append(wiki.words("{passed} of {all} snippets run", passed=passed, all=executable))
    told = about + (f" ({_line(', '.join(facts))})" if facts else "")
    return f": {_line(told)}" if told else ""


def llms_full(pages: Iterable[bytes]) -> bytes | None:
    """The Markdown of all pages in one file; None if it would be too large."""
    texts: list[bytes] = []
    size = 0
    for text in pages:
        texts.append(text)
        size += len(text.decode())
        if size > FULL_LIMIT:
            return None
    return b"\n".join(texts)


def _line(text: str) -> str:
    return " ".join(text.split())


def _label(text: str) -> str:
    return _line(clean(text)).replace("[", "(").replace("]", ")")
