"""The YAML block at a page's head: located, read with the span of every key and value, edited in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kbtools.diagnostics import Problem
from kbtools.source import Span

Path = tuple[str | int, ...]
"""Where a value stands: ``("tech_stack", "language")``, ``("aliases", 0)``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value, or an item of a list (then ``key`` is None)."""

    key: Span | None
    value: Span
    """The value as written, quotes included; empty and just after the colon for a null without text."""
    raw: str
    """A scalar's text as written without its quotes, before YAML gives it a type (``001``, ``no``); "" for collections."""


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """A page's metadata. ``data`` is plain Python values: str, int, float, bool, None, date, datetime, list, dict."""

    span: Span
    """The whole block with its ``---`` lines."""
    data: Mapping[str, object]
    entries: Mapping[Path, Entry]
    problems: tuple[Problem, ...]
    """``invalid-yaml``, ``duplicate-key``, ``repeated-frontmatter``, ``unquoted-wikilink``."""
