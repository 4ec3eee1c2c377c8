"""What other pages may know of a page, as text in the database, and the keys it goes by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kbtools.index import nfc, parts_of_path
from kbtools.links import WikiLink, fold_title, page_name
from kbtools.vault.outline import Outline


class StoredSection(NamedTuple):
    """A heading as a link may name it."""

    level: int
    text: str
    id: str


class StoredOutline(NamedTuple):
    """A page as other pages see it."""

    path: str
    title: str
    id: str | None
    aliases: tuple[str, ...]
    references: tuple[tuple[str, str], ...]
    sections: tuple[tuple[int, str, str], ...]
    block_names: tuple[str, ...]

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


Told = tuple[
    str,
    str | None,
    tuple[str, ...],
    tuple[tuple[str, str], ...],
    tuple[tuple[int, str, str], ...],
    tuple[str, ...],
]
"""A ``StoredOutline`` without its path, as plain values."""


def outline_of(page: Outline) -> Told:
    """What others may know of a page."""
    sections = tuple([(h.level, h.text, h.id) for h in page.headings])
    return page.title, page.id, page.aliases, page.references, sections, page.block_names


def dump_outline(told: Told) -> str:
    """Equal outlines, and only those, give equal text."""
    return compact(told)


def load_outline(path: str, text: str) -> StoredOutline:
    title, id_, aliases, references, sections, blocks = json.loads(text)
    return StoredOutline(
        path,
        title,
        id_,
        tuple(aliases),
        tuple((field, name) for field, name in references),
        tuple((level, shown, id_) for level, shown, id_ in sections),
        tuple(blocks),
    )


Called = tuple[str, str, str, str, tuple[str, ...], str | None]
"""All a page is called: its file name and its title as names are compared, both folded, its aliases folded, its id."""


def called(page: Outline) -> Called:
    stem, title = page.stem, page.title
    folded = fold_title(title)
    aliases = tuple([fold_title(alias) for alias in page.aliases])
    return nfc(stem), page_name(title), folded if stem == title else fold_title(stem), folded, aliases, page.id


def name_keys(names: Called) -> tuple[str, ...]:
    """All a page is called, as keys: folded names, and its id behind a line end, which no folded name holds."""
    _, _, stem, title, aliases, id_ = names
    keys = {stem, title, *aliases}
    if id_:
        keys.add("\n" + id_)
    keys.discard("")
    return tuple(sorted(keys))


def reference_keys(page: Outline) -> tuple[str, ...]:
    """What its frontmatter calls other pages, as names and as ids."""
    if not page.references:
        return ()
    names = {page_name(name) for _, name in page.references}
    return tuple(sorted({key for name in names for key in (fold_title(name), "\n" + name)}))


def link_keys(links: Iterable[WikiLink], folder: str) -> tuple[str, ...]:
    """Every key whose holders decide what the links of a page in ``folder`` mean."""
    keys: set[str] = set()
    for link in links:
        target = link.target
        keys.add(fold_title(target))
        if "/" in target:
            keys.update(fold_title(last) for last in _ends(link.name, folder))
    keys.discard("")
    return tuple(sorted(keys))


def _ends(name: str, folder: str) -> Iterator[str]:
    """The last segment of a path, as written and as it is from the folder."""
    segments = parts_of_path(name)
    yield from segments[-1:]
    from_here = parts_of_path(name, folder)
    if from_here:
        yield from_here[-1]
