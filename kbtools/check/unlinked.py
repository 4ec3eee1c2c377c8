"""Leaves out the orphans of a vault whose notes are found by folder, not by links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kbtools.config.project import Project

if TYPE_CHECKING:
    from kbtools.text.diagnostics import Diagnostic

RULE = "orphan-page"
MANY = 20
"""Up to this many orphans are listed in any vault."""


def without_unlinked(
    project: Project, diagnostics: Sequence[Diagnostic], pages: int
) -> tuple[Sequence[Diagnostic], int]:
    """Findings of a whole vault, and the number of orphans that were left out: where no site is made and most pages are
    orphans, that says something of the vault and nothing of a page. All stay if the configuration names the rule."""
    orphans = sum(d.rule == RULE for d in diagnostics)
    listed = project.config.has_site or RULE in project.config.rules or orphans <= MANY or orphans * 2 <= pages
    return (diagnostics, 0) if listed else ([d for d in diagnostics if d.rule != RULE], orphans)
