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
    """A text that is shown as it is wherever a template writes it: escaped, and escaped twice where a filter strips
    tags, because Jinja's ``striptags`` takes one level of escapes off again."""

    __slots__ = ()

    def __new__(cls, text: str) -> SafeTitle:
        return super().__new__(cls, escape(text))

    def __html__(self) -> str:
        return escape(str(self))


def safe_title(text: str) -> str:
    """A plain text for templates."""
    return SafeTitle(clean(text)) if _RISKY.search(text) else clean(text)


def title_of_html(title: str) -> str:
    """A title taken from a heading is HTML text already; only the filter that strips tags needs a second level."""
    return SafeTitle(html.unescape(title)) if _RISKY.search(title) else title


def safe_meta(meta: Mapping[str, object], written: Mapping[str, object] | None = None) -> dict[str, object]:
    """Frontmatter for templates, its texts made safe: those of ``written``, where other plugins have added some."""
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
    """Frontmatter without what its author has written to choose a template or an icon that the theme does not have.

    Material's ``redirect.html`` runs a ``location: "javascript:…"``, and a file that is not there ends the build. What
    a plugin has set stays.
    """
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
