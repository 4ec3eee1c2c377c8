"""What a frontmatter block is once read: values, and where each of them is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kbtools.diagnostics import Problem
from kbtools.source import Span

Path = tuple[str | int, ...]
"""Where a value stands: ``("tech_stack", "language")``, ``("aliases", 0)``."""

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
    """Entries by path, in the order of the text. Made when asked for: those of most pages are never looked at."""

    __slots__ = ("_base", "_made", "_yaml")

    def __init__(self, rows: dict[Path, Row] | None, base: int = 0, yaml: str = "") -> None:
        self._made = rows
        """None until somebody asks where a field stands."""
        self._yaml = yaml
        """What the rows are then read from."""
        self._base = base
        """Where the text begins that the rows' offsets are counted from."""

    @property
    def _rows(self) -> dict[Path, Row]:
        if self._made is None:
            from kbtools.metadata.reader import read

            self._made = read(self._yaml).rows
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
    """A page's metadata.

    ``data`` is plain Python values: str, int, float, bool, None, date, datetime, list, dict. Keys are always the text
    as written. A field that is written but cannot be read has an entry and no value in ``data``.
    """

    span: Span
    """The whole block with its ``---`` lines."""
    data: Mapping[str, object]
    entries: Mapping[Path, Entry]
    problems: tuple[Problem, ...]
    """``invalid-yaml``, ``duplicate-key``, ``repeated-frontmatter``, ``unquoted-wikilink``."""
    complete: bool = True
    """False when reading stopped early, so that a field missing from ``data`` may well be there."""
