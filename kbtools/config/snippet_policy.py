"""Policy for the code of a page by its folder: run, checked or shown; its files and environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kbtools.config.globs import matches

RUN, CHECK, SHOW = "run", "check", "show"
MODES = (RUN, CHECK, SHOW)
SESSIONS = ("page", "alone")


class Policy(NamedTuple):
    """What ``[tool.kb.snippets]`` says about the pages that a glob matches. Options of fences override it."""

    mode: str = RUN
    """``run``; ``check``: code is parsed, and its syntax and names are reported; ``show``: code is not checked."""
    session: str = "page"
    """``page``: one namespace for all fences; ``alone``: one for each."""
    network: bool = False
    timeout: float | None = None
    """Seconds; None for ``run.timeout``."""
    memory: int | None = None
    """Bytes; None for ``run.memory``."""
    files: tuple[str, ...] = ()
    """Globs, relative to the project's root, of files that are copied into the session's folder under the same path."""
    cwd: str = ""
    """The working directory within the session's folder."""
    environment: tuple[str, ...] = ()
    """Variables that are passed on by name, or set as ``NAME=value``."""
    python: str = ""
    """The interpreter, relative to the project's root; empty for kb's own."""

    def defaults(self) -> Mapping[str, object]:
        """As page defaults (``snippets:`` in the frontmatter), which override it."""
        said = {"network": True} if self.network else {}
        return {**said, "alone": True} if self.session == "alone" else said


DEFAULT = Policy()


class Policies(NamedTuple):
    """The policies of a project, by path."""

    by_glob: Sequence[tuple[str, Policy]] = ()
    """The first matching glob counts."""
    mode: str | None = None
    """The mode that the command line sets for all pages."""
    python: str | None = None
    """The interpreter that the command line names."""

    def of(self, path: str) -> Policy:
        """The policy of a page."""
        found = next((policy for glob, policy in self.by_glob if matches(path, (glob,))), DEFAULT)
        found = found if self.mode is None else found._replace(mode=self.mode)
        return found if self.python is None else found._replace(python=self.python)


def not_looked_at(rule: str, severity: str = "") -> bool:
    """Whether a finding is about code that is only shown: it is not analysed, and fences that only a site refuses do
    not matter."""
    return rule in _ABOUT_CODE or (rule == "irregular-fence" and severity == "info")


_ABOUT_CODE = frozenset(
    {
        "syntax-error",
        "undefined-name",
        "shell-syntax",
        "invalid-data",
        "unknown-option",
        "invalid-option",
        "uncompared-output",
        "broken-language",
        "duplicate-snippet-id",
        "missing-snippet-file",
        "failing-snippet",
    }
)
