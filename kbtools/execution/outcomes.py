"""What became of a snippet on a device, as a value that travels: worker to runner, store, reports, site."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Status(str, Enum):
    """Every executable fence ends in exactly one of these on each device it was asked to run on."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    XFAILED = "xfailed"
    REHEARSED = "rehearsed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One snippet on one device."""

    id: str
    """``topics/Autograd.md::backward[cpu]``."""
    path: str
    line: int
    """The page's line of the opening fence."""
    device: str
    outcome: Status
    reason: str | None = None
    """Why it was skipped or blocked, in one line."""
    seconds: float = 0.0
    cached: bool = False
    stdout: str = ""
    message: str | None = None
    """What went wrong, for people: the traceback in the page's own lines, or the diff of outputs."""
    traceback_line: int | None = None
    """The page's line that raised."""
