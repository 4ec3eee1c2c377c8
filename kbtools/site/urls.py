"""Where the site puts things, by the rule of MkDocs: ``topics/A.md`` is at ``topics/A/``, or at ``topics/A.html``."""

from __future__ import annotations

import posixpath
from urllib.parse import quote, unquote, urlsplit

from kbtools.site.wiki import Wiki


def url_of(path: str, directory_urls: bool = True) -> str:
    """The address of a file's page (or of the file), from the site's root, not encoded."""
    folder, _, name = path.rpartition("/")
    if name[-3:].lower() != ".md":
        return path
    stem = name[:-3]
    if stem in ("index", "README"):
        return f"{folder}/" if folder and directory_urls else "" if directory_urls else _join(folder, "index.html")
    return _join(folder, f"{stem}/" if directory_urls else f"{stem}.html")


def file_of(path: str, directory_urls: bool = True) -> str:
    """The file of the built site that a page becomes."""
    url = url_of(path, directory_urls)
    return f"{url}index.html" if url.endswith("/") or not url else url


def way(url: str, from_url: str) -> str:
    """A link from one address of the site to another, encoded."""
    folder = posixpath.dirname(from_url)
    relative = posixpath.relpath(url or ".", folder or ".") if url != folder + "/" else "."
    return quote(relative + ("/" if url.endswith("/") or not url else ""), errors="replace")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def moved(href: str, path: str, to_path: str, wiki: Wiki) -> str:
    """A link as it is written on ``path`` (by the source's place, or by its address), for the built ``to_path``.

    Links to other sites, to the root and to places on the same page stay as they are.
    """
    try:
        parts = urlsplit(href)
    except ValueError:
        return href
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return href
    directory_urls = wiki.directory_urls
    here = url_of(to_path, directory_urls)
    rest = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    named = unquote(parts.path)
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
    if target in wiki.index.pages or target in wiki.generated:
        return way(url_of(target, directory_urls), here) + rest
    if target in wiki.index.attachments:
        return way(target, here) + rest
    by_address = posixpath.normpath(posixpath.join(posixpath.dirname(url_of(path, directory_urls)), named))
    return way(by_address + ("/" if named.endswith("/") else ""), here) + rest
