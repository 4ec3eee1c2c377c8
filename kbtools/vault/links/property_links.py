"""Wikilinks in frontmatter: Obsidian shows them as links, while kb checks only the fields that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kbtools.frontmatter import WIKILINK
from kbtools.text.source import Span
from kbtools.vault.page import Page


class PropertyLink(NamedTuple):
    """A wikilink in a value of the frontmatter."""

    target: str
    span: Span
    """With the brackets."""
    target_span: Span


def property_links(page: Page) -> Iterator[PropertyLink]:
    front = page.structure.frontmatter
    if front is None or page.source.text.find("[[", front.start, front.end) < 0:
        return
    for m in WIKILINK.finditer(page.source.text, front.start, front.end):
        if target := m["target"].strip():
            yield PropertyLink(target, Span(*m.span()), Span(*m.span("target")))
