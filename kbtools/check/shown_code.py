"""Separates findings about code that is only shown from the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kbtools.config.project import Project
from kbtools.config.snippet_policy import SHOW, not_looked_at

if TYPE_CHECKING:
    from kbtools.text.diagnostics import Diagnostic


def of_code_that_counts(
    project: Project, diagnostics: Iterable[Diagnostic]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The findings, without those about code that is only shown, and the latter."""
    counting: list[Diagnostic] = []
    left_out: list[Diagnostic] = []
    policies = project.policies
    shown: dict[str, bool] = {}
    for d in diagnostics:
        if d.path not in shown:
            shown[d.path] = policies.of(d.path).mode == SHOW
        (left_out if shown[d.path] and not_looked_at(d.rule, d.severity.value) else counting).append(d)
    return counting, left_out
