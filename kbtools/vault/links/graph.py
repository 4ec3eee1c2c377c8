"""Link graph: resolved links of every page, and backlinks.

Rules are not given it: what they say of a page may not hang on the text of another (see ``kbtools.rules``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from kbtools.config.dialects import Dialect
from kbtools.links import WikiLink, fold_title, has_placeholder, is_attachment_name, page_name
from kbtools.markdown.file_links import FileLink
from kbtools.vault.links.resolution import (
    Ambiguous,
    Elsewhere,
    FileResolution,
    Missing,
    Resolution,
    Resolved,
    target_page,
)
from kbtools.vault.links.resolve import Resolver, file_keys
from kbtools.vault.names import target_keys
from kbtools.vault.page import Page


class PageLinks(NamedTuple):
    """The links of one page, each with its resolution."""

    wiki: tuple[tuple[WikiLink, Resolution], ...]
    files: tuple[tuple[FileLink, FileResolution], ...]

    @property
    def shown_files(self) -> Iterator[tuple[FileLink, FileResolution]]:
        """The Markdown links visible to readers that resolve to something in the vault or are broken."""
        return (pair for pair in self.files if pair[0].is_used and not _is_elsewhere(pair[1]))

    def targets(self) -> Iterator[tuple[str, WikiLink | FileLink]]:
        """The pages its links lead to, its own among them."""
        for link, resolution in self.wiki:
            if (target := target_page(resolution)) is not None:
                yield target, link
        for file, found in self.files:
            if file.is_used and (target := target_page(found)) is not None:
                yield target, file


def _is_elsewhere(found: FileResolution) -> bool:
    return isinstance(found, Elsewhere) and not found.is_outside


def links_of(page: Page, resolver: Resolver) -> PageLinks:
    """Resolves each link of a page."""
    text, path = page.source.text, page.path
    wiki = []
    for link in page.links:
        read = resolver.read(link, text, path)
        wiki.append((read, resolver.resolve(read, path)))
    files = [(link, resolver.resolve_file(link, path)) for link in page.files]
    if resolver.conventions.by_definitions and any(isinstance(meaning, Ambiguous) for _, meaning in wiki):
        defined, meant = _defined(text, files), dict[str, Resolution]()
        for link, meaning in wiki:
            if link.target not in meant:
                meant[link.target] = _meant(link, meaning, defined)
        wiki = [(link, meant[link.target]) for link, _ in wiki]
    return PageLinks(tuple(wiki), tuple(files))


def _defined(text: str, files: Iterable[tuple[FileLink, FileResolution]]) -> Mapping[str, str | None]:
    """The pages of definitions, ``[Name]: path``, by which Foam says where an ambiguous ``[[Name]]`` leads."""
    definitions = ((file, target_page(found)) for file, found in files if file.kind == "definition")
    return {
        text[file.start : file.path_start].strip().partition("]:")[0].removeprefix("["): target
        for file, target in definitions
    }


def _meant(link: WikiLink, meaning: Resolution, defined: Mapping[str, str | None]) -> Resolution:
    target = defined.get(link.target) if isinstance(meaning, Ambiguous) else None
    is_candidate = isinstance(meaning, Ambiguous) and target in meaning.candidates
    return Resolved(target, "path") if target is not None and is_candidate else meaning


def link_keys(links: PageLinks, folder: str, dialect: Dialect | None) -> set[str]:
    """All keys on which the resolution of the links of a page in ``folder`` depends."""
    keys: set[str] = set()
    for link, _ in links.wiki:
        keys |= target_keys(link.target, folder, dialect)
    for file, found in links.files:
        keys.update(file_keys(file))
        if (target := target_page(found)) is not None:
            keys.add(fold_title(target.rpartition("/")[2]))
    keys.discard("")
    return keys


Backlinks = tuple[tuple[str, WikiLink | FileLink], ...]
"""Links to a page, each with the page it stands on."""


def _backlinks(links: Iterable[tuple[str, PageLinks]]) -> dict[str, Backlinks]:
    out: dict[str, list[tuple[str, WikiLink | FileLink]]] = defaultdict(list)
    for path, held in links:
        found = [(target, link) for target, link in held.targets() if target != path]
        for target, link in sorted(found, key=lambda f: f[1].span) if held.wiki and held.files else found:
            out[target].append((path, link))
    return {path: tuple(found) for path, found in out.items()}


class LinkGraph:
    """The links of all pages. Made when needed."""

    def __init__(self, pages: Mapping[str, Page], resolver: Resolver) -> None:
        self._pages, self._resolver = pages, resolver
        self._links: dict[str, PageLinks] = {}

    def with_texts(self, pages: Mapping[str, Page], changed: Mapping[str, Page]) -> LinkGraph:
        """The graph of pages of which some have other texts, while all names mean what they meant."""
        made = LinkGraph(pages, self._resolver)
        made._links = {path: links for path, links in self._links.items() if path not in changed}
        if "backlinks" in vars(self):
            made.backlinks = self._backlinks_after(made, changed)
        return made

    def _backlinks_after(self, made: LinkGraph, changed: Mapping[str, Page]) -> Mapping[str, Backlinks]:
        fresh = [(path, made.of(page)) for path, page in changed.items()]
        targets = {target for held in (self._links[path] for path in changed) for target, _ in held.targets()}
        targets.update(target for _, held in fresh for target, _ in held.targets())
        out = dict(self.backlinks)
        new = _backlinks(fresh)
        for target in targets:
            found = [link for link in out.pop(target, ()) if link[0] not in changed]
            found += new.get(target, ())
            if found:
                out[target] = tuple(sorted(found, key=lambda link: link[0]))
        return out

    def of(self, page: Page) -> PageLinks:
        held = self._links.get(page.path)
        if held is None:
            held = self._links[page.path] = links_of(page, self._resolver)
        return held

    @cached_property
    def links(self) -> Mapping[str, PageLinks]:
        """The links of every page."""
        return {path: self.of(page) for path, page in self._pages.items()}

    @cached_property
    def backlinks(self) -> Mapping[str, Backlinks]:
        """For each page, the links of other pages that lead to it, by path and place."""
        return _backlinks(self.links.items())

    @cached_property
    def wanted(self) -> Mapping[str, tuple[tuple[str, WikiLink], ...]]:
        """Names of missing pages that wikilinks refer to, each in its most frequent spelling, with those links; the
        most wanted first."""
        found: dict[str, list[tuple[str, WikiLink]]] = defaultdict(list)
        for path, held in self.links.items():
            for link, resolution in held.wiki:
                is_page = not (is_attachment_name(link.target) or has_placeholder(link.target))
                if isinstance(resolution, Missing) and is_page:
                    found[fold_title(link.target)].append((path, link))
        named = {}
        for asking in found.values():
            spellings = Counter(page_name(link.target) for _, link in asking)
            named[min(spellings, key=lambda n: (-spellings[n], n))] = tuple(asking)
        return dict(sorted(named.items(), key=lambda item: (-len(item[1]), item[0])))
