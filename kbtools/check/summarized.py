"""Leaves out findings that are true, many and worth a number: orphans, links to aliases and to unwritten notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kbtools.config.project import Config, Project

if TYPE_CHECKING:
    from kbtools.text.diagnostics import Diagnostic

ALIASES = "alias-link"
ORPHANS = "orphan-page"
UNWRITTEN = "broken-link"
MANY = 20
"""Up to this many of a rule are listed in any vault."""


def summarized(project: Project, diagnostics: Sequence[Diagnostic]) -> tuple[Sequence[Diagnostic], Mapping[str, int]]:
    """Findings of a whole vault without those that are only counted, and the numbers of these by their rule. Of rules
    that the configuration names all stay, and where a site is made all but orphans of one without kb's plugin."""
    counts = Counter(d.rule for d in diagnostics if _is_countable(d, project.config))
    many = {rule: n for rule, n in counts.items() if n > MANY}
    return [d for d in diagnostics if not (d.rule in many and _is_countable(d, project.config))], many


def _is_countable(d: Diagnostic, config: Config) -> bool:
    """Whether a finding says of a page that nobody links to it, or of a link that its note is not written or that it
    names an alias, and no more."""
    if config.has_site:
        mkdocs = config.mkdocs  # MkDocs itself lists the pages that its navigation leaves out
        return (
            d.rule == ORPHANS and mkdocs is not None and "kbtools" not in mkdocs.plugins and d.rule not in config.rules
        )
    is_plain = d.rule in (ALIASES, ORPHANS) or (d.rule == UNWRITTEN and d.severity.value == "info" and d.help is None)
    return is_plain and d.rule not in config.rules
