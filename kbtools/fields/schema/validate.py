"""Validates the fields of one page."""

from __future__ import annotations

from kbtools.fields.model import Frontmatter, Path
from kbtools.fields.schema.dates import as_json, find_dates, text_rule
from kbtools.fields.schema.loading import Schema
from kbtools.text.diagnostics import Problem
from kbtools.text.source import Span

_MAX = 100
"""Maximum number of problems reported for one page."""


def validate(fm: Frontmatter, schema: Schema) -> tuple[Problem, ...]:
    """The problems of the fields: ``missing-field``, ``unknown-field``, ``wrong-type``, ``invalid-value``. Sorted by
    position.

    Dates are valid as ISO text if the schema has a ``format`` or ``pattern``, and have the wrong type if it accepts
    any text. Fields that could not be parsed are not reported as missing.
    """
    dates: list[Path] = []
    find_dates(fm.data, (), dates)
    instance = as_json(fm.data, dates)
    if schema.accepts(instance) and not any(text_rule(schema, path) for path in dates):
        return ()
    from kbtools.fields.schema.problems import SchemaProblems  # most pages have no problems

    found: dict[tuple[Span, str, str], Problem] = {}
    for problem in SchemaProblems(fm, schema, instance, dates).problems():
        found.setdefault((problem.span, problem.rule, problem.message), problem)
        if len(found) >= _MAX:
            break
    return tuple(sorted(found.values(), key=lambda p: (p.span, p.rule)))
