"""Public interface to YAML frontmatter: locate, parse with spans, edit in place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kbtools.fields.locate import body_of, repeated, unclosed
from kbtools.fields.model import Entries, Entry, Frontmatter, Path
from kbtools.fields.parse import MAX_SIZE, parse
from kbtools.fields.scalars import quoted
from kbtools.markdown.frontmatter_block import frontmatter_span as locate
from kbtools.text.diagnostics import Problem

if TYPE_CHECKING:
    from kbtools.fields.edit import add_item, set_field
    from kbtools.fields.handler import KbYamlHandler

__all__ = [
    "MAX_SIZE",
    "WIKILINK",
    "Entries",
    "Entry",
    "Frontmatter",
    "KbYamlHandler",
    "Path",
    "Problem",
    "add_item",
    "body_of",
    "locate",
    "parse",
    "quoted",
    "repeated",
    "set_field",
    "unclosed",
    "wikilink_target",
    "with_target",
]

WIKILINK = re.compile(
    r"\[\[(?P<target>[^\[\]|#\r\n]+?(?:#+(?=\s*\\?(?:\||\]\])))?)"
    r"(?P<rest>\\?(?:#[^\[\]|]*)?(?:\\?\|[^\[\]]*)?)\]\]"
)
"""A wikilink in a value. Number signs at the end (``C#``) belong to the name, as in a page's text."""


def wikilink_target(value: str) -> str | None:
    """The page in a value like ``[[Title]]``, without label and anchor; None if it is not a single wikilink."""
    value = value.strip()
    found = WIKILINK.fullmatch(value, 1 if value.startswith("!") else 0)
    return (found["target"].strip() or None) if found else None


def with_target(value: str, name: str) -> str:
    """A value with another page: a wikilink keeps its label, a plain name is replaced."""
    found = WIKILINK.search(value) if wikilink_target(value) is not None else None
    return f"{value[: found.start()]}[[{name}{found['rest']}]]{value[found.end() :]}" if found else name


def __getattr__(name: str) -> Any:
    # Lazily: to edit, and to offer python-frontmatter's API, is for few runs of kb.
    if name in ("add_item", "set_field"):
        from kbtools.fields import edit as editing

        return getattr(editing, name)
    if name == "KbYamlHandler":
        from kbtools.fields.handler import KbYamlHandler

        return KbYamlHandler
    raise AttributeError(name)
