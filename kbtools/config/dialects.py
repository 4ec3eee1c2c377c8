"""Recognizes vaults of programs that write wikilinks in a way of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Dialect = Literal["dendron", "logseq"]
_ENDINGS = ("ts", "yaml")
"""Of the configuration of Quartz, which is YAML from version 5 on."""


def dialect_of(vault: Path) -> Dialect | None:
    """Whose vault a folder is: of Dendron's workspaces, whose vaults may be folders below, or a graph of Logseq's."""
    workspace = any((above / "dendron.yml").is_file() for above in (vault, *list(vault.parents)[:2]))
    if workspace or (vault / "root.schema.yml").is_file():
        return "dendron"
    return "logseq" if (vault / "logseq" / "config.edn").is_file() else None


def is_quartz(vault: Path) -> bool:
    """Whether Quartz makes a site of a folder: it lists the pages of tags, and links by the names of addresses."""
    return any((above / f"quartz.config.{ending}").is_file() for above in (vault, vault.parent) for ending in _ENDINGS)


def unread(dialect: Dialect | None) -> tuple[str, ...]:
    """Globs of files that the program keeps for itself."""
    return ("logseq/bak", "logseq/version-files") if dialect == "logseq" else ()
