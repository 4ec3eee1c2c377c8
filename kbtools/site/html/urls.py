"""Addresses on the site: relative to its root, percent-encoded (``topics/A/`` for ``topics/A.md``)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit

FEED = "feed.xml"


def url_of(path: str, directory_urls: bool = True) -> str:
    """The address of a file of the vault, by the rule of MkDocs: ``topics/A/``, or ``topics/A.html``."""
    folder, _, name = path.rpartition("/")
    if name[-3:].lower() != ".md":
        return quote(path, errors="replace")
    stem, base = name[:-3], quote(f"{folder}/" if folder else "", errors="replace")
    if stem in ("index", "README"):
        return base if directory_urls else f"{base}index.html"
    return base + quote(stem, errors="replace") + ("/" if directory_urls else ".html")


def file_of(url: str) -> str:
    """The file of the built site for an address."""
    path = unquote(url)
    return f"{path}index.html" if path.endswith("/") or not path else path


def relative_url(target: str, here: str) -> str:
    """A relative address from one page of the site to another."""
    return relative_path(target, posixpath.dirname(here)) + ("/" if not target or target.endswith("/") else "")


def relative_path(target: str, folder: str) -> str:
    """The relative path from a folder to a file or folder. Like ``posixpath.relpath``, which however queries the
    working directory each time, noticeable on sites with many links."""
    to, at = posixpath.normpath(target), posixpath.normpath(folder)
    if to.startswith(("/", "..")) or at.startswith(("/", "..")):
        return posixpath.relpath(target or ".", folder or ".")
    names = to.split("/") if to != "." else []
    left = at.split("/") if at != "." else []
    shared = 0
    for one, other in zip(names, left, strict=False):
        if one != other:
            break
        shared += 1
    return "/".join([*[".."] * (len(left) - shared), *names[shared:]]) or "."


def markdown_of(url: str) -> str:
    """The address of a page's Markdown: ``topics/Tensor/index.md`` for ``topics/Tensor/``."""
    return f"{url}index.md" if not url or url.endswith("/") else posixpath.splitext(url)[0] + ".md"


def preview_of(url: str) -> str:
    """The address of a page's preview: ``topics/A/preview.json`` for ``topics/A/``, ``A.preview.json`` for
    ``A.html``. The script in the pages uses the same rule."""
    return f"{url}preview.json" if not url or url.endswith("/") else f"{url.removesuffix('.html')}.preview.json"


@dataclass(frozen=True, slots=True)
class Site:
    """Metadata of a site, and the address of each of its pages."""

    name: str
    pages: Mapping[str, str]
    """By the page's path in the vault."""
    url: str = ""
    """The address of the site, with a slash at its end; empty if not configured."""
    description: str = ""
    author: str = ""
    language: str = "en"

    def page(self, path: str) -> str:
        """A page's address: absolute if the site's address is known, else relative to its root."""
        return urljoin(self.url, self.pages[path]) if self.url else self.pages[path] or "./"

    def markdown(self, path: str) -> str:
        """The same for a page's Markdown."""
        return urljoin(self.url, markdown_of(self.pages[path])) if self.url else markdown_of(self.pages[path])


def written_target(href: str, path: str, path_url: str) -> tuple[str, str, str] | None:
    """The possible target of a link in a rendered page: a file path, an address, and the rest (``?…#…``). Renderers
    keep paths of source files (``../A.md``), links of themes and plugins are addresses. None for links to other
    sites, to the root and within the page."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    rest = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    by_source = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
    by_url = posixpath.normpath(posixpath.join(posixpath.dirname(path_url), parts.path))
    return by_source, by_url + ("/" if parts.path.endswith("/") else ""), rest
