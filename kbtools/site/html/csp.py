"""Content-Security-Policy of every page, from the owner's configuration.

Allowed are the site's own files, the hosts in ``mkdocs.yml`` and in the owner's templates, and scripts that
templates and plugins put into pages. The latter are allowed by hash, and only if no page of the wiki contains the
same text: a script injected by an author is not allowed because it appears in a page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig

from kbtools.site.html.text import escape
from kbtools.site.html.tree import Tree

_DATA = re.compile(r"(?i)\s*(?!module|text/javascript|application/javascript)[a-z]+/")
_LOADING = frozenset(
    ("script", "link", "img", "iframe", "source", "video", "audio", "embed", "object", "form", "track")
)
_ADDRESSES = ("src", "href", "srcset", "data", "action", "poster")
_ELSEWHERE = re.compile(r"""(?i)\s*((?:https?:)?//[^\s"'<>]+)""")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?")
_SCOPE = re.compile(r'^(__md_scope=new URL\(")[^"]*("\s*,\s*location\))')
_MEASURING = ("https://*.googletagmanager.com", "https://*.google-analytics.com", "https://*.analytics.google.com")
_DEEPEST = 12
"""Maximum depth of folders for which Material's own script is allowed."""


def inline_scripts(page: Tree) -> tuple[str, ...]:
    """The inline scripts of a page that browsers would execute."""
    found = (s for s in page.named("script") if "src" not in s.written and not _DATA.match(s.get("type") or ""))
    return tuple(text for script in found if (text := page.text(script)).strip())


def at_base(script: str, base: str) -> str:
    """A script of Material's as it appears in a page whose relative path to the site's root is ``base``."""
    return _SCOPE.sub(lambda m: f"{m[1]}{base}{m[2]}", script)


def host_of(address: str) -> str | None:
    """The host of an address as a source of a policy; None for addresses on the site, and for text that is no
    address."""
    parts = urlsplit(f"https:{address}" if address.startswith("//") else address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else None


class Brought(NamedTuple):
    """What a page's HTML would execute and load."""

    scripts: tuple[str, ...]
    """Inline scripts and event handlers."""
    addresses: tuple[str, ...]
    has_handlers: bool


def brought(page: Tree) -> Brought:
    handlers = [
        text
        for element in page.different
        if "on" in element.raw.lower()
        for name, text in element.written.items()
        if name.startswith("on")
    ]
    return Brought((*inline_scripts(page), *handlers), tuple(dict.fromkeys(_loaded(page))), bool(handlers))


def _loaded(page: Tree) -> Iterator[str]:
    """Addresses on other hosts that a page's elements load."""
    for element in page.elements:
        if element.name in _LOADING and "//" in element.raw:
            found = (_ELSEWHERE.match(element.written.get(name, "")) for name in _ADDRESSES)
            yield from (m[1] for m in found if m)


class ContentPolicy:
    """The policy common to all pages of one build: complete once all are rendered, before the first is written."""

    def __init__(self, config: MkDocsConfig, hosts: Iterable[str] = (), *, remote_images: bool = False) -> None:
        self.remote_images = remote_images
        self.hosts = dict.fromkeys(hosts)
        self.hashes: dict[str, None] = {}
        self.has_handlers = False
        self._seen: dict[str, bool] = {}
        self.hosts.update(dict.fromkeys(_configured(config)))

    def of_theme(self, page: Tree) -> None:
        """Adds the contents of a theme page without content of the wiki: the 404 page."""
        for script in inline_scripts(page):
            for depth in range(_DEEPEST) if _SCOPE.match(script) else (0,):
                self._allow(at_base(script, "/".join([".."] * depth) or "."))
            self.hosts.update(dict.fromkeys(_ADDRESS.findall(script)))
        self.of_plugins(brought(page), lambda _: False)

    def of_plugins(self, found: Brought, is_written: Callable[[str], bool]) -> None:
        """Adds what templates and plugins have put into a page whose own text is sanitized. ``is_written`` tells
        whether a page of the wiki contains a text."""
        self.has_handlers = self.has_handlers or found.has_handlers
        for text in found.scripts:
            if text not in self._seen:
                self._seen[text] = is_written(text.strip())
            if not self._seen[text]:
                self._allow(text)
        for address in found.addresses:
            if (host := host_of(address)) is not None and host not in self.hosts and not is_written(address):
                self.hosts[host] = None

    def with_page(self, found: Brought, is_written: Callable[[str], bool]) -> ContentPolicy:
        """The policy of one page: the common one, and what its own template and plugins add."""
        own = copy(self)
        own.hosts, own.hashes = dict(self.hosts), dict(self.hashes)
        own.of_plugins(found, is_written)
        return own

    def _allow(self, script: str) -> None:
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8", "replace")).digest()).decode()
        self.hashes[f"'sha256-{digest}'"] = None

    def value(self) -> str:
        """The policy's value. ``file:`` makes a site work that is opened from disk; pages from elsewhere cannot load
        local files. Inline styles are allowed: diagrams and the theme use them, and they execute nothing."""
        hosts = sorted(self.hosts)
        if any("googletagmanager.com" in host for host in hosts):
            hosts += _MEASURING
        own = " ".join(("'self'", "file:", *hosts))
        unsafe = ["'unsafe-hashes'"] if self.has_handlers else []
        scripts = " ".join((own, *unsafe, *sorted(self.hashes)))
        images = f"{own} data: blob:{' http: https:' if self.remote_images else ''}"
        return (
            f"default-src {own}; script-src {scripts}; style-src {own} 'unsafe-inline'; img-src {images}; "
            f"font-src {own} data:; connect-src {own} data: blob:; worker-src 'self' file: blob:; object-src 'none'; "
            f"base-uri 'none'; form-action {own}"
        )


def _configured(config: MkDocsConfig) -> Iterable[str]:
    """Hosts that the site's owner names in ``mkdocs.yml``, in scripts it lists, and in templates."""
    theme = config.theme
    named = [*config.extra_css, *config.extra_javascript, theme.get("logo"), theme.get("favicon")]
    found = [host_of(str(name)) for name in named if name]
    found.append(host_of(config.site_url or ""))  # every page contains its own address
    for script in config.extra_javascript:
        file = Path(config.docs_dir, str(script))
        if host_of(str(script)) is None and file.is_file():
            found += _ADDRESS.findall(file.read_text("utf-8", "replace"))
    if theme.custom_dir:
        for template in sorted(Path(theme.custom_dir).rglob("*.html")):
            tree = Tree(template.read_text("utf-8", "replace"))
            found += [host_of(address) for address in _loaded(tree)]
            found += [host for script in tree.named("script") for host in _ADDRESS.findall(tree.text(script))]
    repository = urlsplit(config.repo_url or "")
    if repository.netloc == "github.com":
        found.append("https://api.github.com")
    elif repository.netloc.startswith("gitlab."):
        found.append(f"https://{repository.netloc}")
    return [host for host in found if host]


DIAGRAMS = (
    "img-src 'self' file: data: blob:; media-src 'self' file:; font-src 'self' file: data:; "
    "style-src 'self' file: 'unsafe-inline'; frame-src 'none'; object-src 'none'"
)
"""For pages with diagrams if there is no other policy. Mermaid's language can refer to pictures and style sheets on
other hosts in many ways; the browser blocks all of them."""


def add_policy(page: Tree, value: str) -> None:
    """Adds the policy to a page, before anything that could be executed."""
    if (head := page.first("head")) is not None:
        page.insert(head.inside, f'<meta http-equiv="Content-Security-Policy" content="{escape(value)}">')
