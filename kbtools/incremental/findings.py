"""Serializes the findings of a page for the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from kbtools.text.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from kbtools.text.source import Span


def dump_findings(found: Iterable[Diagnostic]) -> str:
    """Findings of one page as text; "" for none."""
    rows = [
        (
            d.rule,
            d.severity.value,
            d.span.start,
            d.span.end,
            d.message,
            d.help,
            _fix_row(d.fix) if d.fix else None,
            d.about,
        )
        for d in found
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else ""


def _fix_row(fix: Fix) -> object:
    edits = [(e.span.start, e.span.end, e.replacement) for e in fix.edits]
    return fix.title, fix.applicability.value, edits, fix.unlinks


def rules_of_findings(text: str) -> Iterator[str]:
    """The rule of each of the findings."""
    return (row[0] for row in json.loads(text))


def load_findings(path: str, text: str) -> Iterator[Diagnostic]:
    for rule, severity, start, end, message, help_, fix, about in json.loads(text):
        mended = None
        if fix is not None:
            title, applicability, edits, unlinks = fix
            changes = tuple(Edit(Span(a, b), new) for a, b, new in edits)
            mended = Fix(title, Applicability(applicability), changes, unlinks)
        yield Diagnostic(rule, Severity(severity), path, Span(start, end), message, help_, mended, about)
