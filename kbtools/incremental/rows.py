"""From a page and an index to what is kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from kbtools.checker import Checker
from kbtools.incremental.database import Row
from kbtools.incremental.findings import dump_findings
from kbtools.incremental.stored import (
    Called,
    Told,
    called,
    dump_outline,
    link_keys,
    name_keys,
    outline_of,
    reference_keys,
)
from kbtools.index import Ambiguous, Index, Missing
from kbtools.page import Page


class Judged(Protocol):
    """What shells say of shell fences, by language in lower case and code."""

    @property
    def complaints(self) -> Mapping[tuple[str, str], tuple[int, str]]: ...

    @property
    def unchecked(self) -> Mapping[tuple[str, str], str]:
        """What no one could judge, with the shell that is missing."""


Judge = Callable[[Iterable[Page]], Judged | None]
"""Asks shells about the fences of some pages, if any are theirs: a process, where it is not known yet, and so not this
package's."""


def outline_row(page: Page, *, is_page: bool = True) -> Row:
    """What other pages may know of a page; nothing of what only shows in parts of the vault that are no pages."""
    return told_row(page, outline_of(page), called(page)) if is_page else Row(page.path)


def told_row(page: Page, outline: Told, names: Called) -> Row:
    """The same, for those who know it already."""
    return Row(page.path, dump_outline(outline), name_keys(names), reference_keys(page))


def link_row(row: Row, page: Page, index: Index) -> Row:
    """The row with what the page's links mean."""
    links = index.links_of(page) if row.outline is not None else ()
    if not links:
        return row
    targets: set[str] = set()
    broken = ambiguous = 0
    for _, meaning in links:
        if (target := index.target_page(meaning)) is not None:
            targets.add(target)
        elif type(meaning) is Missing:
            broken += 1
        elif type(meaning) is Ambiguous:
            ambiguous += 1
    targets.discard(page.path)
    keys = link_keys([link for link, _ in links], page.folder)
    return Row(*row[:4], keys, tuple(sorted(targets)), len(links), broken, ambiguous)


def finding_row(row: Row, page: Page, checker: Checker, unchecked: Mapping[tuple[str, str], str]) -> Row:
    """The row with what the rules find."""
    turn = checker.next_turn(page)
    missing: Counter[str] = Counter()
    if unchecked:
        asked = ((s.language.lower(), s.code) for s in page.snippets)
        missing.update(unchecked[question] for question in asked if question in unchecked)
    shells = " ".join(f"{shell} {count}" for shell, count in sorted(missing.items())) if missing else ""
    snippets = 0
    if row.outline is not None:
        for snippet in page.snippets:
            snippets += snippet.executable
    turns = turn.toordinal() if turn is not None else None
    return Row(*row[:9], snippets, shells, turns, dump_findings(checker.findings(page)))
