"""Fields that plainly follow a schema, told without a validator: to import one takes longer than to check a page.

This is the part of JSON Schema (draft 2020-12, core and validation) on which there is nothing to interpret, for text of
a few scripts on which all dialects of regular expressions agree. A yes is certain; where it is no, or cannot be told,
the validator is asked, and the tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

_SAID = frozenset(
    {"$schema", "$defs", "$comment", "title", "description", "default", "examples", "patternErrorMessage"}
)
"""Keywords that decide nothing."""
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "number": (int, float),
    "boolean": (bool,),
}
_LARGE = 2**53
"""From here on, numbers are not the same to everyone."""
_TEXT = re.compile("[ -~가-힣]*")
"""Text in which a space is the only blank, and ASCII has the only digits."""
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PATTERN = re.compile(r"(?:[A-Za-z0-9가-힣 |#_.+*?,:=/<>&;!~^$\[\]{}\"'@%()-]|\(\?:|\\[dsS\[\]{}().|*+?^$/\\-])*")
"""What patterns are made of that mean the same everywhere."""


def follows(value: object, schema: Mapping[str, Any]) -> bool:
    """Whether a value plainly follows a schema."""
    return _follows(value, schema, schema)


def _follows(value: object, rule: object, document: Mapping[str, Any]) -> bool:
    if type(rule) is not dict:
        return False
    return all(
        name in _SAID or ((check := _CHECKS.get(name)) is not None and check(value, told, rule, document))
        for name, told in rule.items()
    )


def _type(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    if type(value) in (int, float) and not abs(value) < _LARGE:  # type: ignore[arg-type]
        return False
    names = told if isinstance(told, list) else [told]
    return any(type(name) is str and type(value) in _TYPES.get(name, ()) for name in names)


def _enum(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return type(value) is str and isinstance(told, list) and value in told


def _pattern(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    if type(value) is not str:
        return "type" in rule  # which says what it may be instead
    pattern = _compiled(told) if type(told) is str else None
    return pattern is not None and _TEXT.fullmatch(value) is not None and pattern.search(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    plain = pattern.replace(r"[\p{L}\p{N}]", "[A-Za-z0-9가-힣]")
    bare = re.sub(r"\\.", "x", plain)
    if _PATTERN.fullmatch(plain) is None or re.search(r"[*+?}]\+|\(\?[^:]|\[[^]]*\[|\[\^?\]|&&|--|~~", bare):
        return None
    try:
        return re.compile(plain)
    except re.error:
        return None


def _format(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    if told != "date" or type(value) is not str or _DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _minimum(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return type(value) in (int, float) and type(told) in (int, float) and bool(value >= told)


def _maximum(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return type(value) in (int, float) and type(told) in (int, float) and bool(value <= told)


def _items(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return not isinstance(value, list) or all(_follows(item, told, document) for item in value)


def _unique(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    if not isinstance(value, list):
        return True
    return all(type(item) is str for item in value) and len(set(value)) == len(value)


def _required(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return isinstance(value, dict) and isinstance(told, list) and all(name in value for name in told)


def _properties(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict) or not isinstance(told, dict):
        return False
    return all(_follows(held, told[name], document) for name, held in value.items() if name in told)


def _additional(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return told is False and isinstance(value, dict) and value.keys() <= rule.get("properties", {}).keys()


def _reference(value: object, told: Any, rule: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    from kbtools.schema.loading import resolved

    part = resolved(document, {"$ref": told})
    return bool(part) and "$ref" not in part and _follows(value, part, document)


_CHECKS: dict[str, Callable[[object, Any, Mapping[str, Any], Mapping[str, Any]], bool]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minimum": _minimum,
    "maximum": _maximum,
    "items": _items,
    "uniqueItems": _unique,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "$ref": _reference,
}
