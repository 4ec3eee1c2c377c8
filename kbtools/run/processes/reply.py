"""Validates what a worker sends: only replies of the right form are accepted.

A page's code runs in the process that replies, so anything may arrive. If any part of a reply is invalid, the whole
reply is refused, and the worker is ended.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from kbtools.run.job import Step
from kbtools.run.worker.figures import MOST

_MOST_LINES = 1 << 31
_LONGEST, _LONGEST_LINE = 50_000, 2_000
"""Characters of a message, and of a message on one line: texts of megabytes take minutes to be searched."""
_TOLD = frozenset(("message", "summary", "expected", "skip", "ended"))


class InvalidReply(ValueError):
    """A message that a worker would not send; the text describes the error."""


def validated(message: dict[str, Any], step: Step) -> dict[str, Any]:
    """A worker's reply to a step. Raises InvalidReply."""
    known = {**_PARTS}
    if not step.requires:
        del known["skip"]  # a worker skips nothing else
    if step.raises is None:
        del known["expected"]
    for name, value in message.items():
        is_sound = known.get(name)
        if is_sound is None:
            raise InvalidReply(f"nothing called {name[:40]!r} is part of a reply here")
        if not is_sound(value):
            raise InvalidReply(f"its {name!r} is not of the right form")
    if "seconds" not in message:
        raise InvalidReply("it does not say how long the snippet took")
    if not set(message.get("intact", ())) <= set(step.defines):
        raise InvalidReply("its 'intact' names what the snippet does not define")
    for told in (message, message.get("error", {})):
        for name in _TOLD & told.keys():
            told[name] = shortened(told[name], _LONGEST if name == "message" else _LONGEST_LINE)
    return message


def shortened(text: str | None, most: int) -> str | None:
    """A text without its middle where it has more than ``most`` characters."""
    if text is None or len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} … ({len(text) - 2 * half} characters left out) … {text[-half:]}"


def _text(value: object) -> bool:
    return isinstance(value, str)


def _text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST_LINES


def _number_or_none(value: object) -> bool:
    return value is None or _number(value)


def _seconds(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value) and value >= 0  # type: ignore[arg-type, operator]


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _error(value: object) -> bool:
    return isinstance(value, dict) and "message" in value and "line" in value and _all(value, _ERROR)


def _all(value: dict[str, Any], parts: dict[str, Callable[[Any], bool]]) -> bool:
    return all(name in parts and parts[name](part) for name, part in value.items())


def _printed(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, list) and len(one) == 3 and _number(one[0]) and _number(one[1]) and _times(one[2])
        for one in value
    )


def _times(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, list) and len(one) == 3 and _text(one[0]) and _text_or_none(one[1]) and _text_or_none(one[2])
        for one in value
    )


def _figures(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST and all(
        isinstance(one, dict) and _all(one, _FIGURE) and set(_FIGURE) == set(one) for one in value
    )  # fmt: skip


_FIGURE: dict[str, Callable[[Any], bool]] = {
    "alt": _text, "width": _number, "height": _number, "data": _text, "caption": _text
}  # fmt: skip
_ERROR: dict[str, Callable[[Any], bool]] = {
    "message": _text,
    "line": _number_or_none,
    "summary": _text_or_none,
    "expected": _text_or_none,
    "memory": _flag,
    "config": _flag,
    "script": _text,
    "unseen": _flag,
}
_PARTS: dict[str, Callable[[Any], bool]] = {
    "seconds": _seconds,
    "executed": _number,
    "printed": _printed,
    "intact": _texts,
    "bound": _texts,
    "raised": _texts,
    "expected": _text_or_none,
    "error": _error,
    "skip": _text,
    "script": _flag,
    "ended": _text,
    "figures": _figures,
}
