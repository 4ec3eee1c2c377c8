"""Attribute lists, ``#id .class key="value"``, as Python-Markdown's ``attr_list`` reads them."""

from __future__ import annotations

import re
from typing import NamedTuple

_ATTRIBUTE = re.compile(r"""([^ =}]+)=(?:"(.*?)"|'(.*?)'|([^ =}]+))|([^ =}]+)|[ ]""")


class Attribute(NamedTuple):
    """One item of a list, and where it stands in it."""

    key: str
    """``id`` for ``#name``, ``.`` for ``.name``; else the text before ``=``, or a word without one."""
    value: str | None
    """None for a word without ``=``."""
    start: int
    end: int


def read_attributes(text: str) -> tuple[list[Attribute], int]:
    """The attributes of a list, without its braces, and where reading stopped: before the end at what is none."""
    found: list[Attribute] = []
    at = 0
    while m := _ATTRIBUTE.match(text, at):
        at = m.end()
        key, word = m[1], m[5]
        value: str | None
        if key is not None:
            # get_attrs strips the quotes as characters, so repeated ones go too.
            quote = '"' if m[2] is not None else "'" if m[3] is not None else ""
            value = m[0][len(key) + 1 :].strip(quote) if quote else m[4]
        elif word is not None:
            key, value = (".", word[1:]) if word[0] == "." else ("id", word[1:]) if word[0] == "#" else (word, None)
        else:
            continue
        found.append(Attribute(key, value, *m.span()))
    return found, at
