"""Recognizes the vaults of Dendron, whose wikilinks have the words first."""

from __future__ import annotations

from pathlib import Path

FILE = "dendron.yml"
"""The configuration of a workspace; its vaults are the folder it lies in, or folders below."""


def is_vault(folder: Path) -> bool:
    """Whether a folder is a vault of Dendron's, or holds them."""
    return any((above / FILE).is_file() for above in (folder, *list(folder.parents)[:2]))
