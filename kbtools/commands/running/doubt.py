"""``--paranoid``: a share of what the store says is run again and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kbtools.commands import plural
from kbtools.config import Project

if TYPE_CHECKING:
    from kbtools.commands.progress import Progress
    from kbtools.execution.outcomes import Outcome
    from kbtools.execution.pytest_run import RunOptions


def doubt(
    project: Project, stored: Sequence[Outcome], pages: tuple[str, ...], options: RunOptions, progress: Progress
) -> tuple[Outcome, ...]:
    """Run pages that the store knows, and compare; says what came of it."""
    from dataclasses import replace

    from kbtools.execution.paranoid import WRONG, verify
    from kbtools.execution.pytest_run import run_with_pytest

    asked = {outcome.id for outcome in stored}

    def again(paths: Sequence[str]) -> list[Outcome]:
        chosen = replace(options, selection=tuple(paths), cached=False)
        return [o for o in run_with_pytest(project, chosen, on_outcome=progress.seen) if o.id in asked]

    found = verify(stored, pages, again)
    wrong = sum(outcome.reason == WRONG for outcome in found.outcomes)
    told = f"paranoid: {plural(found.compared, 'stored result')} of {plural(len(pages), 'page')} run again"
    progress.say(f"{told}, {wrong} wrong" if wrong else f"{told}, all as stored")
    for id in found.unsteady:
        progress.say(f"paranoid: {id} says something else every time, which tells nothing of the store")
    return found.outcomes
