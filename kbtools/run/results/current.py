"""Selects the outcomes that are valid for a page's current text."""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.fences.option_values import DEVICES
from kbtools.run.page_files import PageFiles
from kbtools.run.results.keys import sources
from kbtools.run.results.outcomes import Outcome, at_place
from kbtools.vault.page import Page


def current(page: Page, files: PageFiles, outcomes: Mapping[str, Outcome]) -> dict[str, tuple[Outcome, str]]:
    """The outcomes that still hold, by today's ids: what the page says up to there, and the files it gives to its
    snippets, are the same. Each with its id in ``outcomes``."""
    path, snippets = page.path, page.snippets
    by_source = {(outcome.source, outcome.device): id for id, outcome in outcomes.items()}
    found: dict[str, tuple[Outcome, str]] = {}
    lines = {snippet.id: snippet.line for snippet in snippets}
    for snippet, source in sources(snippets, files.of_page(path, snippets, page.policy.files)).items():
        for device in DEVICES:
            id = f"{path}::{snippet}[{device}]"
            was = id if id in outcomes and outcomes[id].source == source else by_source.get((source, device))
            if was is not None and (now := at_place(outcomes[was], id, lines[snippet])) is not None:
                found[id] = (now, was)
    return found
