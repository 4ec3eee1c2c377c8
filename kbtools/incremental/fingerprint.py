"""Fingerprint of everything besides pages that an index depends on: kb's code and the configuration."""

from __future__ import annotations

from pathlib import Path

from kbtools.config.project import SCHEMAS, Project
from kbtools.state import program
from kbtools.vault.listing import digest

_NOT_DECIDING = frozenset({"adapters", "cli", "edit", "output", "rewrite", "site"})
"""Packages of kbtools that cannot change what a check finds."""


def fingerprint(project: Project) -> str:
    """The cache key of an index: when it differs from the stored one, the index is rebuilt."""
    parts = [*program.parts(_NOT_DECIDING), repr(project.config)]
    for name in dict.fromkeys(name for _, name in project.config.schema if name not in SCHEMAS):
        try:
            parts.append(digest(Path(name).read_bytes()))
        except OSError as e:
            parts.append(f"{name}: {e.strerror}")
    return "\n".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
