"""The YAML block at a page's head: located, read with the span of every key and value, edited in place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kbtools.diagnostics import Problem
from kbtools.frontmatter.editing import set_field
from kbtools.frontmatter.model import Entries, Entry, Frontmatter, Path
from kbtools.frontmatter.place import body_of, repeated, unclosed
from kbtools.frontmatter.reading import MAX_SIZE, parse
from kbtools.scanner import frontmatter_span as locate

if TYPE_CHECKING:
    from kbtools.frontmatter.handler import KbYamlHandler as KbYamlHandler

__all__ = [
    "MAX_SIZE",
    "Entries",
    "Entry",
    "Frontmatter",
    "Path",
    "Problem",
    "body_of",
    "locate",
    "parse",
    "repeated",
    "set_field",
    "unclosed",
    "wikilink_target",
]

_LINK = re.compile(r"\s*!?\[\[([^\[\]|#]+?)\\?(?:#[^\[\]|]*)?(?:\\?\|[^\[\]]*)?\]\]\s*")


def wikilink_target(value: str) -> str | None:
    """The page a value like ``[[Title]]`` names, without label and anchor; None when it is no single wikilink."""
    found = _LINK.fullmatch(value)
    return (found[1].strip() or None) if found else None


def __getattr__(name: str) -> Any:
    # Lazily: python-frontmatter is imported by those who use its API, not by every run of kb.
    if name == "KbYamlHandler":
        from kbtools.frontmatter.handler import KbYamlHandler

        return KbYamlHandler
    raise AttributeError(name)
