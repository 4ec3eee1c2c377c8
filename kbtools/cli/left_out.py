"""Prints the changes that a command left out, because a link would lead elsewhere after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kbtools.cli.workspace import Workspace, say
from kbtools.text.source import visible

if TYPE_CHECKING:
    from kbtools.edit.plan import LeftOut
    from kbtools.edit.verify import ChangedMeaning

_SHOWN = 20
"""Largest number of changes that are listed."""


def print_left_out(wiki: Workspace, left_out: Sequence[LeftOut]) -> None:
    """Print them."""
    for line in left_out_told(wiki, left_out):
        say(line)


def left_out_told(wiki: Workspace, left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Lines for the changes that were left out because a link would lead elsewhere afterwards."""
    for rewrite, why in left_out[:_SHOWN]:
        at = wiki.source(rewrite.path).lines.position(rewrite.edits[0].span.start)
        yield f"{rewrite.path}:{at.line}:{at.column}: left as it is: {because(wiki, why)}"
    if len(left_out) > _SHOWN:
        yield f"and {len(left_out) - _SHOWN:,} more left as they are for such reasons"


def because(wiki: Workspace, why: ChangedMeaning) -> str:
    """The link that prevents a change."""
    shown = visible(why.shown(wiki.index.pages))
    return f"{shown} would lead elsewhere" if why.link is not None else f"{shown} would be read otherwise"
