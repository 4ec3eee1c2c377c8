"""Attachments of a vault, and pages that are linked from outside pages: the inputs of a check besides pages."""

from __future__ import annotations

from typing import NamedTuple

from kbtools.config.project import Project
from kbtools.vault.listing import Listing
from kbtools.vault.ways_in import ways_in


class VaultContext(NamedTuple):
    """Targets of links other than pages, and pages linked from the navigation or a canvas."""

    attachments: frozenset[str]
    ways_in: frozenset[str] = frozenset()
    """Pages that the navigation or a canvas links to."""

    @classmethod
    def of(cls, project: Project, listing: Listing) -> VaultContext:
        return cls(listing.attachments, ways_in(project, listing.pages, listing.attachments))
