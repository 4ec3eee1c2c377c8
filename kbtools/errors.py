"""``KbError``: an operation failed (configuration, disk, worker). Findings in pages are values, not exceptions."""

from __future__ import annotations


class KbError(Exception):
    """An operation that cannot go on: one line of what is wrong and, in ``hint``, a way out."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def in_one_line(self) -> str:
        """The message and the hint, for what shows errors in boxes of its own."""
        return f"{self.message}: {self.hint}" if self.hint else self.message

    def __str__(self) -> str:
        """The message, and the hint on a line of its own."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message
