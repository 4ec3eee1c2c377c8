"""Names of pages that contain what is typed."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nsmallest

from kbtools.adapters.lsp.completion.cursor import MOST
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.links import fold_title
from kbtools.vault.links.linking import Name


def nearest(space: OpenVault, typed: str) -> Iterator[tuple[str, str, Name]]:
    """The names that contain what is typed, those that begin with it and the shortest first: each with a text by which
    they are sorted, and the path of the page."""
    typed = fold_title(typed)
    found = (
        (not name.folded.startswith(typed), len(name.text), name.text, path, name)
        for path, names in space.resident.linking.names.items()
        for name in names
        if typed in name.folded
    )
    for is_inside, length, text, path, name in nsmallest(MOST + 1, found):
        yield f"{int(is_inside)}{length:04}{text}", path, name
