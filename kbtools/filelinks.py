"""Markdown links to pages' files, ``[x](Page.md#section)`` and ``[id]: Page.md``, with the spans of their parts."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from kbtools.markdown.structure import Structure
from kbtools.source import Span


@dataclass(frozen=True, slots=True)
class FileLink:
    """A relative destination that ends in ``.md``, as written."""

    path: str
    """Decoded: without ``%20`` and backslashes."""
    span: Span
    """The path as written, without ``<`` and without the fragment."""
    fragment: str | None = None
    """What follows ``#``, decoded."""
    fragment_span: Span | None = None
    pointed: bool = False
    """Between ``<`` and ``>``, where blanks may stand."""


# Each alternative starts with another character and none can run over the other's end: linear.
_DESTINATION = r"[ \t]*(?:<(?P<pointed>[^<>\r\n]*)>|(?P<bare>[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*))"
_OPENING = r"(?:\]\(|(?:(?<=[\r\n])|\A) {0,3}\[(?!\^)[^\[\]\r\n]+\]:)"
_LINK = re.compile(_OPENING + _DESTINATION)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


def find(text: str, structure: Structure) -> tuple[FileLink, ...]:
    """Every Markdown link of a page to a page's file, in order; what the site shows as code or a comment holds none."""
    return tuple(_find(text, structure)) if ".md" in text else ()


def _find(text: str, structure: Structure) -> Iterator[FileLink]:
    starts = [s.start for s in structure.opaque]
    for m in _LINK.finditer(text):
        group = "bare" if m["pointed"] is None else "pointed"
        i = bisect_right(starts, m.start()) - 1
        if (i >= 0 and m.start() < structure.opaque[i].end) or _SCHEME.match(m[group]):
            continue
        path, mark, fragment = m[group].partition("#")
        begin = m.start(group)
        decoded = _decoded(path)
        if not decoded.endswith(".md"):
            if path or not mark:
                continue
            decoded = ""  # [x](#section): the page itself
        at = begin + len(path) + 1
        yield FileLink(
            decoded,
            Span(begin, begin + len(path)),
            _decoded(fragment) if mark else None,
            Span(at, at + len(fragment)) if mark else None,
            group == "pointed",
        )


def _decoded(written: str) -> str:
    return unquote(_ESCAPED.sub(r"\1", written))


def target(link: FileLink, from_path: str) -> str | None:
    """The path in the vault a link on ``from_path`` leads to, NFC; None where it leads out of it."""
    if not link.path:
        return unicodedata.normalize("NFC", from_path)
    out = [] if link.path.startswith("/") else from_path.split("/")[:-1]
    for part in link.path.split("/"):
        if part == "..":
            if not out:
                return None
            out.pop()
        elif part not in ("", "."):
            out.append(part)
    return unicodedata.normalize("NFC", "/".join(out))


_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f()<>%#?\\\"]")  # a bare destination ends at any blank, U+00A0 and U+3000 too


def written(part: str, link: FileLink, text: str) -> str:
    """A path or fragment as it is written in a link's place: encoded as far as the link was, or must be."""
    if "%" in link.span.of(text):
        return quote(part, safe="/!$&'*+,;=:@~-._")
    unsafe = re.compile(r"[\x00-\x1f\x7f<>%#?\\]") if link.pointed else _UNSAFE
    return unsafe.sub(lambda m: quote(m[0], safe=""), part)
