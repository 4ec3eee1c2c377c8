"""Makes the database row of a page from the page and the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from kbtools.check.checker import Checker
from kbtools.config.dialects import Dialect
from kbtools.incremental.database import Row
from kbtools.incremental.findings import dump_findings
from kbtools.incremental.stored_outline import OutlineValues, dump_outline, outline_of
from kbtools.vault.links.graph import PageLinks, link_keys
from kbtools.vault.links.property_links import property_links
from kbtools.vault.links.resolution import Ambiguous, Missing
from kbtools.vault.names import NameRecord, name_keys, reference_keys, target_keys
from kbtools.vault.page import Page


class ShellResults(Protocol):
    """Results of syntax checks by shells, by language (lower case) and code."""

    @property
    def complaints(self) -> Mapping[tuple[str, str], tuple[int, str]]: ...

    @property
    def unchecked(self) -> Mapping[tuple[str, str], str]:
        """Fences that could not be checked, with the name of the missing shell."""


Judge = Callable[[Iterable[Page]], ShellResults | None]
"""Checks the shell fences of some pages, if there are any. It may start a process, so the caller provides it."""


def outline_row(page: Page, *, is_page: bool = True) -> Row:
    """A row with the page's outline; without one for a file that is not a page."""
    return row_of_outline(page, outline_of(page), NameRecord.of(page)) if is_page else Row(page.path)


def row_of_outline(page: Page, outline: OutlineValues, names: NameRecord) -> Row:
    """A row made from an outline and names that are already known."""
    references = reference_keys(name for _, name in page.references) if page.references else ()
    return Row(page.path, dump_outline(outline), name_keys(names), references)


def link_row(row: Row, page: Page, links: PageLinks, dialect: Dialect | None) -> Row:
    """The row with the page's resolved links added."""
    named = {key for link in property_links(page) for key in target_keys(link.target, page.folder, dialect)}
    if row.outline is None or not (links.wiki or links.files or named):
        return row
    shown = tuple(links.shown_files)
    found = [meaning for _, meaning in (*links.wiki, *shown)]
    targets = {target for target, _ in links.targets()} - {page.path}
    return row._replace(
        keys=tuple(sorted(link_keys(links, page.folder, dialect) | named)),
        targets=tuple(sorted(targets)),
        links=len(found),
        broken=sum(type(meaning) is Missing for meaning in found),
        ambiguous=sum(type(meaning) is Ambiguous for meaning in found),
    )


def finding_row(row: Row, page: Page, checker: Checker, unchecked: Mapping[tuple[str, str], str]) -> Row:
    """The row with the findings of the rules added, and the names that the rules looked up."""
    context = checker.context(page)
    found = dump_findings(checker.findings(page, context))
    day = checker.expires_on(page, context)
    missing: Counter[str] = Counter()
    if unchecked:
        asked = ((s.language.lower(), s.code) for s in page.snippets)
        missing.update(unchecked[question] for question in asked if question in unchecked)
    shells = " ".join(f"{shell} {count}" for shell, count in sorted(missing.items())) if missing else ""
    snippets = 0
    if row.outline is not None:
        for snippet in page.snippets:
            snippets += snippet.executable
    turns = day.toordinal() if day is not None else None
    keys = tuple(sorted(context.asked.union(row.keys) - {""})) if context.asked else row.keys
    return row._replace(keys=keys, snippets=snippets, unchecked=shells, turns=turns, found=found)
