"""Selects the outcomes that are valid for a page's current text."""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.fences.option_values import DEVICES
from kbtools.run.page_files import PageFiles
from kbtools.run.results.keys import sources
from kbtools.run.results.outcomes import Outcome, at_place
from kbtools.vault.page import Page


def sources_of(page: Page, files: PageFiles) -> dict[str, str]:
    """The fingerprints of a page's snippets, with the files that they are given."""
    return sources(page.snippets, files.of_page(page.path, page.snippets, page.policy.files))


def current(
    page: Page, fingerprints: Mapping[str, str], outcomes: Mapping[str, Outcome]
) -> dict[str, tuple[Outcome, str]]:
    """The outcomes whose fingerprint (``sources_of``) is that of a snippet of the page, by the snippets' present ids.
    Each with its id in ``outcomes``."""
    path = page.path
    by_source = {(outcome.source, outcome.device): id for id, outcome in outcomes.items()}
    found: dict[str, tuple[Outcome, str]] = {}
    lines = {snippet.id: snippet.line for snippet in page.snippets}
    for snippet, source in fingerprints.items():
        for device in DEVICES:
            id = f"{path}::{snippet}[{device}]"
            was = id if id in outcomes and outcomes[id].source == source else by_source.get((source, device))
            if was is not None and (now := at_place(outcomes[was], id, lines[snippet])) is not None:
                found[id] = (now, was)
    return found
