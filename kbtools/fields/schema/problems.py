"""Turns validation errors into problems with spans and fixes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from kbtools.fields.model import Frontmatter, Path, with_value
from kbtools.fields.scalars import kind_of, quoted, typed, written
from kbtools.fields.schema.dates import text_rule, types_of
from kbtools.fields.schema.loading import Schema, rule_at
from kbtools.fields.schema.wording import described, field_name, limits, listed, read_as, shown, type_names
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.text.source import Span

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


class SchemaProblems:
    """Problems of a page whose fields do not follow its schema."""

    def __init__(self, fm: Frontmatter, schema: Schema, instance: Any, dates: list[Path]) -> None:
        self.fm, self.schema, self.instance, self.dates = fm, schema, instance, dates

    def problems(self) -> Iterator[Problem]:
        for error in self.schema.validator.iter_errors(self.instance):
            yield from self.of(error)
        for path in self.dates:
            if (rule := text_rule(self.schema, path)) is not None:
                yield self.wrong_type(path, types_of(rule), rule)

    # Positions

    def value_span(self, path: Path) -> Span:
        """The span of a value; of its key if the value has no text, and of the enclosing value if it is an alias."""
        while path:
            entry = self.fm.entries.get(path)
            if entry is not None:
                return entry.value if len(entry.value) or entry.key is None else entry.key
            path = path[:-1]
        return Span(self.fm.span.start, self.fm.span.start + 3)

    def key_span(self, path: Path) -> Span:
        entry = self.fm.entries.get(path)
        return entry.key if entry is not None and entry.key is not None else self.value_span(path)

    def at(self, path: Path) -> object:
        value: Any = self.fm.data
        for key in path:
            value = value[key]
        return value

    # Problems

    def of(self, error: ValidationError) -> Iterator[Problem]:
        path: Path = tuple(error.instance_path)
        kind = error.kind.name
        facts = error.kind.as_dict()
        rule = rule_at(self.schema.document, error.schema_path[:-1])
        if kind == "required":
            yield from self.missing(path, facts["property"], rule)
        elif kind in ("additionalProperties", "unevaluatedProperties"):
            for name in facts["unexpected"]:
                yield self.unknown((*path, name), rule)
        elif kind == "falseSchema":
            held = self.at(path)
            if error.schema_path and error.schema_path[-1] == "additionalProperties" and isinstance(held, Mapping):
                for name in held:
                    yield self.unknown((*path, name), rule)
            else:
                yield Problem("unknown-field", self.key_span(path), f"`{field_name(path)}` must not be here", None)
        elif kind == "propertyNames":
            yield Problem(
                "unknown-field", self.value_span(path), f"a field's name here is not allowed: {shown(error.message)}"
            )
        elif kind == "type":
            yield self.wrong_type(path, facts["types"], rule)
        elif kind in ("anyOf", "oneOf") and "context" in facts:
            yield from self.no_branch(path, facts["context"], rule)
        else:
            yield self.invalid(path, error, facts, rule)

    def missing(self, path: Path, name: str, rule: Mapping[str, Any]) -> Iterator[Problem]:
        if not self.fm.complete or (*path, name) in self.fm.entries:
            return
        wanted = rule.get("properties", {}).get(name, {})
        example = _example(wanted)
        help = f"add `{name}: {written(example)}`" if example is not None else f"add `{name}`"
        if described(wanted):
            help += f": {described(wanted)}"
        holder = f" in `{field_name(path)}`" if path else ""
        yield Problem("missing-field", self.key_span(path), f"`{name}` is missing{holder}", help, about=str(name))

    def unknown(self, path: Path, rule: Mapping[str, Any]) -> Problem:
        name = str(path[-1])
        span = self.key_span(path)
        known = [str(k) for k in rule.get("properties", {})]
        free = [k for k in known if (*path[:-1], k) not in self.fm.entries]
        message = f"no field is called `{shown(name)}`"
        same = [k for k in free if _fold(k) == _fold(name)]
        near = same or get_close_matches(name[:100], known, n=1, cutoff=0.7)
        if not near:
            help = f"the fields are {', '.join(known)}" if known else "remove it"
            return Problem("unknown-field", span, message, help)
        fix = None
        if near[0] in free:
            fix = Fix(f"write {near[0]}", SAFE if same else UNSAFE, (Edit(span, near[0]),))
        help = f"did you mean `{near[0]}`?" if fix else f"`{near[0]}` is there already; remove this one"
        return Problem("unknown-field", span, message, help, fix)

    def wrong_type(self, path: Path, types: list[str], rule: Mapping[str, Any]) -> Problem:
        value = self.at(path)
        name = field_name(path)
        span = self.value_span(path)
        entry = self.fm.entries.get(path)
        raw = entry.raw if entry else ""
        message = f"`{name}` {read_as(value, raw)} and must be {type_names(types)}"
        default = rule.get("default")
        conversions = list(_conversions(value, raw, types))
        if value is None and default is not None and not conversions:
            conversions.append((default, written(default), UNSAFE))
        for new, text, applicability in conversions:
            if self.accepts(path, new):
                return Problem(
                    "wrong-type", span, message, f"write `{shown(text)}`", self.fix(path, text, applicability)
                )
        return Problem("wrong-type", span, message, described(rule) or None)

    def no_branch(self, path: Path, branches: list[list[Any]], rule: Mapping[str, Any]) -> Iterator[Problem]:
        """No alternative of the schema accepts the value: describes the one with its type, or lists all types."""
        here = list(path)
        types = [
            e.kind.as_dict()["types"] for b in branches for e in b if e.kind.name == "type" and e.instance_path == here
        ]
        fitting = [b for b in branches if not any(e.kind.name == "type" and e.instance_path == here for e in b)]
        if not fitting and len(types) == len(branches):
            yield self.wrong_type(path, list(dict.fromkeys(t for group in types for t in group)), rule)
        elif len(fitting) == 1:
            for error in fitting[0]:
                yield from self.of(error)
        else:
            options = [o for b in fitting for e in b for o in _options(e)]
            yield self.not_one_of(path, options, rule, "fits none of the forms the schema allows")

    def invalid(self, path: Path, error: ValidationError, facts: Mapping[str, Any], rule: Mapping[str, Any]) -> Problem:
        options = _options(error)
        if options:
            return self.not_one_of(path, options, rule)
        wording = rule.get("patternErrorMessage") if error.kind.name == "pattern" else None
        wording = wording or rule.get("errorMessage") or limits(error.kind.name, facts)
        if not isinstance(wording, str):
            wording = shown(error.message, 120)
        return self.not_one_of(path, [e for e in rule.get("examples", ()) if isinstance(e, str)], rule, wording)

    def not_one_of(
        self, path: Path, options: list[Any], rule: Mapping[str, Any], wording: str | None = None
    ) -> Problem:
        value = self.at(path)
        span = self.value_span(path)
        written_so = "" if isinstance(value, Mapping | list) else shown(self.raw(path, value))
        text = f" `{written_so}`" if written_so else ""
        message = f"`{field_name(path)}`{text} {wording or f'is not one of {listed(options)}'}"
        if not isinstance(value, str):
            return Problem("invalid-value", span, message, described(rule) or None)
        words = [o for o in options if isinstance(o, str)]
        same = [o for o in words if _fold(o) == _fold(value)]
        near = same or ([] if wording else get_close_matches(value[:100], words, n=1, cutoff=0.6))
        for option in near[:1]:
            if self.accepts(path, option):
                fix = self.fix(path, written(option), SAFE if same else UNSAFE)
                return Problem("invalid-value", span, message, f"did you mean `{option}`?", fix)
        return Problem("invalid-value", span, message, described(rule) or None)

    def raw(self, path: Path, value: object) -> str:
        entry = self.fm.entries.get(path)
        return entry.raw if entry and entry.raw else str(value)

    # Suggestions

    def accepts(self, path: Path, value: object) -> bool:
        """Whether the schema accepts this value at this path."""
        changed = with_value(self.instance, path, value)
        depth = len(path)
        return not any(tuple(e.instance_path[:depth]) == path for e in self.schema.validator.iter_errors(changed))

    def fix(self, path: Path, text: str, applicability: Applicability) -> Fix | None:
        entry = self.fm.entries.get(path)
        if entry is None:
            return None
        if not len(entry.value) and entry.key is not None:
            text = " " + text
        return Fix(f"write {shown(text.strip())}", applicability, (Edit(entry.value, text),))


def _conversions(value: object, raw: str, types: list[str]) -> Iterator[tuple[object, str, Applicability]]:
    """What the author may have meant, the most certain first: value, spelling, and whether it is certain."""
    if "array" in types:
        if value is None:
            yield [], "[]", SAFE
        elif isinstance(value, str) and value.strip():
            parts = [p.strip() for p in value.split(",") if p.strip()]
            yield parts, written(parts), SAFE if len(parts) == 1 else UNSAFE
    if "string" in types and isinstance(value, bool | int | float | date) and raw:
        yield raw, quoted(raw), SAFE
    if isinstance(value, str) and {"number", "integer", "boolean"} & set(types):
        wanted = {"int", "float"} if {"number", "integer"} & set(types) else {"bool"}
        if kind_of(value.strip()) in wanted:
            yield typed(value.strip()), value.strip(), SAFE


def _options(error: Any) -> list[Any]:
    facts = error.kind.as_dict()
    if error.kind.name == "enum":
        return list(facts["options"])
    return [facts["expected_value"]] if error.kind.name == "const" else []


def _example(rule: Any) -> object:
    """An example value: the schema's default, first example or first option."""
    if not isinstance(rule, dict):
        return None
    if "default" in rule:
        return rule["default"]
    return next(iter(rule.get("examples", ()) or rule.get("enum", ())), None)


def _fold(text: str) -> str:
    return _BETWEEN_WORDS.sub("", text).casefold()
