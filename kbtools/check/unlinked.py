"""Leaves out the orphans of a vault whose notes are found by folder, not by links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kbtools.config.project import Project

if TYPE_CHECKING:
    from kbtools.text.diagnostics import Diagnostic

RULE = "orphan-page"
MANY = 20
"""Up to this number, orphans are always listed."""


def without_unlinked(
    project: Project, diagnostics: Sequence[Diagnostic], pages: int
) -> tuple[Sequence[Diagnostic], int]:
    """The findings of a whole vault without orphans, and the number of orphans removed, if no site is built and most
    pages are orphans: then the vault is organized by folders. All findings are kept if the configuration names the
    rule."""
    orphans = sum(d.rule == RULE for d in diagnostics)
    listed = project.config.has_site or RULE in project.config.rules or orphans <= MANY or orphans * 2 <= pages
    return (diagnostics, 0) if listed else ([d for d in diagnostics if d.rule != RULE], orphans)
