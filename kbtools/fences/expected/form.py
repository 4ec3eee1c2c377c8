"""How a page states output, which decides how it is compared."""

from __future__ import annotations

from enum import Enum


class Form(str, Enum):
    """How a page states output."""

    OUTPUT = "output"
    """The exact output: ``#>``, an output fence, a ``pycon`` fence. ``expect.matches``."""
    TRANSCRIPT = "transcript"
    """The whole output as people copy it: below a prompt in a ``python`` fence. ``agreement.transcribed``."""
    COMMENT = "comment"
    """A value beside a statement, which must agree with the end of the output. ``agreement.agrees``."""
