"""Findings with the data needed to display them: the input of every output format."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kbtools.text.diagnostics import Diagnostic, Severity, subject
from kbtools.text.source import Position, Source

if TYPE_CHECKING:
    from kbtools.run.results.outcomes import Outcome

Sources = Callable[[str], Source]
"""The source of a page by its path, for positions and excerpts."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a command found in a vault."""

    diagnostics: tuple[Diagnostic, ...]
    """Sorted by path, place and rule."""
    sources: Sources
    pages: tuple[str, ...] = ()
    """Paths of all pages that were checked, with or without findings."""
    seconds: float = 0.0
    prefix: str = ""
    """The path from the top of the repository to the vault, ending in ``/``: code hosts need paths relative to the
    repository."""
    rules_url: str | None = None
    """Where the documentation of rules is published, with ``{rule}`` for a rule's name."""
    color: bool = False
    links: Mapping[str, int] = field(default_factory=dict)
    """Numbers for a summary: ``links``, ``broken``, ``ambiguous``."""
    outcomes: tuple[Outcome, ...] = ()
    """Of snippets; empty when none was run."""
    known: int = 0
    """Number of findings accepted by the baseline; they are not among the diagnostics."""
    mended: tuple[str, ...] = ()
    """Entries of the baseline (or findings of the compared revision) that no longer occur, one a line."""
    compared: str | None = None
    """The file name of the baseline, if there is one."""
    revision: str | None = None
    """The revision that the findings were compared with."""
    repaired: tuple[str, ...] = ()
    """Findings at that revision that no longer occur, one a line."""
    older: int = 0
    """Number of the diagnostics that already existed at that revision."""

    def position(self, diagnostic: Diagnostic) -> Position:
        """Line and column of a diagnostic, from 1."""
        return self.sources(diagnostic.path).lines.position(diagnostic.span.start)

    @property
    def snippets(self) -> Mapping[str, Mapping[str, int]]:
        """Numbers of outcomes by device: ``{"cpu": {"passed": 88, "failed": 1}}``."""
        counts: dict[str, Counter[str]] = {}
        for outcome in self.outcomes:
            counts.setdefault(outcome.device, Counter())[outcome.outcome.value] += 1
        return counts

    @property
    def changed_outputs(self) -> tuple[str, ...]:
        """Ids of snippets whose output differs from the page."""
        return tuple(outcome.id for outcome in self.outcomes if outcome.only_output_differs)

    def count(self, severity: Severity) -> int:
        return sum(d.severity is severity for d in self.diagnostics)

    def by_severity(self, severity: Severity) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity is severity]

    def rule_address(self, rule: str) -> str | None:
        """The address of a rule's documentation, from the configuration."""
        return self.rules_url.replace("{rule}", rule) if self.rules_url else None

    def fingerprints(self) -> list[str]:
        """A stable name for each diagnostic, independent of line numbers: made from rule, page and the marked text.
        Equal findings are distinguished by their order."""
        seen: Counter[str] = Counter()
        names = []
        for d in self.diagnostics:
            key = "\0".join((d.rule, d.path, subject(d, self.sources(d.path).text)))
            digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]
            seen[digest] += 1
            names.append(f"{digest}:{seen[digest]}")
        return names


def most_important(found: list[Diagnostic]) -> list[Diagnostic]:
    """Findings of one severity, ordered by importance for outputs that cannot show all.

    The first finding of each rule comes before the second of any rule, and rare rules come before frequent ones, so
    that a single mistake is not hidden behind two hundred of another kind.
    """
    frequency = Counter(d.rule for d in found)
    rank: Counter[str] = Counter()
    keyed = []
    for position, d in enumerate(found):
        keyed.append((rank[d.rule], frequency[d.rule], position, d))
        rank[d.rule] += 1
    return [d for *_, d in sorted(keyed, key=lambda k: k[:3])]
