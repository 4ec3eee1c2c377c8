"""What a check needs of a vault besides the text of its pages: attachments and ways in."""

from __future__ import annotations

from typing import NamedTuple


class Whole(NamedTuple):
    """What links may lead to besides pages, and what leads to pages besides links."""

    attachments: frozenset[str]
    ways_in: frozenset[str] = frozenset()
    """Pages that something else than a page leads to."""
