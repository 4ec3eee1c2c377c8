"""Words JSON Schema constraints for messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of `key: value`",
    "null": "empty",
}
_FORMATS = {
    "date": "a date like 2026-05-10",
    "date-time": "a date and time like 2026-05-10T12:30:00Z",
    "time": "a time like 12:30:00Z",
    "uri": "a full address like https://example.org/",
    "email": "an e-mail address",
}


def field_name(path: Iterable[str | int]) -> str:
    """``tech_stack.language``, ``aliases[0]``."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return shown(out) if out else "frontmatter"


def shown(text: str, most: int = 60) -> str:
    """The text on one line, shortened if it is long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def listed(options: Iterable[Any]) -> str:
    """``a, b or c``."""
    words = [shown(str(o)) for o in options]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def type_names(types: Iterable[str]) -> str:
    return listed(_TYPES.get(t, t) for t in types)


def read_as(value: object, raw: str) -> str:
    """YAML's interpretation of a value: ``is read as a number``."""
    if value is None:
        return "is empty"
    if isinstance(value, bool):
        return f"is read as {'true' if value else 'false'}"
    if isinstance(value, int | float):
        as_written = not raw or raw == str(value)
        return "is read as a number" if as_written else f"is read as the number {shown(_digits(value))}"
    if isinstance(value, date):
        return "is read as a date"
    return "is text" if isinstance(value, str) else "is a list" if isinstance(value, list) else "is a mapping"


def _digits(number: float) -> str:
    # str() rejects integers of more than 4,300 digits.
    return str(number) if isinstance(number, float) or number.bit_length() < 1000 else "…"


def limits(kind: str, facts: Mapping[str, Any]) -> str | None:
    """Describes the requirement of a keyword; None for keywords without a description here."""
    limit = facts.get("limit")
    few = {
        "minimum": f"is less than {limit}",
        "maximum": f"is more than {limit}",
        "exclusiveMinimum": f"is not more than {limit}",
        "exclusiveMaximum": f"is not less than {limit}",
        "multipleOf": f"is not a multiple of {facts.get('multiple_of')}",
        "minLength": "is empty" if limit == 1 else f"is shorter than {limit} characters",
        "maxLength": f"is longer than {limit} characters",
        "minItems": "needs at least one item" if limit == 1 else f"needs at least {limit} items",
        "maxItems": f"has more than {limit} items",
        "minProperties": f"needs at least {limit} fields",
        "maxProperties": f"has more than {limit} fields",
        "uniqueItems": "names something twice",
        "format": f"is not {_FORMATS.get(str(facts.get('format')), facts.get('format'))}",
        "pattern": f"does not match {shown(str(facts.get('pattern')), 100)}",
    }
    return few.get(kind)


def described(rule: Any) -> str:
    """The schema's description of a field, its first sentence."""
    text = rule.get("description", "") if isinstance(rule, dict) else ""
    return str(text).partition(". ")[0].rstrip(".")
