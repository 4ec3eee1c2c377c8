"""Markdown links to files: ``[x](Page.md#section)``, ``![x](p.png)``, ``[id]: Page.md``, ``<a href="Page.md">``."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

from kbtools.markdown.structure import MarkdownLink, Structure
from kbtools.text.source import Span

Kind = Literal["link", "image", "definition", "html"]


class FileLink(NamedTuple):
    """A Markdown link whose address has no scheme: it refers to a file of the vault or to a path on the site's host."""

    kind: Kind
    start: int
    end: int
    path: str
    """Decoded: without ``%20``, backslashes and entities, and without what follows ``?``; empty for ``#section``."""
    path_start: int
    path_end: int
    """The path as written, without ``<`` and without the fragment."""
    fragment: str | None = None
    """What follows ``#``, decoded."""
    fragment_start: int = 0
    fragment_end: int = 0
    pointed: bool = False
    """Between ``<`` and ``>``, where blanks may stand."""
    is_used: bool = True
    """Whether the link is rendered; False for a definition that no link uses."""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def path_span(self) -> Span:
        return Span(self.path_start, self.path_end)

    @property
    def fragment_span(self) -> Span:
        return Span(self.fragment_start, self.fragment_end)

    @property
    def anchor(self) -> str | None:
        """The section the fragment names."""
        return self.fragment if self.fragment and not self.fragment.startswith("^") else None

    @property
    def block(self) -> str | None:
        """The block the fragment names, as Obsidian writes it: ``#^name``."""
        return self.fragment[1:] if self.fragment and self.fragment.startswith("^") else None


_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_FRAGMENT = re.compile(r"(?<!&)#|#(?!(?:\d+|[xX][0-9A-Fa-f]+);)")
"""The sign before a fragment; that of a numeric entity (``&#32;``) is none."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\")


def find(text: str, structure: Structure) -> tuple[FileLink, ...]:
    """Every Markdown link of a page to a file or a section, in order; what the site shows as code holds none."""
    return tuple(_find(text, structure.links))


def _find(text: str, links: tuple[MarkdownLink, ...]) -> Iterator[FileLink]:
    for link in links:
        written = text[link.address : link.address_end]
        if _SCHEME.match(written) or "[[" in written or written.startswith("?"):
            continue  # a query alone refers to the page itself
        mark = _FRAGMENT.search(written)
        path, fragment = (written[: mark.start()], written[mark.end() :]) if mark else (written, "")
        place = path.partition("?")[0]
        at = link.address + len(path) + 1
        yield FileLink(
            link.kind,
            link.start,
            link.end,
            decoded(place),
            link.address,
            link.address + len(place),
            decoded(fragment) if mark else None,
            at,
            at + len(fragment) if mark else at,
            link.is_pointed,
            link.is_used,
        )


def of_address(written: str, kind: Kind) -> FileLink | None:
    """Parses an address as a link, with positions relative to its beginning; None if it has a scheme."""
    return next(_find(written, (MarkdownLink(kind, 0, len(written), 0, len(written)),)), None)


def decoded(written: str) -> str:
    """Decodes an address, or part of one, into a file name."""
    plain = _ESCAPED.sub(r"\1", written) if "\\" in written else written
    if "&" in plain:
        plain = html.unescape(plain)
    return unquote(plain) if "%" in plain else plain


_UNSAFE = re.compile(r"[\x00-\x1f\x7f()<>%#?\\\"]|\s")
_UNSAFE_POINTED = re.compile(r"[\x00-\x1f\x7f<>%#?\\]")
_UNSAFE_IN_QUOTES = re.compile(r"[\x00-\x1f\x7f<>%#?\"'&]")
_UNSAFE_WITHOUT_QUOTES = re.compile(r"[\x00-\x1f\x7f<>%#?\"'&`=]|\s")


def written(path: str, link: FileLink, text: str) -> str:
    """Encodes a path for use in a link: as the link was encoded, or where required; never so that it has a scheme."""
    return _without_scheme(written_fragment(path, link, text))


def encoded(path: str, *, is_pointed: bool) -> str:
    """Encodes a path for a new link, where required; never so that it has a scheme. ``is_pointed``: between ``<>``."""
    return _without_scheme((_UNSAFE_POINTED if is_pointed else _UNSAFE).sub(lambda m: quote(m[0], safe=""), path))


def _without_scheme(path: str) -> str:
    return path.replace(":", "%3A", 1) if _SCHEME.match(path) else path


def written_fragment(part: str, link: FileLink, text: str) -> str:
    """Encodes a fragment for use in a link: as the link was encoded, or where required."""
    before = link.path_span.of(text)
    if "%" in before:
        return quote(part, safe="/!$&'*+,;=:@~-._")
    # The site reads no definition whose address holds blanks; one without them stays a definition.
    if link.pointed and (link.kind != "definition" or " " in link.path):
        unsafe = _UNSAFE_POINTED
    else:
        is_quoted = text[link.path_start - 1 : link.path_start] in ("'", '"')
        unsafe = _UNSAFE if link.kind != "html" else _UNSAFE_IN_QUOTES if is_quoted else _UNSAFE_WITHOUT_QUOTES
    return unsafe.sub(lambda m: quote(m[0], safe=""), part)


_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def has_ending(name: str) -> bool:
    """Whether a file's name says what kind of file it is."""
    return _ENDING.search(name) is not None


def is_page_path(link: FileLink) -> bool:
    """Whether the address of a Markdown link is that of a page, by its form."""
    if "](" in link.path:
        return link.kind != "image"  # a link in the place of an address
    last = link.path.rpartition("/")[2].lower()
    if link.path.startswith("www."):
        return link.kind != "image"
    return last.endswith(".md") or (link.kind != "image" and (not has_ending(last) or last.endswith((".html", ".htm"))))
