"""The edit of the vault for files that the editor is about to rename or move."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kbtools.adapters.lsp.edits.changes import whole
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.addresses import placed
from kbtools.adapters.lsp.wire.protocol import WorkspaceEdit
from kbtools.edit.move import plan_move
from kbtools.edit.verify import few
from kbtools.vault.listing import Exclusion


def move(space: OpenVault, files: Iterable[tuple[Path, Path]]) -> tuple[WorkspaceEdit, str]:
    """The respelled links for files and folders that get other paths, and what is to be told of links that are left.
    Raises KbError where a file is in the place of another."""
    moves: dict[str, str] = {}
    leaving: list[str] = []
    for path, new in _moved(space, files):
        if new is None:
            leaving.append(path)
        elif new != path:
            moves[path] = new
    index = space.index()
    plan = plan_move(index, moves, space.project.config.link_style)
    told = []
    if plan.unsettled:
        places = list(dict.fromkeys(change.shown(index.pages) for change in plan.unsettled))
        told.append(f"links that no longer lead where they did: {few(places)}")
    linked = [path for path in leaving if any(True for _ in space.links_to(path))]
    if linked:
        told.append(f"links are left as they are to what is no longer a file of the wiki: {few(linked)}")
    return whole(space, index, plan.texts, None), "; ".join(told)


def _moved(space: OpenVault, files: Iterable[tuple[Path, Path]]) -> Iterator[tuple[str, str | None]]:
    """Pages and attachments with their new paths; None for what is then no page, or no attachment, of the wiki."""
    exclusion = Exclusion(space.project.config)
    listing = space.resident.listing
    pages = {path for path, entry in listing.entries.items() if entry.is_page}
    known = pages | listing.attachments
    for old, new in files:
        path, renewed = _path(space, old), _path(space, new)
        if path is None:
            continue
        for one in (path,) if path in known else _below(path, known):
            there = None if renewed is None else f"{renewed}{one[len(path) :]}"
            is_kept = there is not None and there.endswith(".md") == (one in pages)
            yield one, there if is_kept and there is not None and not exclusion.covers(there) else None


def _below(folder: str, paths: Iterable[str]) -> Iterator[str]:
    return (path for path in paths if path.startswith(f"{folder}/"))


def _path(space: OpenVault, file: Path) -> str | None:
    """A path in the vault; None for a file outside, and for the vault itself."""
    try:
        path = placed(file).relative_to(os.path.realpath(space.project.vault))
    except ValueError:
        return None
    return path.as_posix() if path.parts else None
