"""State of a whole site: inputs made of many pages that every page depends on, and the state of the last build.

While it is unchanged, generated pages and files of the whole site are, and so is each page whose own text is.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from kbtools.site.data.model import SiteModel
from kbtools.site.generated.document import Document
from kbtools.site.reuse.fingerprints import digest
from kbtools.site.reuse.page_interface import interface
from kbtools.state.memo import Memo, StoredValue
from kbtools.vault import listing
from kbtools.vault.links.resolution import target_page

KIND = "site"
"""Of the value in the memo."""


class SiteState:
    """The state of a wiki as one build shows it, beside that of the last build."""

    def __init__(self, memo: Memo, wiki: SiteModel, common: str, results: str) -> None:
        """``common`` is the fingerprint of what all pages share, ``results`` that of all results."""
        self.wiki = wiki
        self._shared = digest(
            (
                common,
                results,
                wiki.today,
                sorted(wiki.index.attachments),
                sorted(wiki.index.ways_in),
                sorted(wiki.unpublished),
            )
        )
        self._old = _load(memo)
        if self._old.get("common") != common:
            self._old = {}
        held = self._old.get("pages", {})
        self.pages: dict[str, tuple[str, str]] = {}
        """The fingerprints of each page's text and interface."""
        self._same: set[str] = set()
        """The pages whose text is that of the last build."""
        for path, page in wiki.index.pages.items():
            text = listing.digest(f"{page.policy}\n{page.source.text}".encode("utf-8", "surrogatepass"))
            known = held.get(path)
            if known is not None and known[0] == text:
                self.pages[path] = (text, known[1])
                self._same.add(path)
            else:
                self.pages[path] = (text, interface(page, wiki))
        self.common = common
        self.is_same = bool(held) and self._key(self._old["embedded"]) == self._old["key"]
        """Whether all that others read of pages is as it was."""
        self._places = ""

    def _key(self, embedded: Iterable[str]) -> str:
        """The state's fingerprint. Of embedded pages others read the text."""
        shown = frozenset(embedded)
        pages = (f"{path} {face} {text if path in shown else ''}" for path, (text, face) in self.pages.items())
        return digest((self._shared, "\n".join(pages)))

    def documents(self, make: Callable[[], Mapping[str, Document]]) -> Mapping[str, Document]:
        """The generated pages."""
        if not self.is_same:
            return make()
        return {path: Document(text, tuple(ids)) for path, (text, ids) in self._old["made"].items()}

    def settle(self, places: Mapping[str, str]) -> None:
        """The addresses of pages are known: where they are others, nothing is as it was."""
        self._places = digest(("\n".join(f"{path} {url}" for path, url in places.items()),))
        self.is_same = self.is_same and self._places == self._old["places"]

    @property
    def key(self) -> str:
        """The fingerprint of what files of the whole site are made of, but for the texts of pages."""
        return digest((self._now[0], self._places))

    @cached_property
    def _now(self) -> tuple[str, list[str]]:
        """The state's fingerprint, and the pages that are embedded."""
        if self.is_same:
            return self._old["key"], self._old["embedded"]
        links = (link for held in self.wiki.index.links.values() for link in held.wiki)
        embedded = sorted({target for link, found in links if link.embed and (target := target_page(found))})
        return self._key(embedded), embedded

    def key_of(self, path: str) -> str | None:
        """The fingerprint that a page had in the last build, where it has it still."""
        return self._old["keys"].get(path) if self.is_same and path in self._same else None

    def is_around(self, frame: str) -> bool:
        """Whether templates show the same around a page that is the same."""
        return self.is_same and self._old["frame"] == frame

    def value(self, keys: Mapping[str, str], made: Mapping[str, Document], frame: str) -> StoredValue:
        """What the next build is to know. ``keys`` are the fingerprints of pages that were kept or can be."""
        key, embedded = self._now
        held = {
            "common": self.common,
            "key": key,
            "embedded": embedded,
            "places": self._places,
            "frame": frame,
            "pages": self.pages,
            "keys": keys,
            "made": {path: (page.text, page.ids) for path, page in made.items()},
        }
        return StoredValue(key, zlib.compress(json.dumps(held).encode(), 1))


def _load(memo: Memo) -> dict[str, Any]:
    value = memo.get(KIND, "")
    try:
        held = json.loads(zlib.decompress(value.data)) if value is not None else {}
    except (ValueError, zlib.error):
        return {}
    return held if isinstance(held, dict) else {}
