"""Distinguishes HTML that plugins and hooks insert into Markdown from HTML that authors wrote.

Each plugin that changes the text of pages is watched: a tag that stands behind it and not before it is its own, unless
it only copies texts (includes), or the tag stands in some file of the wiki.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_COPYING = re.compile(r"(?i)include|snippet|embed|import|monorepo|multirepo")
_TEXTS = (".md", ".txt", ".html", ".htm", ".inc", ".j2", ".jinja", ".jinja2", ".csv", ".json", ".yaml", ".yml", ".svg")
_LARGEST = 1_000_000
"""Bytes of a file that is searched."""


def tags(text: str) -> frozenset[str]:
    return frozenset(_TAG.findall(text))


def watch(config: MkDocsConfig, own: object, inserted: MutableMapping[str, frozenset[str]]) -> None:
    """Have ``inserted`` hold, for each page by its path, the tags that other plugins put into its Markdown."""
    methods, origins = config.plugins.events["page_markdown"], config.plugins._event_origins
    for at, method in enumerate(methods):
        if getattr(method, "__self__", None) is own:
            continue
        if (known := getattr(method, "kb_watched", None)) is not None:
            known[0] = inserted
            continue
        name = origins.get(method, "")
        if not _COPYING.search(name):
            methods[at] = _watched(method, [inserted])
            origins[methods[at]] = name


def _watched(method: Callable[..., Any], held: list[MutableMapping[str, frozenset[str]]]) -> Callable[..., Any]:
    def change(markdown: str, *, page: Any, **rest: Any) -> Any:
        changed = method(markdown, page=page, **rest)
        if isinstance(changed, str) and changed != markdown and "<" in changed:
            path = page.file.src_uri
            held[0][path] = held[0].get(path, frozenset()) | (tags(changed) - tags(markdown))
        return changed

    change.kb_watched = held  # type: ignore[attr-defined]
    return change


class WikiTexts:
    """Which texts stand in some file of the wiki, whoever copied them into a page."""

    def __init__(self, docs: Path) -> None:
        self.docs = docs
        self._texts: list[str] | None = None

    def holds(self, text: str) -> bool:
        if self._texts is None:
            files = (f for f in self.docs.rglob("*") if f.suffix.lower() in _TEXTS and f.is_file())
            self._texts = [f.read_text("utf-8", "replace") for f in files if f.stat().st_size <= _LARGEST]
        return any(text in held for held in self._texts)
