"""Progress of a run or a build: one line, redrawn in place, and only on a terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from kbtools.cli.workspace import use_color
from kbtools.output.text import printable, width

if TYPE_CHECKING:
    from typing import Self

    from kbtools.run.results.outcomes import Outcome

_EVERY = 0.05
"""Seconds between redraws."""
_SLOW = 0.5
"""Duration in seconds from which the slowest snippet is shown."""


class LiveLine:
    """A line that is redrawn in place. Not drawn without a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = use_color(stream)
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def say(self, text: str) -> None:
        """Print a line above the progress line."""
        self.stream.write(("\r\x1b[K" if self.live else "") + printable(text) + "\n")
        self.stream.flush()

    def draw(self, text: Callable[[int], str], *, is_last: bool = False) -> None:
        """Draw the text, which is given the number of columns, unless it was drawn less than the interval ago."""
        now = time.monotonic()
        if not self.live or (now - self._drawn < _EVERY and not is_last):
            return
        self._drawn = now
        self.stream.write(f"\r\x1b[K{text(self._columns())}")
        self.stream.flush()

    @staticmethod
    def _columns() -> int:
        return shutil.get_terminal_size().columns


class BuildProgress(LiveLine):
    """``[120/2,000] pages rendered``."""

    def step(self, stage: str, done: int, total: int) -> None:
        self.draw(lambda columns: _cut(f"[{done:,}/{total:,}] {stage}", columns - 1), is_last=done == total)


class Progress(LiveLine):
    """``[12/96] 3 pages · cpu · 1 failed · topics/Autograd.md::backward 0.4 s``, redrawn in place.

    Failures are printed as lines. If the line is too long, its least important parts are left out and the id is
    truncated on the left.
    """

    def __init__(self, total: int, stream: TextIO) -> None:
        super().__init__(stream)
        self.total = total
        self.done: set[str] = set()
        self.pages: set[str] = set()
        self.devices: dict[str, None] = {}
        self.failed = 0
        self.slowest: Outcome | None = None

    def seen(self, outcome: Outcome) -> None:
        """Record an outcome."""
        from kbtools.run.report import FAILING

        self.done.add(outcome.id.rpartition("[")[0])
        self.pages.add(outcome.path)
        self.devices[outcome.device] = None
        if not outcome.cached and (self.slowest is None or outcome.seconds > self.slowest.seconds):
            self.slowest = outcome
        if not self.live:
            return
        if outcome.outcome in FAILING:
            self.failed += 1
            why = (outcome.reason or outcome.message or "").partition("\n")[0]
            line = _cut(printable(f"{outcome.id}: {why}" if why else outcome.id), self._columns() - 8)
            self.stream.write(f"\r\x1b[K\x1b[1;31m{outcome.outcome.value}\x1b[0m {line}\n")
            self._drawn = 0.0
        self.draw(lambda columns: self.line(outcome, columns), is_last=len(self.done) >= self.total)

    def line(self, outcome: Outcome, columns: int) -> str:
        """The progress line, shorter than ``columns``."""
        count = f"[{len(self.done)}/{self.total}]"
        now = f"{printable(outcome.id)} {outcome.seconds:.1f} s"
        failed = [f"{self.failed} failed"] if self.failed else []
        pages = [f"{len(self.pages)} page{'s' * (len(self.pages) != 1)}"]
        slow = self.slowest
        slowest = [f"slowest {printable(slow.id)} {slow.seconds:.1f} s"] if slow and slow.seconds >= _SLOW else []
        devices = ["+".join(self.devices)]
        for parts in (
            [*pages, *devices, *failed, now, *slowest],
            [*pages, *devices, *failed, now],
            [*devices, *failed, now],
            [*failed, now],
        ):
            text = f"{count} {' · '.join(parts)}"
            if width(text) < columns:
                return text
        head = " · ".join([count, *failed]) + " "
        room = columns - 1 - width(head)
        return head + _cut_left(now, room) if room > 1 else _cut(head.strip(), columns - 1)


def _cut(text: str, columns: int) -> str:
    """Truncate a text at its end to at most ``columns``."""
    if width(text) <= columns:
        return text
    while text and width(text) >= columns:
        text = text[:-1]
    return text + "…" if columns > 0 else ""


def _cut_left(text: str, columns: int) -> str:
    """Truncate a text at its start to at most ``columns``."""
    if width(text) <= columns:
        return text
    while text and width(text) >= columns:
        text = text[1:]
    return "…" + text
