"""Check a whole vault from nothing, on all cores, into rows for the database.

Every process reads and parses its share of the pages. All tell all what their pages are called (outlines), resolve
their own links, tell all which pages those lead to, and run the rules over their own pages.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from kbtools.checker import Checker, severities
from kbtools.config import Config
from kbtools.incremental.database import Row
from kbtools.incremental.rows import Judge, finding_row, link_row, outline_row
from kbtools.incremental.stored import load_outline
from kbtools.incremental.team import Team, work_together
from kbtools.index import Index
from kbtools.listing import Entry
from kbtools.outline import Outline
from kbtools.page import Page
from kbtools.rules import all_rules
from kbtools.vault import read

_WORTH_A_PROCESS = 400
"""Pages."""


def scan(
    entries: Mapping[str, Entry],
    attachments: frozenset[str],
    config: Config,
    today: date,
    judge: Judge | None = None,
) -> tuple[list[Row], Mapping[str, int]]:
    """Rows of all entries by path, and how many pages lead to each. Raises KbError for a wrong configuration."""
    all_rules()  # before any fork: what is imported here is imported once
    severities(config)
    paths = sorted(entries)
    members = _members(len(paths))

    def work(team: Team) -> tuple[list[Row], Mapping[str, int]]:
        # Whole folders stay together: their files lie together on disk, and names in them are near each other.
        share = paths[len(paths) * team.number // members : len(paths) * (team.number + 1) // members]
        return _scan_share([entries[p] for p in share], attachments, config, today, judge, team)

    collecting = gc.isenabled()
    gc.disable()  # what is read is kept to the end; to look for garbage in it takes a seventh of the time
    try:
        return work_together(members, work) if members > 1 else work(Team(0, ()))
    finally:
        if collecting:
            gc.enable()


def _members(pages: int) -> int:
    if not hasattr(os, "fork") or sys.platform == "darwin" or threading.active_count() > 1:
        return 1  # a fork of a process with threads may hang; macOS' own libraries use them
    return max(1, min(len(os.sched_getaffinity(0)), pages // _WORTH_A_PROCESS))


class _Share(Index):
    """The index as one process has it: its own pages, and the outlines of all."""

    def __init__(self, pages: Mapping[str, Page], outlines: Mapping[str, Outline], attachments: frozenset[str]) -> None:
        super().__init__(pages, attachments)
        self.outlines = outlines
        self.linked: frozenset[str] = frozenset()

    def is_linked(self, path: str) -> bool:
        return path in self.linked


def _scan_share(
    entries: Sequence[Entry],
    attachments: frozenset[str],
    config: Config,
    today: date,
    judge: Judge | None,
    team: Team,
) -> tuple[list[Row], Mapping[str, int]]:
    read_ = [(entry, read(entry)) for entry in entries]
    pages = {page.path: page for entry, page in read_ if entry.is_page}
    rows = [outline_row(page, is_page=entry.is_page) for entry, page in read_]
    told = team.exchange([(row.path, row.outline) for row in rows if row.outline is not None])
    outlines: dict[str, Outline] = {}
    for number, named in enumerate(told):
        if number == team.number:
            outlines.update(pages)
        else:
            outlines.update((path, load_outline(path, text)) for path, text in named)
    index = _Share(pages, dict(sorted(outlines.items())), attachments)
    rows = [link_row(row, page, index) for row, (_, page) in zip(rows, read_, strict=True)]
    counts = team.exchange(dict(Counter(target for row in rows for target in row.targets)))
    incoming: Counter[str] = Counter()
    for count in counts:
        incoming.update(count)
    index.linked = frozenset(incoming)
    judged = judge(pages.values()) if judge is not None else None
    complaints, unchecked = (judged.complaints, judged.unchecked) if judged is not None else ({}, {})
    checker = Checker(index, config, today, pages, complaints)
    rows = [finding_row(row, page, checker, unchecked) for row, (_, page) in zip(rows, read_, strict=True)]
    everyone = team.gather([tuple(row) for row in rows])
    if team.number == 0:
        rows += [Row(*row) for share in everyone[1:] for row in share]
    return rows, incoming
