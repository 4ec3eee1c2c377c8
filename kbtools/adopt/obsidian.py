"""What an Obsidian vault's settings (``.obsidian/*.json``) say about its folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ObsidianSettings:
    """Folders with a purpose, relative to the vault; None where the vault has none."""

    templates: tuple[str, ...] = ()
    """Folders whose notes are patterns for new ones."""
    daily_notes: str | None = None
    attachments: str | None = None
    """A folder of the vault; None where attachments lie beside their notes."""
    ignored: tuple[str, ...] = ()
    """Files and folders that Obsidian's search leaves out, as globs."""
    markdown_links: bool = False
    """Whether new links are written as Markdown links."""


def read_settings(vault: Path) -> ObsidianSettings:
    """The settings of a vault. A file that is missing or damaged says nothing."""
    folder = vault / ".obsidian"
    app, core = _json(folder / "app.json"), _json(folder / "templates.json")
    templater = _json(folder / "plugins" / "templater-obsidian" / "data.json")
    daily = _json(folder / "daily-notes.json")
    templates = [_folder(vault, core.get("folder")), _folder(vault, templater.get("templates_folder"))]
    attachments = str(app.get("attachmentFolderPath") or "")
    filters = app.get("userIgnoreFilters")
    return ObsidianSettings(
        templates=tuple(dict.fromkeys(t for t in templates if t)),
        daily_notes=_folder(vault, daily.get("folder")),
        attachments=None if attachments.startswith(".") else _folder(vault, attachments),
        ignored=tuple(g for f in (filters if isinstance(filters, list) else ()) if (g := _glob(vault, f))),
        markdown_links=app.get("useMarkdownLinks") is True,
    )


def _json(file: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _folder(vault: Path, value: object) -> str | None:
    """A folder of the vault; None for one that is not there or lies elsewhere."""
    if not isinstance(value, str) or not value.strip("/ ") or Path(value).is_absolute():
        return None
    name = value.strip("/ ")
    inside = (vault / name).resolve().is_relative_to(vault.resolve())
    return name if inside and (vault / name).is_dir() else None


def _glob(vault: Path, value: object) -> str | None:
    """An ignore filter as a glob. Obsidian also takes regular expressions between slashes: only plain paths of these
    are understood."""
    if not isinstance(value, str):
        return None
    plain = value.strip("/ ")
    if not plain or any(c in plain for c in "^$\\()[]+|"):
        return None
    return plain if (vault / plain).exists() else None
