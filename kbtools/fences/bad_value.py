"""Messages for invalid values of fence options."""

from __future__ import annotations


class BadValue(ValueError):
    """A value that means nothing; the second argument is the way out."""


def cut(value: str) -> str:
    """A value fit for a message: one line, not long."""
    short = value if len(value) <= 40 else value[:39] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in short)
