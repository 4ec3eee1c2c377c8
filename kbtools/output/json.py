"""JSON and JSON Lines, as the contract describes them."""

from __future__ import annotations

import json as standard
from collections.abc import Iterator
from datetime import date
from math import isfinite

from kbtools.output.findings import Findings, Sources
from kbtools.text.diagnostics import Diagnostic, Severity
from kbtools.text.source import Source, Span


def place(source: Source, offset: int) -> dict[str, int]:
    """Line and column of an offset, from 1, columns in code points."""
    at = source.lines.position(offset)
    return {"line": at.line, "column": at.column}


def as_dict(d: Diagnostic, sources: Sources) -> dict[str, object]:
    """A diagnostic as the contract's JSON object."""
    source = sources(d.path)

    def span(s: Span) -> dict[str, object]:
        return {"start": place(source, s.start), "end": place(source, s.end)}

    fix = d.fix and {
        "title": d.fix.title,
        "applicability": d.fix.applicability.value,
        "edits": [{**span(e.span), "replacement": e.replacement} for e in d.fix.edits],
    }
    return {
        "rule": d.rule,
        "severity": d.severity.value,
        "path": d.path,
        **span(d.span),
        "message": d.message,
        "help": d.help,
        "fix": fix,
    }


def plain(value: object) -> object:
    """A YAML value as JSON: dates as ISO strings, keys as strings, no infinities."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def dumps(value: object, indent: int | None = None) -> str:
    """JSON that any parser accepts: a lone surrogate of a page becomes U+FFFD, which strict decoders would reject."""
    text = standard.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def json(findings: Findings) -> Iterator[str]:
    """One document: version, diagnostics, summary."""
    summary: dict[str, object] = {
        "pages": len(findings.pages),
        "errors": findings.count(Severity.ERROR),
        "warnings": findings.count(Severity.WARNING),
        "infos": findings.count(Severity.INFO),
        "seconds": round(findings.seconds, 3),
    }
    if findings.compared is not None:
        summary["known"] = findings.known
    found = [as_dict(d, findings.sources) for d in findings.diagnostics]
    yield dumps({"version": 1, "diagnostics": found, "summary": summary}, indent=1)


def jsonl(findings: Findings) -> Iterator[str]:
    """One diagnostic a line."""
    return (dumps(as_dict(d, findings.sources)) for d in findings.diagnostics)
