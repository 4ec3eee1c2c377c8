"""Collects rendered pages for the search, and writes its index and scripts.

It takes the place of MkDocs' ``search`` plugin, whose index is one file that a reader's browser loads and builds whole,
and which does not support Korean.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib import resources
from typing import Any

from kbtools.config.globs import matches
from kbtools.site.data.model import SiteModel, strings
from kbtools.site.html.text import clean, escape
from kbtools.site.html.tree import Tree
from kbtools.site.mkdocs.site_folder import SiteFolder
from kbtools.site.search.hangul import HANGUL
from kbtools.site.search.search_index import SearchEntry, files, weigh
from kbtools.site.search.search_text import SearchSection, sections
from kbtools.site.words import Words

FOLDER = "assets/kb-search"
SCRIPT = "assets/kb-search.js"
STYLE = "assets/kb-search.css"
_PARTS = ("hangul.js", "query.js", "layout.js", "sound.js", "index_reader.js", "teaser.js", "ranking.js", "dialog.js")
_OTHERS = ("search", "material/search")
_BUTTON = (
    '<button type="button" class="kb-search-open" data-kb-search aria-haspopup="dialog"'
    ' aria-keyshortcuts="/ Control+K">'
    '<svg aria-hidden="true" viewBox="0 0 24 24"><path d="M9.5 3a6.5 6.5 0 0 1 5.2 10.4l5.4 5.5-1.4 1.4-5.5-5.4'
    'A6.5 6.5 0 1 1 9.5 3m0 2a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9"/></svg>'
    '<span class="kb-search-word">{word}</span><kbd aria-hidden="true">/</kbd></button>'
)


def has_other(plugins: Iterable[str]) -> bool:
    """Whether another search plugin is on: then the search is left to that one."""
    return any(name in _OTHERS for name in plugins)


def names() -> Iterable[str]:
    """What the search needs of the site: files, and the folder of its index."""
    return (SCRIPT, STYLE, FOLDER)


def assets(words: Words) -> Mapping[str, bytes]:
    """The script and the style sheet, by their place in the site."""
    folder = resources.files("kbtools.site") / "assets" / "search"
    tables = f"const HANGUL = {json.dumps(HANGUL, separators=(',', ':'), ensure_ascii=False)}"
    parts = "\n".join((tables, *((folder / name).read_text(encoding="utf-8") for name in _PARTS)))
    return {
        SCRIPT: words.script(parts).encode(),
        STYLE: (folder / "search.css").read_bytes(),
    }


def add_button(page: Tree, words: Words) -> None:
    """Put the button that opens the search into the header of a page of Material's."""
    header = next((nav for nav in page.named("nav") if "md-header__inner" in nav.classes), None)
    if header is not None:
        source = (e for e in page.named("div") if e.parent is header and "md-header__source" in e.classes)
        at = next((e.start for e in source), header.close)
        page.insert(at, _BUTTON.format(word=escape(words("Search"))))


class Search:
    """The pages of one build."""

    def __init__(self, wiki: SiteModel, boosts: Mapping[str, float] | None = None) -> None:
        self.wiki = wiki
        self.boosts = boosts or {}
        """By glob, what the rank of pages is multiplied by that do not say so themselves."""
        self.entries: list[SearchEntry] = []

    def add(self, path: str, url: str, title: str, meta: Mapping[str, Any], content: Tree) -> None:
        """A rendered page. Left out: pages with ``search: {exclude: true}``, and redirects."""
        asked = meta.get("search")
        asked = asked if isinstance(asked, dict) else {}
        if asked.get("exclude") is True or self.wiki.index.final(path) != path:
            return
        page = self.wiki.index.pages.get(path)
        boost = asked.get("boost", self._boost(path))
        entry = SearchEntry(
            url,
            _shown(title),
            tuple(SearchSection(_shown(s.anchor), _shown(s.heading), _shown(s.text)) for s in sections(content)),
            tuple(map(_shown, self._names(path))),
            tuple(map(_shown, strings(page.data.get("tags")))) if page is not None else (),
            float(boost) if isinstance(boost, (int, float)) and not isinstance(boost, bool) else 1.0,
            tuple(map(_shown, self._linked(path))),
            tuple(map(_shown, strings(asked.get("keywords")))),
        )
        self.entries.append(replace(entry, weighed=weigh(entry)))

    def _boost(self, path: str) -> float:
        return next((boost for glob, boost in self.boosts.items() if matches(path, [glob])), 1.0)

    def of_others(self, path: str) -> str:
        """The data of a page's entry that comes from other pages, as text for a fingerprint."""
        return repr((self._names(path), list(self._linked(path))))

    def _names(self, path: str) -> Sequence[str]:
        """A page's other names, including those of its redirects."""
        index = self.wiki.index
        page = index.pages.get(path)
        if page is None:
            return ()
        names = list(page.aliases)
        for other in self._stands_for.get(path, ()):
            names += (index.pages[other].title, *index.pages[other].aliases)
        return names

    def _linked(self, path: str) -> Iterable[str]:
        """The sentences of other pages that link here, the first of each."""
        first: dict[str, str] = {}
        for other, link in self.wiki.index.graph.backlinks.get(path, ()):
            if other != path and other not in first:
                first[other] = self.wiki.sentence(other, link.span)
        return first.values()

    @cached_property
    def _stands_for(self) -> Mapping[str, list[str]]:
        held: dict[str, list[str]] = {}
        for other in self.wiki.index.redirects:
            final = self.wiki.index.final(other)
            if final != other:
                held.setdefault(final, []).append(other)
        return held

    def write(self, site: SiteFolder) -> None:
        """Write the index into a built site."""
        for name, content in files(self.entries):
            site.put(f"{FOLDER}/{name}", content)


def _shown(text: str) -> str:
    return unicodedata.normalize("NFC", clean(text))
