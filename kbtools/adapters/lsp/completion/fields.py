"""Completes fields of the frontmatter and their values, from the page's schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kbtools.adapters.lsp.completion.cursor import MOST, Cursor
from kbtools.adapters.lsp.completion.fences import SWITCHES
from kbtools.adapters.lsp.wire.protocol import CompletionItem, CompletionItemKind
from kbtools.check.checker import schemas
from kbtools.edit.verify import REFERENCES
from kbtools.fences.annotations import CLASSES
from kbtools.fences.option_values import DEVICES, KEYS
from kbtools.fields.schema import Schema, resolved
from kbtools.text.source import Span

_LINE = re.compile(r"(?P<indent>[ ]*)(?P<dashes>(?:-[ ]+)*)(?P<rest>.*)")
_KEY = re.compile(r"(?P<key>[\w-]+)[ \t]*:(?:[ \t]+(?P<value>.*)|$)")
_WORD = re.compile(r"[\w-]*$")
_SCALAR = re.compile(r"[\"']?(?P<word>[^\s\[\]{},\"'][^\[\]{},\"']*|)$")
_FLOW = re.compile(r"\[(?:[^\[\]{}]*,)?[ \t]*[\"']?(?P<word>[^\[\]{},\"']*)$")
_MOST_LINES = 500
_DEEPEST = 10
"""Rules within rules that are looked at: a schema may refer to itself."""

Rule = Mapping[str, Any]
_DEFAULTS: Rule = {
    "properties": {
        **{name: {"type": "boolean"} for name in CLASSES if name != "output"},
        **{key: {"enum": SWITCHES.get(key, DEVICES if key == "device" else ())} for key in KEYS},
    }
}
"""What ``snippets:`` may hold."""


class _Line(NamedTuple):
    """A line of YAML in block style."""

    column: int
    """Where its key or value stands."""
    dash: int | None
    """Where the dash before that stands, in an item of a list."""
    key: str | None
    value: str


def items(cursor: Cursor) -> Iterator[CompletionItem]:
    """Fields that the page has not yet, and the values a field may have."""
    line, above = _line(cursor.before), _lines_above(cursor)
    path = _path(line, above)
    schema = schemas([cursor.page.path], cursor.space.project.config).get(cursor.page.path)
    if line.key is not None:
        yield from _values(cursor, schema, (*path, line.key), line.value)
        return
    if _WORD.match(line.value):
        span = cursor.typed(len(line.value))
        held = _beside(cursor, line, above)
        for key, rule in _properties(schema, path).items():
            if key not in held and key.startswith(line.value):
                described = rule.get("description") if isinstance(rule, dict) else None
                more = {"documentation": described} if isinstance(described, str) else {}
                yield cursor.item(span, key, f"{key}: ", CompletionItemKind.FIELD, **more)
    if line.dash is not None:
        yield from _values(cursor, schema, path, line.value)


def _line(text: str) -> _Line:
    m = _LINE.match(text)
    assert m is not None
    column, dash = m.start("rest"), m.start("dashes") + m["dashes"].rstrip().rfind("-") if m["dashes"] else None
    key = _KEY.match(m["rest"])
    return _Line(column, dash, key["key"], key["value"] or "") if key else _Line(column, dash, None, m["rest"])


def _lines_above(cursor: Cursor) -> list[_Line]:
    """The lines of the frontmatter above that of the cursor, the nearest first."""
    texts = cursor.text[: cursor.line.start].splitlines()[1:][-_MOST_LINES:]
    return [_line(text) for text in reversed(texts) if text.strip()]


def _path(line: _Line, above: list[_Line]) -> tuple[str, ...]:
    """The keys that lead to a line; ``[]`` stands for an item of a list."""
    path: list[str] = []
    left_of_key = left_of_dash = line.column

    def enter(dash: int) -> None:
        nonlocal left_of_key, left_of_dash
        path.append("[]")
        left_of_key, left_of_dash = dash + 1, dash  # a list may stand in the column of its key

    if line.dash is not None:
        enter(line.dash)
    for other in above:
        is_parent = other.key is not None and other.column < left_of_key
        if other.key is not None and is_parent:
            path.append(other.key)
            left_of_key = left_of_dash = other.column
        if other.dash is not None and other.dash < left_of_dash:
            enter(other.dash)
    return tuple(reversed(path))


def _beside(cursor: Cursor, line: _Line, above: list[_Line]) -> set[str]:
    """The keys in the same mapping."""
    front = cursor.page.structure.frontmatter
    end = front.end if front is not None else len(cursor.text)
    texts = cursor.text[cursor.line.end : end].splitlines()[:_MOST_LINES]
    found: set[str] = set()
    for other in above if line.dash is None else ():
        if other.column < line.column:
            break
        if other.column == line.column and other.key is not None:
            found.add(other.key)
        if other.dash is not None and other.dash < line.column:
            break  # the first line of an item
    for other in map(_line, filter(str.strip, texts)):
        if other.column < line.column or (other.dash is not None and other.dash < line.column):
            break
        if other.column == line.column and other.key is not None:
            found.add(other.key)
    return found


def _values(cursor: Cursor, schema: Schema | None, path: tuple[str, ...], written: str) -> Iterator[CompletionItem]:
    """The values that a field may have, behind what is written of it."""
    if (m := _FLOW.match(written)) is not None:
        path = (*path, "[]")
    elif (m := _SCALAR.match(written)) is None:
        return
    span = cursor.typed(len(m["word"]))
    rules = _rules(schema, path)
    if path in {(key,) for key in REFERENCES}:
        yield from _page_names(cursor, span, rules, is_quoted=written[:1] in ('"', "'"))
    listed = dict.fromkeys(value for rule in rules for value in _listed(rule))
    yield from cursor.words(span, listed, CompletionItemKind.ENUM_MEMBER)


def _page_names(cursor: Cursor, span: Span, rules: list[Rule], *, is_quoted: bool) -> Iterator[CompletionItem]:
    """Other pages, as a field names them: as a wikilink where the schema takes no other name."""
    from jsonschema_rs import is_valid

    speller, page = cursor.space.resident.linking.speller, cursor.page
    patterns = [{"pattern": rule["pattern"]} for rule in rules if "pattern" in rule]
    quote = "" if is_quoted else '"'
    for rank, (path, name) in enumerate(cursor.space.resident.linking.nearest(span.of(cursor.text), MOST + 1)):
        named = speller.reference(path, page.path) if path != page.path else None
        if named is not None:
            if not all(is_valid(pattern, named) for pattern in patterns):
                named = f"{quote}[[{named}]]{quote}"
            more = {"detail": path, "sortText": f"{rank:04}"}
            yield cursor.item(span, name.text, named, CompletionItemKind.REFERENCE, **more)


# -- what a schema says --------------------------------------------------------------------------------------------


def _rules(schema: Schema | None, path: tuple[str, ...]) -> list[Rule]:
    """What a JSON Schema says of the value at a path, each branch of it on its own."""
    document: Rule = schema.document if schema is not None else {}
    if path[:1] == ("snippets",):
        document, path = _DEFAULTS, path[1:]
    found = list(_branches(document, document))
    for key in path:
        below = (rule.get("items") if key == "[]" else rule.get("properties", {}).get(key) for rule in found)
        found = [branch for rule in below for branch in _branches(document, rule)]
    return found


def _branches(document: Rule, rule: Any, depth: int = 0) -> Iterator[Rule]:
    """A rule, and those that it is composed of."""
    if not isinstance(rule, dict) or depth > _DEEPEST:
        return
    if (rule_ := resolved(document, rule)) is not rule:
        yield from _branches(document, rule_, depth + 1)
    yield rule
    for name in ("allOf", "anyOf", "oneOf"):
        for branch in rule.get(name, ()):
            yield from _branches(document, branch, depth + 1)
    for name in ("then", "else"):
        yield from _branches(document, rule.get(name), depth + 1)


def _properties(schema: Schema | None, path: tuple[str, ...]) -> dict[str, Any]:
    """The fields that a mapping may have."""
    found: dict[str, Any] = {}
    for rule in _rules(schema, path):
        for key, below in rule.get("properties", {}).items():
            found.setdefault(key, below)
    return found


def _listed(rule: Rule) -> list[str]:
    """The values that a rule lists, its default among them."""
    values = [*rule.get("enum", ()), *(rule[key] for key in ("const", "default") if key in rule)]
    if rule.get("type") == "boolean":
        values += [True, False]
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in values if isinstance(v, (str, int, float))]
