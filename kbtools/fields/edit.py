"""Edits one field of the frontmatter and keeps comments, order, quotes and line ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from math import isnan

from kbtools.errors import KbError
from kbtools.fields.locate import body_of, unclosed
from kbtools.fields.model import Entry, Frontmatter, Path, with_value
from kbtools.fields.parse import parse
from kbtools.fields.scalars import written
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import LINE_END, Span


def set_field(text: str, field: str | Path, value: object) -> Edit:
    """The edit that gives a field a value: in place, or as a new last line, or as the page's first frontmatter.

    ``field`` is a top-level key, or a path such as ``("tech_stack", "language")``. Values are of the types that
    ``parse`` returns: text, numbers, booleans, dates, None, and lists and mappings of them. The edit is verified
    before it is returned: ``parse(apply_edits(text, [edit]))`` has the value at the path, and every other field is
    unchanged. Raises KbError if the frontmatter is never closed, if the path leads through a list or scalar, if YAML
    cannot represent the value, or if the block is too broken to be edited safely.
    """
    path: Path = (field,) if isinstance(field, str) else tuple(field)
    if not path:
        raise KbError("no field named", "name the field to set")
    if unclosed(text):
        raise KbError("the frontmatter is never closed", "write `---` on a line of its own after the last field")
    found = parse(text)
    edit = _edit(text, found, path, value)
    after = parse(apply_edits(text, [edit]))
    before = dict(found.data) if found else {}
    wanted = with_value(before, path, value)
    if after is None or not _same(after.data, wanted):
        name = ".".join(map(str, path))
        message = f"`{name}` cannot be set without touching other fields"
        raise KbError(message, "repair the frontmatter first: `kb check` says where")
    return edit


def add_item(text: str, field: str, item: str) -> Edit:
    """The edit that adds a text to a list field, after its last item and in the list's own style. A field without a
    value becomes a list, and a single value its first item. Verified as in ``set_field``, and raises KbError in the
    same cases."""
    found = parse(text)
    held = found.data.get(field) if found else None
    if isinstance(held, Mapping):
        raise KbError(f"`{field}` is not a list", "repair the frontmatter first: `kb check` says where")
    if held is not None and not isinstance(held, list):
        return set_field(text, field, [held, item])
    items = held if isinstance(held, list) else []
    last = found.entries.get((field, len(items) - 1)) if found and items else None
    if last is not None and found is not None:
        edit = _item_behind(text, found, field, last, item)
        after = parse(apply_edits(text, [edit])) if edit else None
        if edit and after is not None and _same(after.data, {**found.data, field: [*items, item]}):
            return edit
    return set_field(text, field, [*items, item])


def _item_behind(text: str, found: Frontmatter, field: str, last: Entry, item: str) -> Edit | None:
    old = last.value.of(text)
    new = written(item, old[:1] if old[:1] in ("'", '"') else "")
    if found.entries[(field,)].value.of(text)[:1] == "[":
        return Edit(Span(last.value.end, last.value.end), f", {new}")
    dash = text.rfind("-", 0, last.value.start)
    indent = _own_line(text, dash)
    if indent is None:
        return None
    end = LINE_END.search(text, last.value.end)
    here = end.end() if end else len(text)
    return Edit(Span(here, here), f"{indent}{text[dash : last.value.start]}{new}{_line_end(text)}")


def _edit(text: str, found: Frontmatter | None, path: Path, value: object) -> Edit:
    eol = _line_end(text)
    if found is None:
        block = f"---{eol}{_field(path, value, '', eol)}---{eol}"
        return Edit(Span(0, 0), block + (eol if text and text[0] not in "\r\n" else ""))
    entry = found.entries.get(path)
    if entry is not None:
        return _replacement(text, found, path, entry, value, eol)
    if len(path) > 1:
        return _insertion_below(text, found, path, value, eol)
    body = body_of(text, found.span)
    at = body.end
    if body.of(text).lstrip().startswith("{"):
        return _insertion_in_braces(text, found, body, path, value)
    indent = _indent(text, next((e.key.start for p, e in found.entries.items() if len(p) == 1 and e.key), at))
    return Edit(Span(at, at), _field(path, value, indent, eol))


def _insertion_in_braces(text: str, found: Frontmatter, body: Span, path: Path, value: object) -> Edit:
    """A new field in frontmatter written as ``{a: 1}``; an empty ``{}``, which Obsidian leaves behind, is replaced
    by a line."""
    start = text.index("{", body.start)
    last = max((e.value.end for e in found.entries.values()), default=start + 1)
    end = text.find("}", last, body.end)
    if not found.data and not text[last:end].strip():
        return Edit(Span(start, end + 1), _field(path, value, "", ""))
    comma = "" if "," in text[last:end] else ","
    return Edit(Span(end, end), f"{comma} {written(str(path[0]))}: {written(value)}")


def _replacement(text: str, found: Frontmatter, path: Path, entry: Entry, value: object, eol: str) -> Edit:
    span = entry.value
    old = span.of(text)
    block = old[:1] not in ("[", "{", "") and _value_at(found, path, list | dict)
    if block and isinstance(value, list | tuple | Mapping) and value:
        own = _own_line(text, span.start)
        if own is not None:
            # A list may have the same indentation as its key, a mapping may not.
            indent = own or ("  " if isinstance(value, Mapping) else "")
            return Edit(span, _block(value, indent, eol).removeprefix(own))
    style = old[:1] if old[:1] in ("'", '"') else ""
    new = written(value, style if isinstance(value, str) else "")
    if entry.key is not None and block:
        # A block list begins below its key: the value is moved up to the key, unless a comment is between.
        gap = Span(text.index(":", entry.key.end), span.start)
        if "#" not in gap.of(text):
            return Edit(Span(gap.start + 1, span.end), " " + new)
        if _own_line(text, span.start) == "":
            new = "  " + new
    before = text[span.start - 1] if span.start else "\n"
    return Edit(span, new if before in " \t\r\n[{," else " " + new)


def _insertion_below(text: str, found: Frontmatter, path: Path, value: object, eol: str) -> Edit:
    parent = path[:-1]
    holder = _get(found.data, parent)
    if (holder is not None and not isinstance(holder, dict)) or not isinstance(path[-1], str):
        name = ".".join(map(str, parent))
        raise KbError(f"`{name}` is not a mapping with such a field", f"set `{name}` as a whole")
    entry = found.entries.get(parent)
    children = [e for p, e in found.entries.items() if p[:-1] == parent and e.key]
    if holder and entry and children and entry.value.of(text)[:1] not in ("{", "&", "*"):
        indent = _own_line(text, children[0].key.start) if children[0].key else None
        if indent is not None:
            at = max(children[-1].value.end, children[-1].key.end + 1 if children[-1].key else 0)
            end = LINE_END.search(text, at)
            here = end.end() if end else len(text)
            return Edit(Span(here, here), _field(path[-1:], value, indent, eol))
    return _edit(text, found, parent, {**(holder or {}), path[-1]: value})


def _field(path: Path, value: object, indent: str, eol: str) -> str:
    """A complete new line, with the mappings that a longer path needs around it."""
    for key in reversed(path[1:]):
        value = {key: value}
    key = written(str(path[0]))
    if isinstance(value, Mapping) and value:
        return f"{indent}{key}:{eol}{_block(value, indent + '  ', eol)}{eol}"
    return f"{indent}{key}: {written(value)}{eol}"


def _block(value: object, indent: str, eol: str) -> str:
    """A list or mapping in block style, indented; one line for each item."""
    if isinstance(value, Mapping):
        return eol.join(f"{indent}{written(str(k))}: {written(v)}" for k, v in value.items())
    assert isinstance(value, list | tuple)
    return eol.join(f"{indent}- {written(item)}" for item in value)


def _line_end(text: str) -> str:
    found = LINE_END.search(text)
    return found[0] if found else "\n"


def _indent(text: str, at: int) -> str:
    return _own_line(text, at) or ""


def _own_line(text: str, at: int) -> str | None:
    """The blanks before ``at`` if nothing else precedes it on its line."""
    start = at
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    return text[start:at] if start == 0 or text[start - 1] in "\r\n" else None


def _get(data: object, path: Path) -> object:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def _value_at(found: Frontmatter, path: Path, kinds: object) -> bool:
    return isinstance(_get(found.data, path), kinds)  # type: ignore[arg-type]


def _same(one: object, other: object) -> bool:
    """Equality in which True differs from 1, a list equals a tuple, and NaN equals NaN."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(map(str, one)) == list(map(str, other)) and all(
            _same(a, b) for a, b in zip(one.values(), other.values(), strict=True)
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, date) or isinstance(other, date):
        return type(one) is type(other) and (one == other or _iso(one) == _iso(other))
    if isinstance(one, float) and isinstance(other, float) and isnan(one):
        return isnan(other)
    return (type(one) is type(other) or (isinstance(one, str) and isinstance(other, str))) and one == other


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else ""
