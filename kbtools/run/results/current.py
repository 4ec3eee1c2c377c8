"""Selects the stored results that are valid for a page's current text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kbtools.fences.option_values import DEVICES
from kbtools.run.results.keys import sources
from kbtools.run.results.store import Result, at_place
from kbtools.snippets import Snippet


def current(path: str, snippets: Iterable[Snippet], results: Mapping[str, Result]) -> dict[str, Result]:
    """The results that still hold, by today's ids: what the page says up to there is the same."""
    snippets = tuple(snippets)
    by_source = {(result.source, result.outcome.device): result for result in results.values()}
    found: dict[str, Result] = {}
    lines = {snippet.id: snippet.line for snippet in snippets}
    for snippet, source in sources(snippets).items():
        for device in DEVICES:
            id = f"{path}::{snippet}[{device}]"
            result = results.get(id)
            if result is None or result.source != source:
                result = by_source.get((source, device))
            if result is not None and (now := at_place(result, id, lines[snippet])) is not None:
                found[id] = now
    return found
