"""What other pages may know of a page, as text in the database, and the keys it goes by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kbtools.index import parts_of_path
from kbtools.links import WikiLink, fold_title, page_name
from kbtools.outline import Outline


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
    headings: tuple[StoredSection, ...]
    block_names: tuple[str, ...]

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


def dump_outline(page: Outline) -> str:
    """Equal outlines, and only those, give equal text."""
    sections = [(h.level, h.text, h.id) for h in page.headings]
    return compact((page.title, page.id, page.aliases, page.references, sections, page.block_names))


def load_outline(path: str, text: str) -> StoredOutline:
    title, id_, aliases, references, sections, blocks = json.loads(text)
    return StoredOutline(
        path,
        title,
        id_,
        tuple(aliases),
        tuple((field, name) for field, name in references),
        tuple(StoredSection(*s) for s in sections),
        tuple(blocks),
    )


def name_keys(page: Outline) -> tuple[str, ...]:
    """All a page is called: folded names, and its id behind a line end, which no folded name holds."""
    keys = {fold_title(page.stem), fold_title(page.title), *map(fold_title, page.aliases)}
    if page.id:
        keys.add("\n" + page.id)
    keys.discard("")
    return tuple(sorted(keys))


def reference_keys(page: Outline) -> tuple[str, ...]:
    """What its frontmatter calls other pages, as names and as ids."""
    names = {page_name(name) for _, name in page.references}
    return tuple(sorted({key for name in names for key in (fold_title(name), "\n" + name)}))


def link_keys(links: Iterable[WikiLink], folder: str) -> tuple[str, ...]:
    """Every key whose holders decide what the links of a page in ``folder`` mean."""
    keys: set[str] = set()
    for link in links:
        if not link.target:
            continue
        name = link.name
        keys.add(fold_title(name))
        if "/" in name:
            keys.update(fold_title(last) for last in _ends(name, folder))
    keys.discard("")
    return tuple(sorted(keys))


def _ends(name: str, folder: str) -> Iterator[str]:
    """The last segment of a path, as written and as it is from the folder."""
    segments = parts_of_path(name)
    yield from segments[-1:]
    from_here = parts_of_path(name, folder)
    if from_here:
        yield from_here[-1]
