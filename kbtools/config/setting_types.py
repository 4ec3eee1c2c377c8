"""Types of setting values: each reads a TOML value, and has its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from kbtools.config.snippet_policy import MODES, SESSIONS, Policy
from kbtools.errors import KbError

Read = Callable[[object, str], object]
"""Converts a TOML value to the value of a setting, or raises KbError; the second argument is its location for messages.
"""


class SettingError(KbError):
    """A key that is unknown or has a wrong value."""

    def __init__(self, message: str, hint: str | None, key: str) -> None:
        super().__init__(message, hint)
        self.key = key


_SIZE = re.compile(r"(?i)^\s*(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|kB|MB|GB)?\s*$")
_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def parse_size(text: str) -> int | None:
    """Bytes of ``4GiB``, ``512 MB`` or ``1000``; None if it is not a size."""
    m = _SIZE.match(text)
    return int(float(m[1]) * _UNITS[(m[2] or "B").lower()]) if m else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean "x"?`` for the most similar known word, if there is one."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None


def refuse(where: str, what: str, value: object) -> KbError:
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    key = where.rpartition(": ")[2]
    return KbError(f"{where} must be {what}, not {shown}", f"kb config {key} shows an example")


def text_type(what: str) -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, str):
            raise refuse(where, what, value)
        return value

    return read, {"type": "string"}


def choice_type(*options: str) -> tuple[Read, dict[str, Any]]:
    listed = " or ".join(f'"{o}"' for o in options) if len(options) == 2 else f"one of {', '.join(options)}"

    def read(value: object, where: str) -> object:
        if not isinstance(value, str) or value not in options:
            error = refuse(where, listed, value)
            error.hint = (did_you_mean(value, options) if isinstance(value, str) else None) or error.hint
            raise error
        return value

    return read, {"type": "string", "enum": list(options)}


def flag_type() -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, bool):
            raise refuse(where, "true or false", value)
        return value

    return read, {"type": "boolean"}


def number_type(what: str, *, whole: bool) -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise refuse(where, what, value)
        return value if whole else float(value)

    return read, {"type": "integer" if whole else "number"}


def size_type(example: str) -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        given = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        size = parse_size(given)
        if size is None:
            raise refuse(where, f'a size such as "{example}"', value)
        return size

    pattern = r"^\s*\d+(\.\d+)?\s*([Bb]|[KkMmGg][Ii]?[Bb])?\s*$"
    return read, {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "integer", "minimum": 0}]}


def texts_type(what: str = "a list of strings") -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise refuse(where, what, value)
        return tuple(value)

    return read, {"type": "array", "items": {"type": "string"}}


def table_type(what: str, of: tuple[Read, dict[str, Any]]) -> tuple[Read, dict[str, Any]]:
    """A table whose keys the user chooses."""
    read_value, schema = of

    def read(value: object, where: str) -> object:
        if not isinstance(value, dict):
            raise refuse(where, what, value)
        return {
            key: read_value(item, f'{where}."{key}"' if not _BARE.match(key) else f"{where}.{key}")
            for key, item in value.items()
        }

    return read, {"type": "object", "additionalProperties": schema}


_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def read_term(value: object, where: str) -> object:
    if not isinstance(value, str) or not value.strip():
        raise KbError(
            f"{where} must name what to write instead, not {value!r}", 'as in "learning speed" = "learning rate"'
        )
    return value


def read_terms(value: object, where: str) -> object:
    read, _ = table_type("a table of word to avoid = word to write", (read_term, {}))
    found = read(value, where)
    assert isinstance(found, dict)
    for word in found:
        if not word.removesuffix("*").strip():
            raise KbError(f'{where}."{word}" is not a word to avoid', 'as in "learning speed" = "learning rate"')
    return found


def read_address(value: object, where: str) -> object:
    if not isinstance(value, str) or not re.match(r"https?://", value) or "{rule}" not in value:
        raise refuse(
            where, 'an address with {rule} in place of the name, such as "https://example.org/rules/{rule}/"', value
        )
    return value


_POLICY: dict[str, tuple[Read, dict[str, Any]]] = {
    "mode": choice_type(*MODES),
    "session": choice_type(*SESSIONS),
    "network": flag_type(),
    "timeout": number_type("a number of seconds", whole=False),
    "memory": size_type("4GiB"),
    "files": texts_type("a list of globs"),
    "cwd": text_type("a folder"),
    "environment": texts_type("a list of names"),
    "python": text_type("the path of an interpreter"),
}


def read_policy(value: object, where: str) -> object:
    """A mode, or a table with the fields of ``Policy``."""
    if isinstance(value, str):
        return Policy(mode=str(_POLICY["mode"][0](value, where)))
    if not isinstance(value, dict):
        raise refuse(where, f"{' or '.join(MODES)}, or a table", value)
    read: dict[str, Any] = {}
    for name, item in value.items():
        if name not in _POLICY:
            hint = did_you_mean(name, _POLICY) or "known keys: " + ", ".join(_POLICY)
            raise KbError(f'{where}: there is no key "{name}"', hint)
        read[name] = _POLICY[name][0](item, f"{where}.{name}")
    cwd = PurePosixPath(read.get("cwd", ""))
    if cwd.is_absolute() or ".." in cwd.parts:
        raise KbError(f"{where}.cwd must lie in the session's folder, not {cwd}", 'as in cwd = "work"')
    return Policy(**read)


POLICY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _POLICY["mode"][1],
        {
            "type": "object",
            "properties": {name: schema for name, (_, schema) in _POLICY.items()},
            "additionalProperties": False,
        },
    ]
}
