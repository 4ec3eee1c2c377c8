"""Name tables of a vault, in which links are looked up.

``NameTable`` is the protocol; ``DictNameTable`` implements it with dictionaries, ``kbtools.incremental.lookup`` with
the index on disk.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple, Protocol

from kbtools.config.dialects import Dialect
from kbtools.config.project import Config
from kbtools.links import fold_title, page_name
from kbtools.vault.logseq import SLASHES, special_stems
from kbtools.vault.outline import Outline

Paths = tuple[str, ...]
ENTRANCES = ("index", "README", "readme", "Readme", "Index")
"""Names of the page that a folder's address shows."""


class OutlineTable(Protocol):
    """Pages by path. A mapping that is not iterated over, so that it need not be in memory."""

    def __getitem__(self, path: str, /) -> Outline: ...

    def __contains__(self, path: object, /) -> bool: ...

    def get(self, path: str, /) -> Outline | None: ...


class PathTable(Protocol):
    """Pages by name. A mapping that is not iterated over, so that it need not be in memory."""

    def __contains__(self, name: object, /) -> bool: ...

    def get(self, name: str, default: Paths, /) -> Paths: ...


class NameTable(Protocol):
    """Names to pages. No table holds the empty name."""

    @property
    def outlines(self) -> OutlineTable:
        """Every page."""

    def all_outlines(self) -> Iterable[Outline]:
        """Every page, read anew."""

    @property
    def files(self) -> FileNames:
        """Every other file."""

    @property
    def by_stem(self) -> PathTable:
        """File names, NFC, without ``.md``."""

    @property
    def by_title(self) -> PathTable: ...

    @property
    def by_fold(self) -> PathTable:
        """Folded file names and titles, together."""

    @property
    def by_alias(self) -> PathTable:
        """Folded aliases."""

    @property
    def by_id(self) -> PathTable: ...

    @property
    def with_hash(self) -> frozenset[str]:
        """Folded names with a ``#`` in them, which a link would otherwise read as an anchor."""


class FileNames:
    """The files of a vault other than pages, by name. Tables are built on first access."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.paths = frozenset(paths)

    @cached_property
    def by_name(self) -> Mapping[str, Paths]:
        return table((nfc(path.rpartition("/")[2]), path) for path in sorted(self.paths))

    @cached_property
    def by_folded_name(self) -> Mapping[str, Paths]:
        return table((casefolded(path.rpartition("/")[2]), path) for path in sorted(self.paths))

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders that contain files, also in folders of theirs."""
        found: set[str] = set()
        for path in self.paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def by_folded_stem(self) -> Mapping[str, Paths]:
        """Without the ending."""
        return table((casefolded(path.rpartition("/")[2]).rpartition(".")[0], path) for path in sorted(self.paths))


class NameRecord(NamedTuple):
    """All names of a page."""

    stem: str
    """Normalized (NFC)."""
    title: str
    folded_stem: str
    folded_title: str
    aliases: tuple[str, ...]
    """Folded."""
    id: str | None

    @classmethod
    def of(cls, page: Outline) -> NameRecord:
        stem, title = page.stem, page.title
        folded = fold_title(title)
        aliases = tuple([fold_title(alias) for alias in page.aliases])
        return cls(nfc(stem), page_name(title), folded if stem == title else fold_title(stem), folded, aliases, page.id)


def name_keys(called: NameRecord) -> tuple[str, ...]:
    """The keys of a page's names: folded names, and its id with a line end before it, which no folded name contains."""
    keys = {called.folded_stem, called.folded_title, *called.aliases}
    if called.id:
        keys.add(f"\n{called.id}")
    keys.discard("")
    return tuple(sorted(keys))


def reference_keys(names: Iterable[str]) -> tuple[str, ...]:
    """The keys of names or ids by which frontmatter refers to other pages."""
    return tuple(sorted({key for name in names for key in (fold_title(name), f"\n{page_name(name)}")}))


def target_keys(target: str, folder: str, dialect: Dialect | None) -> set[str]:
    """All keys on which the resolution of a wikilink's target depends, on a page in ``folder``."""
    keys = {fold_title(target)}
    if "/" in target:
        name = page_name(target)
        keys.update(fold_title(segments[-1]) for start in (None, folder) if (segments := parts_of_path(name, start)))
        if name.endswith("/"):
            keys.update(map(fold_title, ENTRANCES))
    if dialect == "logseq":
        stems = (target.replace("/", slash) for slash in SLASHES)
        keys.update(map(fold_title, (*stems, *special_stems(target))))
    keys.discard("")
    return keys


class DictNameTable:
    """Name tables as dictionaries, built on first access."""

    def __init__(
        self,
        outlines: Mapping[str, Outline],
        files: FileNames,
        called: Mapping[str, NameRecord] | None = None,
    ) -> None:
        """``called`` contains the names of each page, if they are known already. Both mappings are sorted by path."""
        self.outlines = outlines
        self.files = files
        if called is not None:
            self._called = called

    def all_outlines(self) -> Iterable[Outline]:
        return self.outlines.values()

    @cached_property
    def _called(self) -> Mapping[str, NameRecord]:
        return {path: NameRecord.of(page) for path, page in self.outlines.items()}

    @cached_property
    def by_stem(self) -> Mapping[str, Paths]:
        return table((c.stem, path) for path, c in self._called.items())

    @cached_property
    def by_title(self) -> Mapping[str, Paths]:
        return table((c.title, path) for path, c in self._called.items())

    @cached_property
    def by_fold(self) -> Mapping[str, Paths]:
        return table(
            (name, path)
            for path, c in self._called.items()
            for name in ((c.folded_stem,) if c.folded_stem == c.folded_title else (c.folded_stem, c.folded_title))
        )

    @cached_property
    def by_alias(self) -> Mapping[str, Paths]:
        return table((alias, path) for path, c in self._called.items() for alias in c.aliases)

    @cached_property
    def by_id(self) -> Mapping[str, Paths]:
        return table((c.id, path) for path, c in self._called.items())

    @cached_property
    def with_hash(self) -> frozenset[str]:
        return frozenset(name for name in self.by_fold if "#" in name)


class Conventions(NamedTuple):
    """Conventions by which Markdown links are resolved: Obsidian's or MkDocs'."""

    by_name: bool = False
    """As in Obsidian: a file is found by its name, in any folder and in any case."""
    outermost_index: bool = False
    """As in Quartz: ``[[index]]`` means the start page, that is the index nearest to the top."""
    attachments: str = "/"
    """Obsidian's folder of attachments."""
    by_definitions: bool = False
    """As in Foam: a definition of the page, ``[Name]: path``, says which of several pages ``[[Name]]`` means."""
    on_site: bool = False
    """MkDocs': a link may be the page's address on the site."""
    directory_urls: bool = True
    locales: tuple[str, ...] = ()
    """Languages whose code may stand before a file's ending, where a link leaves it out."""
    generated: frozenset[str] = frozenset()
    """Pages that exist only on the site."""
    posts: str | None = None
    """The folder of pages whose address on the site is not determined by their path."""
    depth: int | None = None
    """MkDocs': how many folders below the top of its host the site is. Browsers go no further up than that top."""
    slashes: tuple[str, ...] = SLASHES
    """What stands for ``/`` in the names of Logseq's files."""
    dialect: Dialect | None = None
    """Whose wikilinks they are: Dendron's are ``[[words|page]]``, and Logseq's name ``A___B.md`` ``[[A/B]]``."""

    @classmethod
    def of(cls, config: Config) -> Conventions:
        obsidian, mkdocs = config.obsidian, config.mkdocs
        return cls(
            by_name=obsidian is not None,
            outermost_index=config.generator == "quartz",
            attachments=obsidian.attachments if obsidian is not None else "/",
            by_definitions=not config.has_site,
            on_site=mkdocs is not None,
            directory_urls=mkdocs is None or mkdocs.use_directory_urls,
            locales=mkdocs.locales if mkdocs is not None else (),
            generated=mkdocs.generated if mkdocs is not None else frozenset(),
            posts=mkdocs.posts if mkdocs is not None else None,
            slashes=config.slashes or SLASHES,
            dialect=config.dialect,
            depth=mkdocs.depth if mkdocs is not None else None,
        )


STRICT = Conventions()
"""A Markdown link is a path."""


def casefolded(path: str) -> str:
    """A path normalized for comparison that ignores case."""
    return nfc(path).casefold()


def nfc(text: str) -> str:
    """Normalizes a name for comparison (NFC): composed and decomposed characters are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def table(pairs: Iterable[tuple[str | None, str]]) -> dict[str, Paths]:
    """Maps each key to its paths, without the empty key. Pairs are sorted by path."""
    pairs = [pair for pair in pairs if pair[0]]
    alone = {key: (path,) for key, path in pairs}
    if len(alone) == len(pairs):
        return alone  # type: ignore[return-value]  # the usual case: no name is shared
    out: dict[str, Paths] = {}
    shared: dict[str, list[str]] = {}
    for key, path in pairs:
        if not key:
            continue
        held = out.get(key)
        if held is None:
            out[key] = (path,)
        elif held[0] != path:
            paths = shared.setdefault(key, [*held])
            if paths[-1] != path:
                paths.append(path)
    out.update((key, tuple(paths)) for key, paths in shared.items())
    return out


def parts_of_path(name: str, folder: str | None = None) -> list[str]:
    """The segments of a folder-qualified name, from the vault's root if a folder is given to go out from.

    Empty when ``..`` climbs out of the vault.
    """
    segments = [s for s in name.split("/") if s not in ("", ".")]
    if folder is None:
        return segments
    out = [nfc(s) for s in folder.split("/") if s]
    for s in segments:
        if s != "..":
            out.append(s)
        elif out:
            out.pop()
        else:
            return []
    return out
