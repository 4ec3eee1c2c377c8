"""Where the pages of a built site are, and what a machine finds beside them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urljoin

FEED = "feed.xml"


@dataclass(frozen=True, slots=True)
class Site:
    """What a site says of itself, and the address of each of its pages."""

    name: str
    pages: Mapping[str, str]
    """Addresses relative to the site's root, percent-encoded (``topics/Tensor/``), by the page's path in the vault."""
    url: str = ""
    """Where the site is published, with a slash at its end; empty when nobody said."""
    description: str = ""
    author: str = ""
    language: str = "ko"

    def page(self, path: str) -> str:
        """A page's address: absolute where it is known where the site is published, else from its root."""
        return urljoin(self.url, self.pages[path]) if self.url else self.pages[path] or "./"

    def markdown(self, path: str) -> str:
        """The same of a page's Markdown."""
        return urljoin(self.url, markdown_of(self.pages[path])) if self.url else markdown_of(self.pages[path])


def markdown_of(address: str) -> str:
    """Where a page's Markdown is: ``topics/Tensor/index.md`` beside ``topics/Tensor/``."""
    if not address or address.endswith("/"):
        return address + "index.md"
    return posixpath.splitext(address)[0] + ".md"


def way(target: str, here: str) -> str:
    """From one address of the site to another, both as MkDocs encodes them."""
    folder = posixpath.dirname(here)
    relative = posixpath.relpath(target or ".", folder or ".")
    return relative + ("/" if not target or target.endswith("/") else "")


def attachment_way(path: str, here: str) -> str:
    return way(quote(path, errors="replace"), here)
