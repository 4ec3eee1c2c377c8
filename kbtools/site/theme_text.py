"""What of a page a theme's templates get to write. They write it as it is: here it becomes text, or goes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from kbtools.site.text import clean, escape

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


def safe_meta(meta: Mapping[str, object]) -> dict[str, object]:
    """Frontmatter for templates, all its texts made safe."""
    return {key: _safe(value) for key, value in meta.items()}


def _safe(value: object) -> object:
    if isinstance(value, str):
        return safe_title(value)
    if isinstance(value, list):
        return [_safe(v) for v in value]
    if isinstance(value, dict):
        return {k: _safe(v) for k, v in value.items()}
    return value


def without_theme_keys(
    meta: Mapping[str, object], custom_dir: str | None, theme_dirs: Iterable[str]
) -> dict[str, object]:
    """Frontmatter without the keys by which a page would choose files of the theme.

    ``template: redirect.html`` of Material runs a ``location: "javascript:…"``, and a file that is not there ends the
    build. A template that the wiki's owner made stays, and so does an icon that the theme has.
    """
    kept = dict(meta)
    template, icon = kept.get("template"), kept.get("icon")
    if template is not None and not (custom_dir and _is_file_in(custom_dir, template)):
        del kept["template"]
    if icon is not None and not (
        isinstance(icon, str)
        and _ICON.fullmatch(icon)
        and any(_is_file_in(folder, f".icons/{icon}.svg") for folder in theme_dirs)
    ):
        del kept["icon"]
    return kept


def _is_file_in(folder: str, name: object) -> bool:
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*", name) or ".." in name:
        return False
    return (Path(folder) / name).is_file()
