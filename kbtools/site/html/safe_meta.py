"""Escapes frontmatter and titles for theme templates that print them unescaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from kbtools.site.html.text import clean, escape

_RISKY = re.compile(r"[<>&\"']")
_ICON = re.compile(r"[a-z0-9_-]+(?:/[a-z0-9_-]+)+")


class SafeTitle(str):
    """A text that templates may print without escaping: it is escaped, and escaped twice for filters that strip
    tags, because Jinja's ``striptags`` unescapes once."""

    __slots__ = ()

    def __new__(cls, text: str) -> SafeTitle:
        return super().__new__(cls, escape(text))

    def __html__(self) -> str:
        return escape(str(self))


def safe_title(text: str) -> str:
    """A plain text for templates."""
    return SafeTitle(clean(text)) if _RISKY.search(text) else clean(text)


def title_of_html(title: str) -> str:
    """A title taken from a heading, which is already HTML: only filters that strip tags need the second level."""
    return SafeTitle(html.unescape(title)) if _RISKY.search(title) else title


def safe_meta(meta: Mapping[str, object], written: Mapping[str, object] | None = None) -> dict[str, object]:
    """Frontmatter for templates with its texts escaped: only fields in ``written`` if other plugins have added
    fields."""
    return {key: _safe(value) if written is None or key in written else value for key, value in meta.items()}


def _safe(value: object) -> object:
    if isinstance(value, str):
        return safe_title(value)
    if isinstance(value, list):
        return [_safe(v) for v in value]
    if isinstance(value, dict):
        return {k: _safe(v) for k, v in value.items()}
    return value


def allowed_theme_keys(
    meta: Mapping[str, object], written: Mapping[str, object], theme_dirs: Iterable[str]
) -> dict[str, object]:
    """Frontmatter without template and icon names written by its author, unless the theme has the file. Material's
    ``redirect.html`` executes a ``location: "javascript:…"``, and a missing file ends the build. Values set by
    plugins are kept."""
    kept = dict(meta)
    folders = tuple(theme_dirs)
    template, icon = kept.get("template"), kept.get("icon")
    if template is not None and template == written.get("template"):
        is_there = any(_is_file_in(folder, template) for folder in folders)
        if not is_there or template == "redirect.html":
            del kept["template"]
    if icon is not None and icon == written.get("icon"):
        is_name = isinstance(icon, str) and _ICON.fullmatch(icon)
        if not is_name or not any(_is_file_in(folder, f".icons/{icon}.svg") for folder in folders):
            del kept["icon"]
    return kept


def _is_file_in(folder: str, name: object) -> bool:
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*", name) or ".." in name:
        return False
    return (Path(folder) / name).is_file()
