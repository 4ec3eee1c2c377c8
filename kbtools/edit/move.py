"""Plans what a move of files changes in pages: every link that would no longer lead to its file is respelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kbtools.config.project import LinkStyle
from kbtools.edit.name_change import NameChange
from kbtools.edit.plan import Moved, Rewrite, edited, settle
from kbtools.edit.references import Change, file_edits, frontmatter_edits, wikilink_edits
from kbtools.edit.verify import ChangedMeaning
from kbtools.errors import KbError
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


class MovePlan(NamedTuple):
    """New texts of pages, by the paths they have now, and what cannot be rewritten."""

    texts: Mapping[str, str]
    unsettled: tuple[ChangedMeaning, ...]
    """Links that will resolve to other targets, or to none."""


def plan_move(index: Index, moves: Mapping[str, str], style: LinkStyle = "title") -> MovePlan:
    """Plans the rewritten links for pages and attachments that get new paths, all at once. ``style`` is how links
    are spelled (``link_style``). Raises KbError if a path is taken by another file."""
    files = {*index.pages, *index.attachments}
    taken = sorted({*moves.values()} & (files - moves.keys()))
    if taken or len({*moves.values()}) < len(moves):
        raise KbError(f"{', '.join(taken) or 'one path'} would be the place of two files", "choose another name")
    pages = {
        path if (new := moves.get(path)) is None else new: page if new is None else edited(page, (), new)
        for path, page in index.pages.items()
    }
    moved = Moved(moves, index.with_pages(pages, [moves.get(path, path) for path in index.attachments]))
    names = NameChange(index, moved.index, moves, Speller(moved.index, style))
    rewrites = [rewrite for page in index.pages.values() for rewrite in _rewrites(page, names)]
    settled = settle(index, rewrites, only_links=True, moved=moved)
    changed = dict.fromkeys(rewrite.path for rewrite in settled.kept)
    texts = {path: settled.after.pages[moved.path(path)].source.text for path in changed}
    return MovePlan(texts, settled.unsettled)


def _rewrites(page: Page, names: NameChange) -> Iterator[Rewrite]:
    """One rewrite for each link, and one for the frontmatter. A link without a possible spelling is left as it is."""
    held = names.before.graph.of(page)
    found: list[Iterator[Change]] = [frontmatter_edits(page, names)]
    found += (wikilink_edits(page, link, meaning, names) for link, meaning in held.wiki)
    found += (file_edits(page, file, meant, names) for file, meant in held.files)
    for changes in found:
        try:
            edits = tuple(edit for edit, _ in changes)
        except KbError:
            continue  # the verifier reports the link
        if edits:
            yield Rewrite(page.path, edits)
