"""Serializes rendered pages as JSON, with the types of frontmatter kept."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields
from datetime import date, datetime
from typing import Any, NamedTuple

from kbtools.site.html.safe_meta import SafeTitle
from kbtools.site.search.search_index import SearchEntry, Weighed
from kbtools.site.search.search_text import SearchSection


class NotKept(Exception):
    """A value of a type that cannot be stored: its page is rendered in every build."""


DAMAGED = (ValueError, TypeError, LookupError, zlib.error)


class Facts(NamedTuple):
    """What navigation, search, checks and policies need of a page that is not rendered."""

    titles: tuple[str | None, str | None]
    meta: dict[str, Any]
    anchors: list[str]
    anchor_links: dict[str, dict[str, str]]
    entry: SearchEntry | None
    """The search's."""
    url: str | None
    """Where the graph leads to, for pages that are in it."""
    asked: dict[str, str]
    """The lookups of its links in the site's files."""
    told: list[tuple[str, int, str]]
    """Warnings and notes: logger, level, message."""
    scripts: list[str]
    """What its HTML brings for the policy, with the next."""
    addresses: list[str]
    has_handlers: bool


def dump(facts: Facts) -> bytes:
    """Raises NotKept."""
    values = facts._replace(titles=_plain(facts.titles), meta=_plain(facts.meta), entry=_entry(facts.entry))  # type: ignore[arg-type]
    return _packed(list(values))


def load(data: bytes) -> Facts:
    """Raises DAMAGED for bytes that ``dump`` did not write."""
    facts = Facts(*_unpacked(data))
    titles = _whole(facts.titles)
    entry = _to_entry(facts.entry) if facts.entry is not None else None
    told = [(name, level, text) for name, level, text in facts.told]
    return facts._replace(titles=titles, meta=_whole(facts.meta), entry=entry, told=told)


def dump_body(markdown: str, content: str, contents: list[Any]) -> bytes:
    """A page's Markdown as plugins left it, its HTML, and its table of contents. Raises NotKept."""
    return _packed([markdown, content, _plain(contents)])


def load_body(data: bytes) -> tuple[str, str, list[Any]]:
    """Raises DAMAGED."""
    markdown, content, contents = _unpacked(data)
    return markdown, content, _whole(contents)


def _entry(entry: SearchEntry | None) -> list[Any] | None:
    if entry is None:
        return None
    sections = [[s.anchor, s.heading, s.text] for s in entry.sections]
    return [sections if f.name == "sections" else getattr(entry, f.name) for f in fields(SearchEntry)]


def _to_entry(values: Any) -> SearchEntry:
    named: dict[str, Any] = {
        field.name: tuple(v) if isinstance(v, list) else v for field, v in zip(fields(SearchEntry), values, strict=True)
    }
    named["sections"] = tuple(SearchSection(*section) for section in named["sections"])
    named["weighed"] = Weighed(*named["weighed"]) if named["weighed"] is not None else None
    return SearchEntry(**named)


def _packed(value: list[Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def _unpacked(data: bytes) -> Any:
    return json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))


def _plain(value: object) -> Any:
    """A value as JSON: types that JSON does not have are objects with one key."""
    match value:
        case None | bool() | int() | float():
            return value
        case SafeTitle():
            return {"safe": str.__str__(value)}
        case datetime():
            return {"time": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case list():
            return [_plain(v) for v in value]
        case tuple():
            return {"tuple": [_plain(v) for v in value]}
        case dict():
            return {"dict": [[_plain(k), _plain(v)] for k, v in value.items()]}
    if type(value) is str:
        return value
    raise NotKept(type(value).__name__)


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(v) for v in value]
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    match kind:
        case "safe":
            return str.__new__(SafeTitle, held)
        case "time":
            return datetime.fromisoformat(held)
        case "day":
            return date.fromisoformat(held)
        case "tuple":
            return tuple(_whole(v) for v in held)
        case _:
            return {_whole(k): _whole(v) for k, v in held}
