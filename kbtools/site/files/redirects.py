"""Redirect pages for aliases; they never replace a real page.

A page is also found by its aliases in its own folder (``kb rename`` adds the old title as one), by the old paths in
its ``redirect_from``, and by its id below ``id/``. A page that redirects to another one keeps its address and text;
if it has no text, it redirects readers. All redirects lead to the final page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from urllib.parse import quote

from kbtools.edit.new_names import file_name
from kbtools.site.data.model import SiteModel, strings
from kbtools.site.html.text import escape
from kbtools.site.html.tree import Tree
from kbtools.site.html.urls import Site, file_of, relative_url, url_of
from kbtools.site.mkdocs.site_folder import SiteFolder
from kbtools.vault.page import Page

_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f\\<>:"|?*\ud800-\udfff]')
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
_LONGEST = 200
"""Maximum bytes of one name: file systems accept 255, including endings."""
Plan = Mapping[str, tuple[str, ...]]
"""Files to write, each with the pages it leads to."""
Planned = Callable[[Iterable[str], Callable[[], Plan]], Plan]


def names(page: Page) -> Iterator[str]:
    """A page's other names, as paths of pages that do not exist: ``topics/자동 미분.md``."""
    folder = f"{page.folder}/" if page.folder else ""
    for alias in page.aliases:
        if "/" not in alias:
            yield f"{folder}{alias}.md"
            if any(c.isalnum() for c in alias):
                yield f"{folder}{file_name(alias)}"  # the file name from when the alias was the title
    if page.id:
        yield f"id/{page.id}.md"
    for old in strings(page.data.get("redirect_from")):
        yield old.strip("/") if old.endswith(".md") else f"{old.strip('/')}.md"


def is_fit(path: str) -> bool:
    """Whether a path is valid on every file system and stays within the site."""
    return all(
        part
        and part == part.strip()
        and not part.startswith(".")
        and not part.endswith(".")
        and not _UNFIT.search(part)
        and not _RESERVED.fullmatch(part)
        and len(part.encode()) <= _LONGEST
        for part in path.split("/")
    )


def _key(path: str) -> str:
    """Paths with equal keys are the same file on some file system."""
    return unicodedata.normalize("NFC", path).casefold()


def plan(wiki: SiteModel, taken: Iterable[str]) -> Plan:
    """The files to write, each with the pages that the name leads to; for several pages, the file offers a choice.
    ``taken`` are the site's files: these and their folders are not used, regardless of case."""
    held = {_key(file) for file in taken}
    folders = {key[: m.start()] for key in held for m in re.finditer("/", key)}
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for page in wiki.index.pages.values():
        final = wiki.index.final(page.path)
        for name in names(page):
            stem = name.removesuffix(".md")
            if not is_fit(stem):
                continue
            file = file_of(url_of(name, wiki.directory_urls))
            key = _key(file)
            parents = {key[: m.start()] for m in re.finditer("/", key)}
            if key in held or key in folders or parents & held:
                continue
            found.setdefault(key, (file, {}))[1].setdefault(final)
    return {file: tuple(sorted(targets)) for file, targets in found.values()}


def write(wiki: SiteModel, site: Site, folder: SiteFolder, key: str, planned: Planned) -> None:
    """Writes the redirects into a built site. ``key`` is a fingerprint of their inputs; ``planned`` returns the plan
    for the site's files."""
    taken = list(folder.paths())
    for file, targets in planned(taken, lambda: plan(wiki, taken)).items():
        folder.redirects.add(file)
        folder.offer(file, partial(_bytes, targets, file, wiki, site), key)


def _bytes(targets: tuple[str, ...], file: str, wiki: SiteModel, site: Site) -> bytes:
    return document(targets, file, wiki, site).encode()


def document(targets: tuple[str, ...], file: str, wiki: SiteModel, site: Site) -> str:
    """The document at an address that redirects to a page, or offers several."""
    here = file.removesuffix("index.html") if wiki.directory_urls else file
    ways = {
        path: escape(relative_url(site.pages[path], quote(here, errors="replace")))
        for path in targets
        if path in site.pages
    }
    links = "".join(f'<li><a href="{w}">{escape(wiki.index.pages[p].shown_title)}</a></li>' for p, w in ways.items())
    if len(ways) == 1:
        ((path, to),) = ways.items()
        title = escape(wiki.index.pages[path].shown_title)
        head = (
            f'<link rel="canonical" href="{escape(site.page(path)) if site.url else to}">'
            f'<meta http-equiv="refresh" content="0; url={to}">'
        )
        told = escape(wiki.words("This leads to {page}.", page="\n")).replace("\n", f'<a href="{to}">{title}</a>')
        body = f"<p>{told}</p>"
    else:
        title, head = escape(wiki.words("Several pages have this name")), ""
        body = f"<h1>{title}</h1><ul>{links}</ul>"
    return (
        f'<!doctype html><!-- a redirect of kb --><html lang="{escape(wiki.words.language)}">'
        f'<head><meta charset="utf-8"><title>{title}</title>{head}'
        '<meta name="robots" content="noindex"><meta name="viewport" content="width=device-width">'
        f'<meta name="color-scheme" content="light dark"></head><body>{body}</body></html>\n'
    )


def emptied(wiki: SiteModel, site: Site) -> frozenset[str]:
    """The files of pages that are replaced by such a document."""
    asides = (path for path in wiki.index.redirects if canonical(path, wiki, site) is not None)
    return frozenset(file_of(site.pages[path]) for path in asides if is_empty(wiki.index.pages[path]))


_NOTHING_OF_ITS_OWN = re.compile(r"(?m)^#{1,6}[^\n]*$|<!--(?:[^-]|-(?!->))*-->|!?\[\[[^\[\]\n]*\]\]|[\s→>=\-–—.:*_]+")


def is_empty(page: Page) -> bool:
    """Whether a page has no text of its own: only headings and links to other pages."""
    return not page.structure.fences and not _NOTHING_OF_ITS_OWN.sub("", page.source.text[page.body_start :])


def canonical(path: str, wiki: SiteModel, site: Site) -> str | None:
    """The published page that a page redirects to; None for other pages."""
    final = wiki.index.final(path) if path in wiki.index.redirects else path
    return final if final != path and final in site.pages else None


def canonical_link(other: str, path: str, site: Site) -> str:
    to = site.page(other) if site.url else relative_url(site.pages[other], site.pages[path])
    return f'<link rel="canonical" href="{escape(to)}">'


def set_canonical(page: Tree, link: str) -> None:
    """Sets the canonical link of a page."""
    if (old := next((link for link in page.named("link") if link.get("rel") == "canonical"), None)) is not None:
        page.replace(old.start, old.end, link)
    elif (head := page.first("head")) is not None:
        page.insert(head.close, link)
