"""Protocol of languages: ``read`` analyses a fence at every check, ``run`` runs it in a worker."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from kbtools.fences.annotations import Options
from kbtools.fences.expected.expected_output import Shown
from kbtools.fences.expected.stated_exception import StatedException
from kbtools.fences.python.device_needs import Need
from kbtools.fences.python.names import Names
from kbtools.fences.python.pycode import Fault, Places
from kbtools.text.source import Span

_NO_NAMES = Names()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a language makes of the code of one fence."""

    faults: tuple[Fault, ...] = ()
    names: Names = _NO_NAMES
    """What the code binds and reads in the namespace of its session."""
    needs: tuple[Need, ...] = ()
    """Devices it cannot do without."""
    ordinals: tuple[tuple[int, frozenset[str]], ...] = ()
    """Numbers of devices that are named: see ``device_needs.Devices``."""
    tree: ast.Module | None = None
    """The code, where it is Python."""
    shown: tuple[Shown, ...] = ()
    """Output that the code itself shows."""
    stray: tuple[Span, ...] = ()
    """Comments marked as output that belong to no statement."""
    raises: StatedException | None = None
    """The exception with which the code says that it ends."""
    why_not: str | None = None
    """Why this fence does not run though its language does."""


class Session(Protocol):
    """The session as the code of one fence finds it when it runs."""

    namespace: dict[str, Any]
    """The names the page's Python fences share."""
    folder: Path
    """The session's scratch folder, which is also the working directory."""
    page: str
    """The page's path in the vault."""
    line: int
    """The page's line of the opening fence: the code's first line is the next one."""
    device: str
    """``cpu``, ``cuda`` or ``mps``."""


class Interior(Session, Protocol):
    """The part of a session that only kb's own languages use: how their fences run in it."""

    def python(self) -> None:
        """The fence is Python."""

    def converse(self) -> None:
        """The fence is a session at Python's prompt."""

    def shell(self) -> None:
        """The fence is a script for a shell."""


class SnippetFailed(Exception):
    """Raised by ``run``: the code did not work. ``line`` is the code's line, from 1, where that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Language:
    """A language. Subclasses override what applies to them; one object serves all fences."""

    title = ""
    """The name of the language in messages: ``SQL``."""
    rule: Literal["syntax-error", "invalid-data"] = "syntax-error"
    """The rule that reports the faults ``read`` finds."""
    runs: Literal["always", "asked", "never"] = "never"
    """Whether fences run unasked, with ``.run`` only, or not at all."""
    portable = False
    """Whether the code runs on every device the page runs on; otherwise on the CPU alone."""
    why_not = ""
    """Why a fence does not run; "" for a reason made from ``title`` and ``runs``."""

    def read(self, places: Places, options: Options) -> Reading:
        """What can be said without running: faults, names. Pure and total: any code in, a value out."""
        return Reading()

    def run(self, code: str, session: Session) -> None:
        """Run the code: what it writes to standard output is its output, an exception its failure."""
        raise NotImplementedError
