"""Resolves plain YAML scalars, and writes values as scalars that read back the same.

Types are those of PyYAML's SafeLoader (YAML 1.1), because MkDocs and python-frontmatter use it: ``no`` is False,
``010`` is 8, ``12:30:45`` is 45045, ``2026-05-10`` a date.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, lru_cache

from kbtools.errors import KbError

MAX_TYPED = 100
"""A longer plain scalar is a string: converting a number takes time quadratic in its digits."""

Scalar = str | int | float | bool | date | datetime | None

# yaml.reader.Reader.NON_PRINTABLE, which libyaml shares, is "anything but these"; the breaks are ours to escape.
_UNPRINTABLE = "[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
# Conservative: everything that could be YAML syntax, in block or flow context, gets quotes.
_PLAIN = re.compile(r"""(?!-(?:\s|$)|---|\.\.\.)[^\s\[\]{},#&*!|>'"%@`=<?:](?:[^\n\r\t\[\]{},#]*[^\s\[\]{},#:])?""")


class UnreadableScalar(ValueError):
    """A plain scalar that looks like a date or number but is not valid (``2025-02-30``)."""


def _variants(word: str) -> tuple[str, str, str]:
    return word, word.capitalize(), word.upper()


_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", *_variants("null"))),
    **dict.fromkeys((w for word in ("yes", "true", "on") for w in _variants(word)), True),
    **dict.fromkeys((w for word in ("no", "false", "off") for w in _variants(word)), False),
}
MEANINGFUL = frozenset("+-.0123456789<=&*!~nNyYtToOfF")
"""A plain scalar that begins with another character is a string."""
# All other types begin like a number, or with characters that are special in YAML.
_MAYBE_TYPED = frozenset("+-.0123456789<=&*!")
_USUAL = re.compile(r"(0|[1-9]\d*)|(\d+\.\d+)|(\d{4}-\d\d-\d\d)", re.ASCII)
"""Integers, decimals and dates: PyYAML's own constructors take microseconds each."""


_NUMBER_OR_DATE = re.compile(r"[0-9A-Fa-fINTXZinotxz_.:+<=&*! \t-]*")
"""All characters of numbers, dates and special values in PyYAML: ``10_Wiki/Topics`` is none of them."""


@cache
def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    from yaml import SafeLoader

    prefix = len("tag:yaml.org,2002:")
    return {
        first: [(tag[prefix:], pattern) for tag, pattern in pairs]
        for first, pairs in SafeLoader.yaml_implicit_resolvers.items()
    }


def kind_of(text: str) -> str:
    """The YAML 1.1 type of a plain scalar: ``str``, ``int``, ``float``, ``bool``, ``null``, ``timestamp``, …"""
    if len(text) > MAX_TYPED:
        return "str"
    if text in _WORDS:
        return "null" if _WORDS[text] is None else "bool"
    if text[0] in _MAYBE_TYPED and _NUMBER_OR_DATE.fullmatch(text):
        for tag, pattern in _resolvers().get(text[0], ()):
            if pattern.match(text):
                return tag
    return "str"


@lru_cache(maxsize=4096)
def typed(text: str) -> Scalar:
    """The value of a plain scalar. Raises UnreadableScalar where SafeLoader would raise."""
    if len(text) < 6 and text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAYBE_TYPED or len(text) > MAX_TYPED:
        return text
    if (m := _USUAL.fullmatch(text)) is not None:
        if m.lastindex == 1:
            return int(text)
        if m.lastindex == 2:
            return float(text)
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise UnreadableScalar(f"`{text}` looks like a date and is none ({error})") from None
    return _constructed(text, kind_of(text))


def _constructed(text: str, tag: str) -> Scalar:
    if tag == "str":
        return text
    from yaml import ScalarNode, YAMLError
    from yaml.constructor import SafeConstructor

    node = ScalarNode(f"tag:yaml.org,2002:{tag}", text)
    make = SafeConstructor.yaml_constructors.get(node.tag)
    if make is None:
        raise UnreadableScalar(f"`{text}` without quotes has a meaning of its own in YAML")
    try:
        value: Scalar = make(SafeConstructor(), node)
    except (ValueError, OverflowError, ArithmeticError, LookupError, YAMLError) as error:
        named = {"timestamp": "date", "int": "number", "float": "number"}.get(tag, tag)
        raise UnreadableScalar(f"`{text}` looks like a {named} and is none ({error})") from None
    return value


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@cache
def _unprintable() -> re.Pattern[str]:
    # Compiling takes milliseconds, and is only needed for writing.
    return re.compile(_UNPRINTABLE)


@cache
def _to_escape() -> re.Pattern[str]:
    return re.compile(f'["\\\\\t]|{_UNPRINTABLE}')


def double_quoted(text: str) -> str:
    """The text between double quotes, on one line, with required escapes. Raises KbError for a lone surrogate, which
    YAML cannot represent."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise KbError("a lone surrogate cannot be written to a page", "remove the broken character from the value")
    return f'"{_to_escape().sub(_escape, text)}"'


def quoted(text: str, style: str = '"') -> str:
    """The text as a quoted scalar, in single quotes if these are requested or avoid escapes, and if they can represent
    it."""
    wants_single = style == "'" or ("\\" in text or '"' in text)
    if wants_single and not _unprintable().search(text) and "\t" not in text:
        return "'" + text.replace("'", "''") + "'"
    return double_quoted(text)


def is_plain(text: str) -> bool:
    """Whether the unquoted text reads back as itself anywhere in a YAML document."""
    return (
        _PLAIN.fullmatch(text) is not None
        and ": " not in text
        and not _unprintable().search(text)
        and len(text) <= 1000
        and kind_of(text) == "str"
    )


def written(value: object, style: str = "") -> str:
    """A value as flow YAML on one line. ``style`` is the quote that a string had before (``'``, ``"`` or none).
    Raises KbError for values that YAML cannot represent."""
    if isinstance(value, str):
        if style in ("'", '"'):
            return quoted(value, "'") if style == "'" else double_quoted(value)
        return value if is_plain(value) else quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, date):  # also a datetime
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{written(str(k))}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        items = ", ".join(written(item) for item in value)
        # `[[x]]` is a link except for YAML; `[ [x]]` can only be a list.
        return f"[ {items}]" if items.startswith("[") else f"[{items}]"
    raise KbError(f"a {type(value).__name__} cannot be written to frontmatter", "use text, numbers, dates, lists")


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 requires a dot and a signed exponent: 1e-05 would be a string.
    mantissa, mark, exponent = text.partition("e")
    if mark and "." not in mantissa:
        mantissa += ".0"
    if mark and exponent[0] not in "+-":
        exponent = "+" + exponent
    return mantissa + mark + exponent
