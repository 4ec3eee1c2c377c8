"""What a rename or move changes: paths, and the names, headings, blocks and aliases as they will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kbtools.edit.verify import AnyLink
from kbtools.errors import KbError
from kbtools.links import fold_title
from kbtools.markdown.structure import Heading
from kbtools.vault import logseq
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import FileResolution, How, Resolution, Resolved, target_page
from kbtools.vault.links.resolve import folder_of
from kbtools.vault.links.spelling import Speller
from kbtools.vault.names import nfc


@dataclass(frozen=True)
class NameChange:
    """Files before and after, and the vault in both states; in the second one no link is rewritten yet."""

    before: Index
    after: Index
    moves: Mapping[str, str]
    """Renamed pages and moved files, each with the new path."""
    speller: Speller
    """Of the state after."""
    heading: tuple[Heading, Heading] | None = None
    """Of the only page in ``moves``: the heading that changes, as it was and as it will be."""
    block: tuple[str, str] | None = None
    """Of the only page in ``moves``: the id of a block, and what it will be."""
    alias: tuple[str, str] | None = None
    """Of the only page in ``moves``: an alias, and what it will be."""

    @cached_property
    def linked_sections(self) -> frozenset[tuple[str, int | None]]:
        """Sections (page, number of the heading) whose headings keep their text because a link names them."""
        found = set()
        for page in self.before.pages.values():
            held = self.before.graph.of(page)
            links: list[tuple[AnyLink, Resolution | FileResolution]] = [*held.wiki, *held.files]
            for link, meaning in links:
                there = target_page(meaning) if link.anchor is not None else None
                if there is not None and link.anchor is not None:
                    found.add((there, self.before.sections(there).find(link.anchor)))
        return frozenset(found)

    def moved(self, path: str) -> str:
        return self.moves.get(path, path)

    def is_elsewhere(self, path: str) -> bool:
        """Whether a page is moved to another folder."""
        return folder_of(path) != folder_of(self.moved(path))

    def concerns(self, there: str, origin: str) -> bool:
        """Whether the spelling of a wikilink from one file to another may have to change."""
        return there in self.moves or self.is_elsewhere(origin)

    def heading_of(self, path: str | None) -> tuple[Heading, Heading] | None:
        return self.heading if path in self.moves else None

    def renewed_block(self, path: str | None, block: str) -> str:
        """The id of a block of a page, as it will be; case does not distinguish ids."""
        if self.block is None or path not in self.moves or block.lower() != self.block[0].lower():
            return block
        return self.block[1]

    def renewed_alias(self, path: str, target: str) -> str | None:
        """The alias in place of a target that names the page by the alias that changes; None for other targets."""
        if self.alias is None or path not in self.moves or fold_title(target) != fold_title(self.alias[0]):
            return None
        was = self.before.outlines[path]
        own = (was.title, was.stem, logseq.page_of(was.stem))
        return None if fold_title(target) in map(fold_title, own) else self.alias[1]

    def renewed_label(self, path: str | None, label: str) -> str:
        """A label, with the alias that changes as it will be, where it shows that."""
        if self.alias is None or path not in self.moves or nfc(label.strip()) != nfc(self.alias[0]):
            return label
        return label.replace(label.strip(), self.alias[1])

    def keeps_names(self, path: str) -> bool:
        """Whether a page keeps its title and file name."""
        was, will = self.before.outlines[path], self.after.outlines[self.moved(path)]
        return (was.title, was.stem) == (will.title, will.stem)

    def still_names(self, target: str, origin: str, there: str, how: How) -> bool:
        """Whether a target on a page at ``origin`` still names the file afterwards. The old title as an alias does
        not count, except in Logseq, where aliases are names."""
        found = self.after.resolve_name(target, self.moved(origin))
        if not isinstance(found, Resolved) or found.page != self.moved(there):
            return False
        if how == "attachment" or self.keeps_names(there):
            return True
        was, will = self.before.outlines[there], self.after.outlines[self.moved(there)]
        gone = {fold_title(name) for name in (was.title, was.stem, logseq.page_of(was.stem))}
        gone -= {fold_title(name) for name in (will.title, will.stem)}
        return found.how in ("exact", "path") and fold_title(target) not in gone

    def spelling(self, there: str, from_path: str) -> str:
        """How a link names the page. Raises KbError if no name resolves to it unambiguously."""
        found = self.speller.spelling(self.moved(there), from_path)
        if found is None:
            raise KbError(f"{from_path} could not link to the page by its new name", "choose another title")
        return found
