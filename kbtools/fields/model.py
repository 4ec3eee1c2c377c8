"""Values of a parsed frontmatter block, with the spans of keys and values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from kbtools.text.diagnostics import Problem
from kbtools.text.source import Span

Path = tuple[str | int, ...]
"""The path of a value: ``("tech_stack", "language")``, ``("aliases", 0)``."""

Row = tuple[int, int, int, int, str]
"""An entry unpacked: key start (-1 for an item of a list), key end, value start, value end, raw text."""


class Entry(NamedTuple):
    """A key with its value, or an item of a list (then ``key`` is None)."""

    key: Span | None
    value: Span
    """The value as written, quotes included; empty and just after the colon for a null without text."""
    raw: str
    """A scalar's text without its quotes, before YAML gives it a type (``001``, ``no``); "" for collections."""


class Entries(Mapping[Path, Entry]):
    """Entries by path, in the order of the text. Created on first access, because most pages do not need them."""

    __slots__ = ("_base", "_made", "_make")

    def __init__(self, rows: dict[Path, Row] | Callable[[], dict[Path, Row]], base: int = 0) -> None:
        self._made = None if callable(rows) else rows
        self._make = rows if callable(rows) else dict
        self._base = base
        """The offset in the text to which the offsets of rows are relative."""

    @property
    def _rows(self) -> dict[Path, Row]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, path: Path) -> Entry:
        key_start, key_end, start, end, raw = self._rows[path]
        at = self._base
        key = None if key_start < 0 else Span(key_start + at, key_end + at)
        return Entry(key, Span(start + at, end + at), raw)

    def __iter__(self) -> Iterator[Path]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, path: object) -> bool:
        return path in self._rows

    def __repr__(self) -> str:
        return f"Entries({dict(self)!r})"


class Frontmatter(NamedTuple):
    """A page's metadata. ``data`` contains plain Python values: str, int, float, bool, None, date, datetime, list,
    dict.

    Keys are always the text as written. A field that cannot be parsed has an entry, but no value in ``data``.
    """

    span: Span
    """The whole block with its ``---`` lines."""
    data: Mapping[str, object]
    entries: Mapping[Path, Entry]
    problems: tuple[Problem, ...]
    """``invalid-yaml``, ``duplicate-key``, ``repeated-frontmatter``, ``unquoted-wikilink``."""
    complete: bool = True
    """False if parsing stopped early, so that fields may be missing from ``data``."""


def with_value(data: object, path: Path, value: object) -> Any:
    """A copy of plain data with the value at the path. Missing mappings on the path are created."""
    if not path:
        return value
    if isinstance(data, list) and isinstance(path[0], int) and path[0] < len(data):
        return [with_value(v, path[1:], value) if i == path[0] else v for i, v in enumerate(data)]
    held = data if isinstance(data, dict) else {}
    return {**held, path[0]: with_value(held.get(path[0]), path[1:], value)}
