"""The table of contents as templates may print it."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from kbtools.site.html.sanitize import sanitize
from kbtools.site.html.text import escape

_LABEL = re.compile(r"""<(code|span)(?: class="[\w -]++")?+>[\w .]*+</\1>""")


def sanitize_contents(tokens: list[MutableMapping[str, Any]]) -> None:
    """Escapes the table of contents, in place: templates print its names and ids unescaped."""
    for token in _walk(tokens):
        token["name"] = _contents_name(str(token.get("name", "")))
        token["id"] = escape(str(token.get("id", "")))
        for key in ("html", "data-toc-label"):
            if token.get(key):
                token[key] = sanitize(str(token[key]))


def _contents_name(name: str) -> str:
    """``name`` escaped but for elements such as the symbols of mkdocstrings, which templates may even print in an
    attribute: their classes hold no sign that could begin another one."""
    parts, at = [], 0
    for m in _LABEL.finditer(name):
        parts += [escape(entities.unescape(name[at : m.start()])), sanitize(m[0])]
        at = m.end()
    return "".join([*parts, escape(entities.unescape(name[at:]))])


def _walk(tokens: list[MutableMapping[str, Any]]) -> Iterator[MutableMapping[str, Any]]:
    waiting = list(tokens)
    while waiting:
        token = waiting.pop()
        waiting += token.get("children", ())
        yield token
