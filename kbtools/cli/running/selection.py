"""Resolves pages, folders and snippet ids given on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kbtools.cli.workspace import Workspace
from kbtools.config.selection import Selection
from kbtools.errors import KbError


def selection(wiki: Workspace, given: Sequence[str]) -> tuple[str, ...]:
    """Pages and folders as vault paths, and snippet ids with the vault path of their page."""
    out = []
    for word in given:
        path, sep, name = word.partition("::")
        (found,) = wiki.narrow((path,))
        if sep:
            from kbtools.vault.loading import read

            entry = wiki.listing.entries.get(found)
            policies = wiki.project.policies
            names = {s.id for s in read(entry, policies).snippets} if entry is not None else set()
            if name.partition("[")[0] not in names:
                listed = ", ".join(sorted(names)[:12]) or "none"
                raise KbError(f'{found} has no snippet "{name}"', f"its snippets: {listed}")
        out.append(f"{found}{sep}{name}")
    return tuple(out)


def wants(selection: Sequence[str]) -> Callable[[str, str], bool]:
    """Whether a selection covers an outcome, by its page and its id."""
    covers = Selection(paths=tuple(word for word in selection if "::" not in word)).covers
    ids = {word for word in selection if "::" in word}
    whole = len(ids) < len(selection)

    def wanted(path: str, id: str) -> bool:
        return not selection or (whole and covers(path)) or not ids.isdisjoint((id, id.rpartition("[")[0]))

    return wanted


def selected(wiki: Workspace, selection: Sequence[str]) -> list[str]:
    """The paths of the pages that a selection covers; of all pages if the selection is empty."""
    covers = Selection(paths=tuple(s.partition("::")[0] for s in selection)).covers
    return [p for p in wiki.pages if covers(p)]
