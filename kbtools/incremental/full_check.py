"""Full check of a vault on all cores, into rows for the database.

Every process reads and parses its share of the pages. The processes exchange the outlines of their pages, resolve
their own links, exchange the targets of those links, and run the rules over their own pages.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

from kbtools.check.checker import Checker, severities
from kbtools.config.project import Config
from kbtools.config.snippet_policy import RUN, Policies
from kbtools.incremental.database import Row
from kbtools.incremental.rows import Judge, finding_row, link_row, outline_row, row_of_outline
from kbtools.incremental.stored_outline import OutlineValues, StoredOutline, outline_of
from kbtools.incremental.vault_context import VaultContext
from kbtools.rules import all_rules
from kbtools.run.processes.parallel import Team, work_together
from kbtools.vault.links.graph import links_of
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.listing import FileEntry
from kbtools.vault.loading import Reader, read
from kbtools.vault.names import Conventions, DictNameTable, FileNames, NameRecord
from kbtools.vault.outline import Outline

_NEEDED = ("kbtools.fields.compose", "kbtools.snippets", "kbtools.fences.languages.python")
"""Modules that few pages need: imported before the fork when there are many pages."""
_WORTH_A_PROCESS = 400
"""Number of pages for which one more process pays off."""


def scan(
    entries: Mapping[str, FileEntry],
    context: VaultContext,
    config: Config,
    today: date,
    judge: Judge | None = None,
    reader: Reader | None = None,
) -> tuple[list[Row], Mapping[str, int]]:
    """Rows of all entries by path, and the number of pages that link to each. Raises KbError for a wrong
    configuration."""
    all_rules()  # before any fork: what is imported here is imported once
    severities(config)
    paths = sorted(entries)
    members = _members(len(paths))
    if members > 1:
        for name in (*_NEEDED, *(["jsonschema_rs"] if config.schema else [])):
            importlib.import_module(name)

    def work(team: Team) -> tuple[list[Row], Mapping[str, int]]:
        # Whole folders stay together: their files lie together on disk, and names in them are near each other.
        share = paths[len(paths) * team.number // members : len(paths) * (team.number + 1) // members]
        return _scan_share([entries[p] for p in share], context, config, today, judge, reader or read, team)

    collecting = gc.isenabled()
    gc.disable()  # all data is kept to the end; cyclic garbage collection would take a seventh of the time
    try:
        return work_together(members, work) if members > 1 else work(Team(0, ()))
    finally:
        if collecting:
            gc.enable()


def _members(pages: int) -> int:
    if not hasattr(os, "fork") or sys.platform == "darwin" or threading.active_count() > 1:
        return 1  # a fork of a process with threads may hang; macOS' own libraries use them
    return max(1, min(len(os.sched_getaffinity(0)), pages // _WORTH_A_PROCESS))


def _scan_share(
    entries: Sequence[FileEntry],
    context: VaultContext,
    config: Config,
    today: date,
    judge: Judge | None,
    reader: Reader,
    team: Team,
) -> tuple[list[Row], Mapping[str, int]]:
    policies = Policies(config.snippets, RUN)  # findings are filtered when they are printed
    read_ = [(entry, reader(entry, policies)) for entry in entries]
    pages = {page.path: page for entry, page in read_ if entry.is_page}
    sent: list[tuple[str, OutlineValues, tuple[Any, ...]]] = []
    rows: list[Row] = []
    for entry, page in read_:
        if entry.is_page:
            outline, names = outline_of(page), NameRecord.of(page)
            sent.append((page.path, outline, tuple(names)))
            rows.append(row_of_outline(page, outline, names))
        else:
            rows.append(outline_row(page, is_page=False))
    outlines: dict[str, Outline] = {}
    all_names: dict[str, NameRecord] = {}
    for number, received in enumerate(team.exchange(sent)):
        # Shares follow one another by path, and so do the pages of all.
        all_names.update((path, NameRecord(*names)) for path, _, names in received)
        own = number == team.number
        outlines.update(pages if own else ((path, StoredOutline(path, *outline)) for path, outline, _ in received))
    resolver = Resolver(DictNameTable(outlines, FileNames(context.attachments), all_names), Conventions.of(config))
    links = {path: links_of(page, resolver) for path, page in pages.items()}
    rows = [
        link_row(row, page, links[page.path], config.dialect) if entry.is_page else row
        for row, (entry, page) in zip(rows, read_, strict=True)
    ]
    counts = team.exchange(dict(Counter(chain.from_iterable(row.targets for row in rows))))
    incoming = Counter(context.ways_in)
    for count in counts:
        incoming.update(count)
    judged = judge(pages.values()) if judge is not None else None
    complaints, unchecked = (judged.complaints, judged.unchecked) if judged is not None else ({}, {})
    linking = Linking(resolver, config)
    checker = Checker(linking, config, today, pages, incoming.__contains__, complaints, lambda page: links[page.path])
    rows = [finding_row(row, page, checker, unchecked) for row, (_, page) in zip(rows, read_, strict=True)]
    everyone = team.gather([tuple(row) for row in rows])
    if team.number == 0:
        rows += [Row(*row) for share in everyone[1:] for row in share]
    return rows, incoming
