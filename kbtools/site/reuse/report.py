"""Report of a build: progress by page, and in the end which pages were rendered, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Step = Callable[[str, int, int], None]
"""Is told of a stage, how many pages it has done, and of how many."""


def no_step(_stage: str, _done: int, _total: int) -> None:
    """Nobody is told."""


@dataclass
class BuildReport:
    """What a build has rendered, and why."""

    rendered: dict[str, str] = field(default_factory=dict)
    """Pages whose text was rendered, with why: ``new``, ``text``, ``others``, ``settings`` or ``files``."""
    templated: list[str] = field(default_factory=list)
    """Pages that were only put into their template again."""
    kept: list[str] = field(default_factory=list)
    every: list[str] = field(default_factory=list)
    """What needs every page."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What each stage of the build took."""
    pages: int = 0
    """The HTML pages of the finished site, without those that only lead to another."""
    is_lasting: bool = False
    """Whether the same pages, results and settings make the same site, so that the next build of it need not begin."""
