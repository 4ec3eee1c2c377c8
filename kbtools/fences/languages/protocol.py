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
    """The result of a language's analysis of one fence."""

    faults: tuple[Fault, ...] = ()
    names: Names = _NO_NAMES
    """The names that the code binds and reads in the namespace of its session."""
    needs: tuple[Need, ...] = ()
    """Devices that it requires."""
    ordinals: tuple[tuple[int, frozenset[str]], ...] = ()
    """Device numbers in the code: see ``device_needs.Devices``."""
    tree: ast.Module | None = None
    """The syntax tree, for Python."""
    shown: tuple[Shown, ...] = ()
    """Output that the code itself states."""
    stray: tuple[Span, ...] = ()
    """Comments marked as output that belong to no statement."""
    raises: StatedException | None = None
    """The exception with which the code states that it ends."""
    why_not: str | None = None
    """Why this fence does not run although its language does."""


class Session(Protocol):
    """The session, as available to the code of one fence while it runs."""

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
    """Operations of a session that only kb's own languages use."""

    def python(self) -> None:
        """Runs the fence as Python."""

    def converse(self) -> None:
        """Runs the fence as a session at Python's prompt."""

    def shell(self) -> None:
        """Runs the fence as a shell script."""


class SnippetFailed(Exception):
    """Raised by ``run``: the code failed. ``line`` is the line in the code, from 1, if known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Language:
    """A language. Subclasses override methods and attributes as needed; one object serves all fences."""

    title = ""
    """The name of the language in messages: ``SQL``."""
    rule: Literal["syntax-error", "invalid-data"] = "syntax-error"
    """The rule that reports the faults ``read`` finds."""
    runs: Literal["always", "asked", "never"] = "never"
    """Whether fences run by default, with ``.run`` only, or not at all."""
    portable = False
    """Whether the code runs on every device the page runs on; otherwise only on the CPU."""
    why_not = ""
    """Why fences do not run; "" for a reason derived from ``title`` and ``runs``."""

    def read(self, places: Places, options: Options) -> Reading:
        """Static analysis: faults, names. Pure and total: accepts any code and never raises."""
        return Reading()

    def run(self, code: str, session: Session) -> None:
        """Runs the code: text written to standard output is its output, an exception its failure."""
        raise NotImplementedError
