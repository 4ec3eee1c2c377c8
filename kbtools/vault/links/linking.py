"""How links are resolved, spelled and corrected, in one state of a vault's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from kbtools.config.project import Config
from kbtools.links import fold_title
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.links.spelling import Speller
from kbtools.vault.names import NameTable
from kbtools.vault.outline import Outline

# Only needed for broken links.
if TYPE_CHECKING:
    from kbtools.vault.links.suggest import Suggester
    from kbtools.vault.links.suggestion_tables import SuggestionTables

_CHUNK = 200
"""Number of pages added to the tables in one step while a process is idle."""


class Name(NamedTuple):
    """A title, alias or file name of a page."""

    folded: str
    text: str
    is_alias: bool


class PageNames(NamedTuple):
    """The title, the aliases and, if it differs, the file name of a page."""

    folded: str
    """All of them folded, each after a line end: searched at once, because searching one by one takes most of the
    time of a completion."""
    all: tuple[Name, ...]


class Replacement(NamedTuple):
    """The outline of a page before and after a change; None if there is no page."""

    path: str
    old: Outline | None
    new: Outline | None


class Linking:
    """Depends only on the outlines of all pages, the attachments and the configuration: valid while they are
    unchanged. Tables are built when needed."""

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

    def nearest(self, typed: str, most: int) -> list[tuple[str, Name]]:
        """Names that contain the typed text, with their pages, up to a number: those that begin with it first, then
        by length."""
        wanted = fold_title(typed)
        begin = nsmallest(most, self._containing(f"\n{wanted}", lambda folded: folded.startswith(wanted)))
        inside: list[tuple[int, str, str, Name]] = []
        if len(begin) < most:
            within = self._containing(wanted, lambda folded: wanted in folded and not folded.startswith(wanted))
            inside = nsmallest(most - len(begin), within)
        return [(path, name) for _, _, path, name in (*begin, *inside)]

    def _containing(self, words: str, fits: Callable[[str], bool]) -> Iterator[tuple[int, str, str, Name]]:
        """The matching names, sorted, of pages whose names contain some words."""
        is_open = words == "\n"  # nothing is typed: only titles
        for path in [path for path, names in self._names.items() if words in names.folded]:
            for name in self._names[path].all[: 1 if is_open else None]:
                if fits(name.folded):
                    yield len(name.text), name.text, path, name

    @cached_property
    def _names(self) -> dict[str, PageNames]:
        return {outline.path: _names(outline) for outline in self.resolver.names.all_outlines()}

    def prepare(self) -> Iterator[None]:
        """Builds the tables of all pages step by step, unless they are needed in between."""
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
        known: dict[str, PageNames] | None = self.__dict__.pop("_names", None)
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


def _names(page: Outline) -> PageNames:
    names = [Name(fold_title(page.title), page.title, is_alias=False)]
    names += (Name(fold_title(alias), alias, is_alias=True) for alias in page.aliases)
    stem = Name(fold_title(page.stem), page.stem, is_alias=False)
    if stem.folded != names[0].folded:
        names.append(stem)
    return PageNames("".join(f"\n{name.folded}" for name in names), tuple(names))
