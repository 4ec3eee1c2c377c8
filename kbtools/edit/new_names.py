"""Checks the new title, file name and aliases of a page for conflicts."""

from __future__ import annotations

import unicodedata

from kbtools.config.project import LinkStyle
from kbtools.errors import KbError
from kbtools.links import can_be_target, fold_title, page_name
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Alias, Resolved
from kbtools.vault.page import Page

_UNSAFE = '<>:"/\\|?*'
"""Characters that some file system or a wikilink does not support."""
_LONGEST = 255 - len(".kb-20261121T101500-3f2a-00000.undo.tmp")
"""Bytes of a file name that every file system supports, with room for a suffix."""
ENTRANCES = ("index", "readme")


def file_name(title: str, blanks: bool = False) -> str:
    """The file name for a page with this title. ``blanks``: keep them, as in vaults whose titles are file names."""
    kept = (" ",) if blanks else ()
    name = "".join("-" if c in _UNSAFE or (c.isspace() and c not in kept) else c for c in title).strip(".- ")
    return f"{name or 'page'}.md"


def default_folder(schema: tuple[tuple[str, str], ...]) -> str:
    """The folder for new pages: the first one that the configuration assigns a schema."""
    glob = next((g for g, name in schema if name != "none"), "")
    return glob.partition("*")[0].rstrip("/")


def clean_title(given: str) -> str:
    """A normalized title: NFC, single blanks. Raises KbError if no link could name it."""
    title = unicodedata.normalize("NFC", " ".join(given.split()))
    if not title or not can_be_target(title) or page_name(title) != title or any(ord(c) < 32 for c in title):
        raise KbError(f'"{given}" cannot be written in a wikilink', "leave out [ ] | # .md and line ends")
    return title


def new_path(page: Page, title: str, style: LinkStyle, keep_file: bool, slash: str = "-") -> str:
    """The path for a page's file; ``slash`` replaces ``/``. Raises KbError if the title cannot be a file name."""
    if keep_file:
        return page.path
    name = file_name(title.replace("/", slash), _keeps_blanks(page, style))
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise KbError(f"the title is too long for a file's name: {len(title)} characters", "choose a shorter one")
    path = f"{page.folder}/{name}" if page.folder else name
    if unicodedata.normalize("NFC", path) == unicodedata.normalize("NFC", page.path):
        return page.path
    if page.stem.lower() in ENTRANCES:
        raise KbError(f"{page.path} is where readers enter a folder", "--keep-file changes only its title")
    return path


def _keeps_blanks(page: Page, style: LinkStyle) -> bool:
    """Whether the page's file name keeps the blanks of the title: if it is the title, or if links are spelled as
    file names and the file name does not use dashes instead."""
    if style == "filename" and "-" not in page.stem:
        return True
    return "title" not in page.data or (" " in page.stem and page.stem + ".md" == file_name(page.title, blanks=True))


def require_free(index: Index, page: Page, title: str, path: str, others: frozenset[str]) -> None:
    """Raises KbError if the title or the file name is already taken in the wiki. ``others`` are the paths of all
    files.

    Names that differ only in case or Unicode normalization are the same file on many file systems.
    """
    stem = path.rpartition("/")[2].removesuffix(".md")
    for name in dict.fromkeys((title, stem)):
        if name == stem and path == page.path:
            continue  # one of the page's own names
        taken = {p for p in index.names.by_fold.get(fold_title(name), ()) if p != page.path}
        found = index.resolve_name(name, page.path)
        if isinstance(found, Alias):
            taken |= {p for p in found.candidates if p != page.path}
        elif isinstance(found, Resolved) and found.how == "attachment":
            taken.add(found.page)
        if taken:
            raise KbError(f'"{name}" is a name of {", ".join(sorted(taken))}', "choose another title, or merge the two")
    clash = {p for p in others if p != page.path and _on_disk(p) == _on_disk(path)} if path != page.path else ()
    if clash:
        raise KbError(f"{', '.join(sorted(clash))} exists already", "choose another title, or --keep-file")


def _on_disk(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
