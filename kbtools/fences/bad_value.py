"""Messages for invalid values of fence options."""

from __future__ import annotations


class BadValue(ValueError):
    """An invalid value; the second argument is the help."""


def cut(value: str) -> str:
    """A value shortened to one line for a message."""
    short = value if len(value) <= 40 else value[:39] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in short)
