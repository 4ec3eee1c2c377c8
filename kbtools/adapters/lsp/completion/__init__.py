"""Completion at the cursor: pages, sections, files, fields and values, languages, annotations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from kbtools.adapters.lsp.completion import fences, fields, links
from kbtools.adapters.lsp.completion.cursor import MOST, Cursor
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import CompletionItem, CompletionList
from kbtools.vault.page import Page


def complete(space: OpenVault, page: Page, offset: int) -> CompletionList:
    """The items for a place; incomplete where there are more than are given."""
    found = list(islice(_items(Cursor(space, page, offset)), MOST + 1))
    return {"isIncomplete": len(found) > MOST, "items": found[:MOST]}


def _items(cursor: Cursor) -> Iterator[CompletionItem]:
    found = links.items(cursor)
    if found is None:
        found = fields.items(cursor) if cursor.is_in_frontmatter else fences.items(cursor)
    yield from found
