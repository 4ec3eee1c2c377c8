"""What a check needs of a vault besides the text of its pages: attachments and ways in."""

from __future__ import annotations

from typing import NamedTuple

from kbtools.config.project import Project
from kbtools.vault.listing import Listing
from kbtools.vault.ways_in import ways_in


class VaultContext(NamedTuple):
    """Targets of links that are no pages, and pages that something other than a page links to."""

    attachments: frozenset[str]
    ways_in: frozenset[str] = frozenset()
    """Pages that the navigation or a canvas links to."""

    @classmethod
    def of(cls, project: Project, listing: Listing) -> VaultContext:
        return cls(listing.attachments, ways_in(project, listing.pages, listing.attachments))
