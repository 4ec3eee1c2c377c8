"""Serializes the outline of a page."""

from __future__ import annotations

import json
from typing import NamedTuple

from kbtools.vault.outline import Outline


class StoredSection(NamedTuple):
    """A heading as a link may name it."""

    level: int
    text: str
    id: str
    raw: str = ""


class StoredOutline(NamedTuple):
    """A page as other pages see it."""

    path: str
    title: str
    has_title: bool
    id: str | None
    aliases: tuple[str, ...]
    references: tuple[tuple[str, str], ...]
    sections: tuple[tuple[int, str, str, str], ...]
    begins_with_heading: bool
    block_names: tuple[str, ...]
    ids: tuple[str, ...]
    has_includes: bool
    has_refused_fences: bool
    is_published: bool

    @property
    def headings(self) -> tuple[StoredSection, ...]:
        return tuple([StoredSection(*s) for s in self.sections])

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        return self.path.rpartition("/")[2].removesuffix(".md")

    @property
    def redirect(self) -> str | None:
        return next((name for key, name in self.references if key != "canonical_id"), None)


compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


OutlineValues = tuple[
    str,
    bool,
    str | None,
    tuple[str, ...],
    tuple[tuple[str, str], ...],
    tuple[tuple[int, str, str, str], ...],
    bool,
    tuple[str, ...],
    tuple[str, ...],
    bool,
    bool,
    bool,
]
"""A ``StoredOutline`` without its path, as plain values."""


def outline_of(page: Outline) -> OutlineValues:
    """The outline of a page, made from the parsed page."""
    sections = tuple([(h.level, h.text, h.id, h.raw) for h in page.headings])
    return (
        page.title,
        page.has_title,
        page.id,
        page.aliases,
        page.references,
        sections,
        page.begins_with_heading,
        page.block_names,
        page.ids,
        page.has_includes,
        page.has_refused_fences,
        page.is_published,
    )


def dump_outline(outline: OutlineValues) -> str:
    """Serializes an outline; texts are equal exactly when the outlines are."""
    return compact(outline)


def load_outline(path: str, text: str) -> StoredOutline:
    title, has_title, id_, aliases, references, sections, begins, blocks, ids, *known = json.loads(text)
    return StoredOutline(
        path,
        title,
        has_title,
        id_,
        tuple(aliases),
        tuple((field, name) for field, name in references),
        tuple((level, shown, id_, raw) for level, shown, id_, raw in sections),
        begins,
        tuple(blocks),
        tuple(ids),
        *known,
    )
