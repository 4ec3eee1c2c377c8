"""One line on a terminal that says how far a run is; nothing anywhere else."""

from __future__ import annotations

import shutil
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from kbtools.commands import use_color
from kbtools.output.text import printable, width

if TYPE_CHECKING:
    from kbtools.execution.outcomes import Outcome

_EVERY = 0.05
"""Seconds between redraws."""


class Progress:
    """``[12/96] topics/Autograd.md::backward[cpu] 0.4 s``, redrawn in place; failures stay as lines."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self.total = total
        self.stream = stream
        self.live = use_color(stream)
        self.done: set[str] = set()
        self._drawn = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.stream.write(("\r\x1b[K" if self.live else "") + printable(text) + "\n")
        self.stream.flush()

    def seen(self, outcome: Outcome) -> None:
        """Take note of an outcome as it comes."""
        from kbtools.execution.report import FAILING

        self.done.add(outcome.id.rpartition("[")[0])
        if not self.live:
            return
        if outcome.outcome in FAILING:
            self.stream.write(f"\r\x1b[K\x1b[1;31m{outcome.outcome.value}\x1b[0m {printable(outcome.id)}\n")
        now = time.monotonic()
        if now - self._drawn < _EVERY:
            return
        self._drawn = now
        text = f"[{len(self.done)}/{self.total}] {printable(outcome.id)} {outcome.seconds:.1f} s"
        columns = shutil.get_terminal_size().columns
        while width(text) >= columns:
            text = text[:-1]
        self.stream.write(f"\r\x1b[K{text}")
        self.stream.flush()
