"""Finds HTTP addresses on a page with their spans: links, pictures, definitions, plain text, frontmatter."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from kbtools.text.source import Span
from kbtools.vault.page import Page

_URL = re.compile(
    r"https?://[^\s<>\"'`\\^{}|\u0000-\u001f\u007f\u3000\u200b]+(?:\\[!-/:-@_~][^\s<>\"'`\\^{}|]*)*", re.IGNORECASE
)
_TRAILING = ".,;:!?*_~…。，、」』）]"
"""Characters that end a sentence or markup rather than an address."""
_PLACEHOLDER = "{}<$"
"""An address followed by one of these is a pattern, not an address."""
_HTML = re.compile(r"<(?!!--|(?:pre|code|script|style|textarea|template)\b)", re.IGNORECASE)
"""Raw HTML and ``<address>``, which may contain links; comments and code do not."""
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|org|net|edu))?|test|invalid)$")
"""Names reserved for examples (RFC 2606)."""


class Url(NamedTuple):
    """An address as written on a page."""

    address: str
    """The address to request, without escapes, entities and fragment."""
    span: Span


def find(page: Page) -> tuple[Url, ...]:
    """Every HTTP address of a page in order, except in code and comments, reserved names and patterns."""
    return tuple(_find(page)) if "://" in page.source.text else ()


def _find(page: Page) -> Iterator[Url]:
    text = page.source.text
    opaque = page.structure.opaque
    starts = [s.start for s in opaque]
    front = page.structure.frontmatter
    for m in _URL.finditer(text):
        i = bisect_right(starts, m.start()) - 1
        if i >= 0 and m.start() < opaque[i].end and not _HTML.match(text, opaque[i].start):
            in_front = front is not None and m.start() < front.end
            if not in_front:
                continue
        end = m.start() + _length(m[0])
        if text[m.end() : m.end() + 1] in tuple(_PLACEHOLDER) and not text[m.end() :].startswith(
            ("<br", "</", "<http")
        ):
            continue
        written = text[m.start() : end]
        address = html.unescape(_ESCAPED.sub(r"\1", written)).partition("#")[0]
        host = host_of(address)
        if host and not _RESERVED.search(host):
            yield Url(address, Span(m.start(), end))


def host_of(address: str) -> str | None:
    """The host of an address in lower case; None if there is none, or the address is invalid."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".") or None
    except ValueError:
        return None


def _length(found: str) -> int:
    """The length of an address: without an unmatched closing bracket and punctuation at the end."""
    depth = 0
    end = len(found)
    for at, char in enumerate(found):
        if char in "([":
            depth += 1
        elif char in ")]":
            if depth == 0:
                end = at
                break
            depth -= 1
    while end and found[end - 1] in _TRAILING:
        if found[end - 1] == "]" and found.count("[", 0, end) >= found.count("]", 0, end):
            break
        end -= 1
    return end
