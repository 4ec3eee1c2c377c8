"""How links are resolved, spelled and corrected, in one state of a vault's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from kbtools.config.project import Config
from kbtools.links import fold_title
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.links.spelling import Speller
from kbtools.vault.names import NameTable
from kbtools.vault.outline import Outline

# Only broken links need it.
if TYPE_CHECKING:
    from kbtools.vault.links.suggest import Suggester
    from kbtools.vault.links.suggestion_tables import SuggestionTables

_CHUNK = 200
"""Pages that are entered into the tables at once while a process has nothing else to do."""


class Name(NamedTuple):
    """A title, alias or file name of a page."""

    folded: str
    text: str
    is_alias: bool


class Replacement(NamedTuple):
    """The outline of a page before and after a change; None where there is no page."""

    path: str
    old: Outline | None
    new: Outline | None


class Linking:
    """Depends on nothing but the outlines of all pages, the attachments and the configuration: valid while they are
    unchanged. Its tables are made when needed."""

    def __init__(self, resolver: Resolver, config: Config) -> None:
        self.resolver = resolver
        self._config = config

    @cached_property
    def speller(self) -> Speller:
        return Speller(self.resolver, self._config.link_style, self._config.keep_words)

    @cached_property
    def suggester(self) -> Suggester:
        from kbtools.vault.links.suggest import Suggester

        return Suggester(self.resolver, self.speller, self._suggestion_tables)

    @cached_property
    def _suggestion_tables(self) -> SuggestionTables:
        from kbtools.vault.links.suggestion_tables import SuggestionTables

        return SuggestionTables(self.resolver.names.all_outlines())

    @property
    def names(self) -> Mapping[str, tuple[Name, ...]]:
        """The title, the aliases and, if it is another, the file name of every page, by path."""
        return self._names

    @cached_property
    def _names(self) -> dict[str, tuple[Name, ...]]:
        return {outline.path: _names(outline) for outline in self.resolver.names.all_outlines()}

    def prepare(self) -> Iterator[None]:
        """Make the tables of all pages step by step, unless they are needed in between."""
        if "_suggestion_tables" in self.__dict__ and "_names" in self.__dict__:
            return
        from kbtools.vault.links.suggestion_tables import SuggestionTables

        tables, names = SuggestionTables(), {}
        for number, outline in enumerate(self.resolver.names.all_outlines()):
            tables.add(outline)
            names[outline.path] = _names(outline)
            if number % _CHUNK == 0:
                yield
        self.__dict__.setdefault("_suggestion_tables", tables)
        self.__dict__.setdefault("_names", names)

    def after(self, names: NameTable, replacements: Iterable[Replacement]) -> Linking:
        """The linking after a change of outlines or attachments. It takes over and updates the tables of this one,
        which must not be used again."""
        made = Linking(Resolver(names, self.resolver.conventions), self._config)
        tables: SuggestionTables | None = self.__dict__.pop("_suggestion_tables", None)
        known: dict[str, tuple[Name, ...]] | None = self.__dict__.pop("_names", None)
        for path, old, new in replacements:
            if tables is not None:
                tables.replace(old, new)
            if known is not None:
                known.pop(path, None)
                if new is not None:
                    known[path] = _names(new)
        if tables is not None:
            made._suggestion_tables = tables
        if known is not None:
            made._names = known
        return made


def _names(page: Outline) -> tuple[Name, ...]:
    aliases = (Name(fold_title(alias), alias, is_alias=True) for alias in page.aliases)
    title = Name(fold_title(page.title), page.title, is_alias=False)
    stem = Name(fold_title(page.stem), page.stem, is_alias=False)
    return (title, *aliases) if stem.folded == title.folded else (title, *aliases, stem)
