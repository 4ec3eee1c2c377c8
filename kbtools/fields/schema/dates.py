"""Converts dates, which exist in YAML but not in JSON Schema, for validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from kbtools.fields.model import Path
from kbtools.fields.schema.loading import Schema, resolved


def find_dates(value: Any, path: Path, found: list[Path]) -> None:
    """Append the path of every date and time in a mapping or list."""
    for key, item in enumerate(value) if type(value) is list else value.items():
        kind = type(item)
        if kind is str:
            continue
        if kind is list or kind is dict:
            find_dates(item, (*path, key), found)
        elif kind is date or kind is datetime:
            found.append((*path, key))


def as_json(data: Mapping[str, object], dates: Sequence[Path]) -> Any:
    """The fields as JSON values: dates as ISO text."""
    if all(len(path) == 1 for path in dates):
        # Most pages: one date or two, none of them inside anything.
        return {**data, **{path[0]: _json(data[path[0]]) for path in dates}} if dates else data  # type: ignore[index]
    return _json(data)


def _json(value: object) -> Any:
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def text_rule(schema: Schema, path: Path) -> Mapping[str, Any] | None:
    """The rule for a field if it accepts any text: other tools read ``title: 2026-05-10`` as a date."""
    path = tuple(0 if isinstance(key, int) else key for key in path)
    if path not in schema.text_fields:
        rule = resolved(schema.document, schema.document)
        for key in path:
            below = rule.get("items", {}) if key == 0 else rule.get("properties", {}).get(key, {})
            rule = resolved(schema.document, below)
        pattern = rule.get("pattern")
        any_text = "string" in types_of(rule) and not {"format", "enum", "const"} & rule.keys()
        wanted = any_text and (pattern is None or _matches_any_text(pattern))
        schema.text_fields[path] = rule if wanted else None
    return schema.text_fields[path]


def types_of(rule: Mapping[str, Any]) -> list[str]:
    types = rule.get("type")
    return [types] if isinstance(types, str) else types if isinstance(types, list) else []


@cache
def _matches_any_text(pattern: str) -> bool:
    from jsonschema_rs import validator_for

    return validator_for({"pattern": pattern}).is_valid("any text")
