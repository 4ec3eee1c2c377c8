"""Generates the text of a new page from its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import frontmatter

from kbtools.fields.handler import KbYamlHandler
from kbtools.fields.schema.loading import Schema, resolved
from kbtools.markdown.headings import slugify

_EMPTY: Mapping[str, object] = {"array": [], "object": {}, "string": "", "number": 0, "integer": 0, "boolean": False}


def new_page(title: str, schema: Schema | None, today: date) -> str:
    """A page with a title and the required fields of its schema; without a schema, only a heading.

    A field has the schema's ``default``; the title, an id made of it and dates are filled in. Other
    fields are left empty, and ``kb check`` reports them.
    """
    heading = f"# {title}\n"
    if schema is None:
        return f"{heading}\n"
    slug = slugify(title)[:32].strip("-") or "page"
    known = {"title": title, "id": f"wiki-{today:%Y-%m%d}-{slug}" if schema.name == "topic" else slug}
    fields = _fields(schema.document, schema.document, known, today)
    if "title" not in fields and "title" in schema.document.get("properties", ()):
        fields = {"title": title, **fields}
    if not fields:
        return f"{heading}\n"
    post = frontmatter.Post(heading)
    post.metadata = fields
    return frontmatter.dumps(post, handler=KbYamlHandler(), sort_keys=False) + "\n\n"


def _fields(
    rule: Mapping[str, Any], document: Mapping[str, Any], known: Mapping[str, object], today: date
) -> dict[str, Any]:
    required, rules = rule.get("required", ()), rule.get("properties", {})
    names = [*(name for name in rules if name in required), *(name for name in required if name not in rules)]
    return {
        name: known[name] if name in known else _value(resolved(document, rules.get(name, {})), document, today)
        for name in names
    }


def _value(rule: Mapping[str, Any], document: Mapping[str, Any], today: date) -> object:
    if rule.get("format") == "date":
        return today
    if "default" in rule:
        return rule["default"]
    kind = rule.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" and "properties" in rule:
        return _fields(rule, document, {}, today)
    return _EMPTY.get(kind) if isinstance(kind, str) else None
