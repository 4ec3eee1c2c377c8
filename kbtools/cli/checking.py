"""Checks the wiki with the incremental index, for commands that begin with a check."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from kbtools.cli.workspace import Workspace, say, say_unchecked

if TYPE_CHECKING:
    from kbtools.config.snippet_policy import Policies
    from kbtools.incremental.check import CheckResult
    from kbtools.vault.listing import FileEntry
    from kbtools.vault.loading import Reader
    from kbtools.vault.page import Page


def checked(wiki: Workspace, *, paranoid: bool) -> CheckResult:
    """Check all pages, reading only those that changed; pages that are already loaded are checked as loaded. Prints
    the notes of the check."""
    from kbtools.check.shell import judge_of
    from kbtools.incremental.check import check

    found = wiki.project
    reader = _loaded(wiki) if wiki.is_loaded else None
    made = check(
        found, date.today(), judge=judge_of(found.state), paranoid=paranoid, listing=wiki.listing, reader=reader
    )
    say_notes(made)
    return made


def say_notes(made: CheckResult) -> None:
    """Print the notes of the check."""
    for note in made.notes:
        say(f"kb: {note}")
    if made.unchecked:
        from kbtools.incremental.database import read_unchecked

        say_unchecked(read_unchecked(made.unchecked))


def _loaded(wiki: Workspace) -> Reader:
    from dataclasses import replace

    def read(entry: FileEntry, policies: Policies) -> Page:
        page = wiki.vault.pages.get(entry.shown) or wiki.vault.unread[entry.shown]
        policy = policies.of(entry.path)
        if page.policy == policy:
            return page
        return replace(page, policy=policy)

    return read
