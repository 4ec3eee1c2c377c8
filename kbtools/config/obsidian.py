"""Reads the settings of an Obsidian vault (``.obsidian/*.json``): folders and link format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FOLDER = ".obsidian"


class Obsidian(NamedTuple):
    """The settings of a vault, or Obsidian's defaults. Folders are relative to the vault."""

    attachments: str = "/"
    """The folder for new attachments, as Obsidian writes it: relative to the vault, or to the note if it begins with
    ``./``."""
    templates: tuple[str, ...] = ()
    """Folders of note templates."""
    daily_notes: str | None = None
    ignored: tuple[str, ...] = ()
    """Globs of files and folders that Obsidian's search excludes."""
    markdown_links: bool = False
    """Whether new links are written as Markdown links."""

    @property
    def attachment_folder(self) -> str | None:
        """The folder of the vault for attachments; None where they lie beside their notes or at the top."""
        return None if self.attachments.startswith(".") else self.attachments.strip("/") or None


def read(vault: Path) -> Obsidian:
    """The settings of a vault. A missing or damaged file is ignored, as in Obsidian."""
    folder = vault / FOLDER
    app, core = _json(folder / "app.json"), _json(folder / "templates.json")
    templater = _json(folder / "plugins" / "templater-obsidian" / "data.json")
    templates = (_folder(vault, core.get("folder")), _folder(vault, templater.get("templates_folder")))
    attachments, filters = app.get("attachmentFolderPath"), app.get("userIgnoreFilters")
    return Obsidian(
        attachments=attachments if isinstance(attachments, str) and attachments else "/",
        templates=tuple(dict.fromkeys(t for t in templates if t)),
        daily_notes=_folder(vault, _json(folder / "daily-notes.json").get("folder")),
        ignored=tuple(g for f in (filters if isinstance(filters, list) else ()) if (g := _glob(vault, f))),
        markdown_links=app.get("useMarkdownLinks") is True,
    )


def _json(file: Path) -> Mapping[str, object]:
    if not file.is_file():
        return {}
    import json

    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _folder(vault: Path, value: object) -> str | None:
    """A folder of the vault; None if it does not exist or is outside the vault."""
    if not isinstance(value, str) or not value.strip("/ ") or Path(value).is_absolute():
        return None
    name = value.strip("/ ")
    inside = (vault / name).resolve().is_relative_to(vault.resolve())
    return name if inside and (vault / name).is_dir() else None


def _glob(vault: Path, value: object) -> str | None:
    """An ignore filter as a glob. Obsidian also accepts regular expressions between slashes; only those that are plain
    paths are supported."""
    if not isinstance(value, str):
        return None
    plain = value.strip("/ ")
    if not plain or any(c in plain for c in "^$\\()[]+|"):
        return None
    return plain if (vault / plain).exists() else None
