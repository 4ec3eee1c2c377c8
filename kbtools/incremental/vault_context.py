"""What a check needs of a vault besides the text of its pages: attachments and ways in."""

from __future__ import annotations

from typing import NamedTuple


class VaultContext(NamedTuple):
    """Targets of links that are no pages, and pages that something other than a page links to."""

    attachments: frozenset[str]
    ways_in: frozenset[str] = frozenset()
    """Pages that the navigation or a canvas links to."""
