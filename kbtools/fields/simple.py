"""Fast parser for the YAML that most pages have: one scalar a line, lists and mappings one level deep.

Only values are parsed, in a fraction of the time; ``compose`` determines positions when they are needed. Only the
unambiguous part of YAML is supported. ``compose`` parses everything else, and tests compare the two.
"""

from __future__ import annotations

import re

from kbtools.fields.scalars import MEANINGFUL, UnreadableScalar, typed

_MOST_LINES = 1_000

# Characters that do not occur in a text of each kind. Non-ASCII text is checked once for the whole block, see below:
# compiling sets of distant characters takes milliseconds.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_ALL = rf"^{_CONTROL}"
_IN_DOUBLE = rf"^{_CONTROL}\"\\"
_IN_SINGLE = rf"^{_CONTROL}'"
_IN_PLAIN = rf"^{_CONTROL}:#"
_FIRST = rf"^{_CONTROL} \-?:,\[\]{{}}#&*!|>'\"%@`"
_IN_LIST = rf"^{_CONTROL}\[\]{{}}:#&*!|>'\"%@`?"

_SCALAR = (
    rf"[{_FIRST}](?:[{_IN_PLAIN}]++|:(?=[^ \n])|(?<=[^ ])#)*+(?<! )"
    rf'|"[{_IN_DOUBLE}]*+"'
    rf"|'[{_IN_SINGLE}]*+'"
)
_LINE = re.compile(
    rf"^( *+)(?:([A-Za-z_][A-Za-z0-9_-]{{0,99}}+) *+:(?: ++({_SCALAR}|\[[{_IN_LIST}]*+\]))?+"
    rf"|- ++({_SCALAR})|(?:#[{_ALL}]*+)?+) *+$",
    re.MULTILINE,
)


def read_simple(yaml: str) -> dict[str, object] | None:
    """The values of a block, or None if it needs the complete parser. Total; equal to the result of
    ``compose.read``."""
    lines = yaml.count("\n") + 1
    if lines > _MOST_LINES or not (yaml.isascii() or yaml.replace("\n", "").isprintable()):
        return None
    found = _LINE.findall(yaml)
    if len(found) != lines:
        return None
    data: dict[str, object] = {}
    key = margin = ""
    block: list[object] | dict[str, object] | None = None
    may_hold = False
    """Whether the last key has no value of its own."""
    try:
        for indent, name, value, item in found:
            if item:
                if not may_hold:
                    return None
                if block is None:
                    block, margin = [], indent
                    data[key] = block
                if indent != margin or type(block) is not list:
                    return None
                block.append(_scalar(item))
            elif not name:
                continue
            elif not indent:
                if name in data:
                    return None
                key, block, may_hold = name, None, not value
                data[name] = None if not value else _list(value) if value[0] == "[" else _scalar(value)
            else:
                if not may_hold:
                    return None
                if block is None:
                    block, margin = {}, indent
                    data[key] = block
                if indent != margin or type(block) is not dict or name in block or value[:1] == "[":
                    return None
                block[name] = _scalar(value) if value else None
    except (UnreadableScalar, _NotSimple):
        return None
    # Without a field it is not a mapping; ``compose`` reports that.
    return data or None


class _NotSimple(Exception):
    pass


def _scalar(written: str) -> object:
    first = written[0]
    return typed(written) if first in MEANINGFUL else written[1:-1] if first in "\"'" else written


def _list(written: str) -> list[object]:
    inner = written[1:-1]
    if not inner.strip(" "):
        return []
    items = [part.strip(" ") for part in inner.split(",")]
    if not all(item and item[0] not in "-)" for item in items):
        raise _NotSimple
    return [typed(item) if item[0] in MEANINGFUL else item for item in items]
