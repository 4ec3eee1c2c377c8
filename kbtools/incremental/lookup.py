"""Name tables of the vault backed by the database instead of dictionaries."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from functools import cached_property
from typing import TypeVar

from kbtools.config.project import Config
from kbtools.incremental.database import Database
from kbtools.incremental.stored_outline import load_outline
from kbtools.links import fold_title, page_name
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.names import Conventions, DictNameTable, nfc
from kbtools.vault.outline import Outline

V = TypeVar("V")


class LazyMapping(Mapping[str, V]):
    """A mapping that queries each value on first access and keeps it; iterating over it loads the whole table."""

    def __init__(self, ask: Callable[[str], V | None], whole: Callable[[], Mapping[str, V]]) -> None:
        self._ask, self._make = ask, whole
        self._known: dict[str, V | None] = {}

    def __getitem__(self, key: str) -> V:
        if key not in self._known:
            self._known[key] = self._whole.get(key) if "_whole" in self.__dict__ else self._ask(key)
        value = self._known[key]
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    @cached_property
    def _whole(self) -> Mapping[str, V]:
        return self._make()

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def values(self) -> ValuesView[V]:
        return self._whole.values()

    def items(self) -> ItemsView[str, V]:
        return self._whole.items()


class StoredNameTable:
    """The name tables of the vault, read from the database."""

    def __init__(self, db: Database, attachments: frozenset[str]) -> None:
        self.db = db
        self.attachments = attachments
        self.outlines: Mapping[str, Outline] = LazyMapping(self._outline, self._all_outlines)

    def _outline(self, path: str) -> Outline | None:
        text = self.db.outline(path)
        return load_outline(path, text) if text is not None else None

    def _all_outlines(self) -> Mapping[str, Outline]:
        return {path: load_outline(path, text) for path, text in self.db.outlines()}

    @cached_property
    def _whole(self) -> DictNameTable:
        """All names, loaded at once when a table is iterated over."""
        return DictNameTable(dict(self.outlines.items()))

    def _table(
        self,
        called: Callable[[Outline], Iterable[str | None]],
        stored: Callable[[str], str],
        whole: Callable[[], Mapping[str, tuple[str, ...]]],
    ) -> Mapping[str, tuple[str, ...]]:
        """Pages by one kind of name: those stored under the folded key whose actual name matches."""

        def ask(key: str) -> tuple[str, ...] | None:
            return tuple(p for p in self.db.named(stored(key)) if key in called(self.outlines[p])) or None

        return LazyMapping(ask, whole)

    @cached_property
    def by_stem(self) -> Mapping[str, tuple[str, ...]]:
        return self._table(lambda p: (nfc(p.stem),), fold_title, lambda: self._whole.by_stem)

    @cached_property
    def by_title(self) -> Mapping[str, tuple[str, ...]]:
        return self._table(lambda p: (page_name(p.title),), fold_title, lambda: self._whole.by_title)

    @cached_property
    def by_fold(self) -> Mapping[str, tuple[str, ...]]:
        return self._table(lambda p: (fold_title(p.stem), fold_title(p.title)), str, lambda: self._whole.by_fold)

    @cached_property
    def by_alias(self) -> Mapping[str, tuple[str, ...]]:
        return self._table(lambda p: map(fold_title, p.aliases), str, lambda: self._whole.by_alias)

    @cached_property
    def by_id(self) -> Mapping[str, tuple[str, ...]]:
        return self._table(lambda p: (p.id,), "\n{}".format, lambda: self._whole.by_id)

    @cached_property
    def with_hash(self) -> frozenset[str]:
        return frozenset(key for key in self.db.hashed() if key in self.by_fold)


def linking_of(db: Database, attachments: frozenset[str], config: Config) -> Linking:
    """What links mean in the present state of a database."""
    return Linking(Resolver(StoredNameTable(db, attachments), Conventions.of(config)), config)
