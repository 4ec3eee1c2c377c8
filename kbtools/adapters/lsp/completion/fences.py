"""Completes languages and annotations of fences, and comments that kb reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kbtools.adapters.lsp.completion.cursor import Cursor
from kbtools.adapters.lsp.wire.protocol import CompletionItem, CompletionItemKind
from kbtools.fences.annotations import CLASSES
from kbtools.fences.languages.registry import OWN
from kbtools.fences.option_values import DEVICES, KEYS
from kbtools.rules import all_rules

SWITCHES = {"network": ("yes", "no"), "expect": ("on", "off")}
_FENCE = re.compile(r"^[\s>]*(?:`{3,}|~{3,})[ \t]*(?P<rest>[^`]*)$")
_COMMENT = re.compile(r"^[\s>]*<!--\s*kb:\s*(?P<rest>(?:(?!-->).)*)$")
_IGNORED = re.compile(r"^ignore\[(?:[\w-]+,\s*)*(?P<word>[\w-]*)$")
_VALUE = re.compile(r"(?P<key>[\w-]+)=[\"'](?:[^\"']*[, ])?(?P<word>[^\"', ]*)$")
_WORD = re.compile(r"(?:^|[\s{])(?P<word>[.#]?[\w-]*)$")


def items(cursor: Cursor) -> Iterator[CompletionItem]:
    if m := _FENCE.match(cursor.before):
        if _is_in_fence(cursor):
            return
        language, brace, marks = m["rest"].partition("{")
        if not brace:
            yield from cursor.words(cursor.typed(len(language)), OWN, CompletionItemKind.MODULE)
            return
        if not language.strip() and " " not in marks:
            languages = [f".{word}" for word in OWN]
            yield from cursor.words(cursor.typed(len(marks)), languages, CompletionItemKind.MODULE)
        yield from _annotations(cursor, marks)
    elif m := _COMMENT.match(cursor.before):
        if ignored := _IGNORED.match(m["rest"]):
            here = cursor.typed(len(ignored["word"]))
            yield from cursor.words(here, sorted(all_rules()), CompletionItemKind.VALUE)
            return
        yield from _annotations(cursor, m["rest"])
        if m["rest"].isalpha() or not m["rest"]:
            yield from cursor.words(cursor.typed(len(m["rest"])), ("ignore[]",), CompletionItemKind.PROPERTY)


def _is_in_fence(cursor: Cursor) -> bool:
    """Whether the line is code of a fence, or ends it."""
    start = cursor.line.start
    return any(fence.span.start < start <= fence.span.end - 1 for fence in cursor.page.structure.fences)


def _annotations(cursor: Cursor, marks: str) -> Iterator[CompletionItem]:
    """Annotations, of which ``marks`` are before the cursor, and the values of those that have certain ones."""
    if marks.count('"') % 2 or marks.count("'") % 2:
        if m := _VALUE.search(marks):
            here = cursor.typed(len(m["word"]))
            yield from cursor.words(here, _values(cursor, m["key"]), CompletionItemKind.VALUE)
    elif m := _WORD.search(marks):
        words = [f".{name}" for name in CLASSES] + [f'{key}=""' for key in KEYS]
        yield from cursor.words(cursor.typed(len(m["word"])), words, CompletionItemKind.PROPERTY)


def _values(cursor: Cursor, key: str) -> Sequence[str]:
    if key == "device":
        return DEVICES
    if key == "session":
        return sorted({snippet.session for snippet in cursor.page.snippets})
    return SWITCHES.get(key, ())
