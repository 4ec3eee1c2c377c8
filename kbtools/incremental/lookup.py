"""Name tables of the vault backed by the database instead of dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Generic, TypeVar, overload

from kbtools.config.project import Config
from kbtools.incremental.database import Database
from kbtools.incremental.stored_outline import load_outline
from kbtools.links import fold_title, page_name
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.names import Conventions, FileNames, OutlineTable, PathTable, nfc
from kbtools.vault.outline import Outline

D = TypeVar("D")
V = TypeVar("V")


class StoredTable(Generic[V]):
    """A table whose values are queried on first access and kept."""

    def __init__(self, query: Callable[[str], V | None]) -> None:
        self._query = query
        self._known: dict[str, V | None] = {}

    def __getitem__(self, key: str) -> V:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    @overload
    def get(self, key: str, /) -> V | None: ...
    @overload
    def get(self, key: str, default: D, /) -> V | D: ...
    def get(self, key: str, default: D | None = None, /) -> V | D | None:
        if key not in self._known:
            self._known[key] = self._query(key)
        value = self._known[key]
        return default if value is None else value


class StoredNameTable:
    """The name tables of the vault, read from the database."""

    def __init__(self, db: Database, files: FileNames) -> None:
        self.db = db
        self.files = files
        self.outlines: OutlineTable = StoredTable(self._outline)

    def _outline(self, path: str) -> Outline | None:
        text = self.db.outline(path)
        return load_outline(path, text) if text is not None else None

    def all_outlines(self) -> Iterator[Outline]:
        return (load_outline(path, text) for path, text in self.db.outlines())

    def _table(self, called: Callable[[Outline], Iterable[str | None]], stored: Callable[[str], str]) -> PathTable:
        """Pages by one kind of name: those stored under the folded key whose actual name matches."""

        def query(key: str) -> tuple[str, ...] | None:
            return tuple(p for p in self.db.named(stored(key)) if key in called(self.outlines[p])) or None

        return StoredTable(query)

    @cached_property
    def by_stem(self) -> PathTable:
        return self._table(lambda p: (nfc(p.stem),), fold_title)

    @cached_property
    def by_title(self) -> PathTable:
        return self._table(lambda p: (page_name(p.title),), fold_title)

    @cached_property
    def by_fold(self) -> PathTable:
        return self._table(lambda p: (fold_title(p.stem), fold_title(p.title)), str)

    @cached_property
    def by_alias(self) -> PathTable:
        return self._table(lambda p: map(fold_title, p.aliases), str)

    @cached_property
    def by_id(self) -> PathTable:
        return self._table(lambda p: (p.id,), "\n{}".format)

    @cached_property
    def with_hash(self) -> frozenset[str]:
        return frozenset(key for key in self.db.hashed() if key in self.by_fold)


def linking_of(db: Database, files: FileNames, config: Config) -> Linking:
    """What links mean in the present state of a database."""
    return Linking(Resolver(StoredNameTable(db, files), Conventions.of(config)), config)
