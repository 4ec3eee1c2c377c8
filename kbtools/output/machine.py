"""Diagnostics for machines: JSON, JSON lines, GitHub annotations and SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from math import isfinite

from kbtools import __version__
from kbtools.diagnostics import Diagnostic, Severity
from kbtools.output.text import Sources
from kbtools.source import Source, Span


def _place(source: Source, offset: int) -> dict[str, int]:
    at = source.lines.position(offset)
    return {"line": at.line, "column": at.column}


def as_dict(d: Diagnostic, sources: Sources) -> dict[str, object]:
    """A diagnostic as the contract's JSON object."""
    source = sources(d.path)

    def span(s: Span) -> dict[str, object]:
        return {"start": _place(source, s.start), "end": _place(source, s.end)}

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
    """A YAML value as JSON has it: dates as ISO strings, keys as strings, no infinities."""
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
    """JSON that any reader takes: a lone surrogate of a page becomes U+FFFD, which a strict decoder would refuse."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def to_json(diagnostics: Iterable[Diagnostic], sources: Sources, summary: Mapping[str, object]) -> str:
    found = [as_dict(d, sources) for d in diagnostics]
    return dumps({"version": 1, "diagnostics": found, "summary": dict(summary)}, indent=1)


def to_jsonl(diagnostics: Iterable[Diagnostic], sources: Sources) -> Iterator[str]:
    return (dumps(as_dict(d, sources)) for d in diagnostics)


_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def to_github(diagnostics: Iterable[Diagnostic], sources: Sources, prefix: str = "") -> Iterator[str]:
    """Workflow commands; ``prefix`` leads from the repository's root to the vault.

    Format: GitHub Actions, "Workflow commands", with its two escaping rules.
    """
    for d in diagnostics:
        source = sources(d.path)
        start, end = source.lines.position(d.span.start), source.lines.position(d.span.end)
        fields = {"file": prefix + d.path, "line": start.line, "endLine": end.line, "col": start.column}
        if end.line == start.line:
            fields["endColumn"] = end.column
        fields["title"] = f"{d.rule}"
        listed = ",".join(f"{k}={_escape(str(v), in_property=True)}" for k, v in fields.items())
        message = d.message + (f"\nhelp: {d.help}" if d.help else "")
        yield f"::{_COMMANDS[d.severity]} {listed}::{_escape(message)}"


def _escape(text: str, in_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(
    diagnostics: Iterable[Diagnostic],
    sources: Sources,
    rules: Mapping[str, tuple[Severity, str, str]],
    prefix: str = "",
) -> str:
    """SARIF 2.1.0. ``rules`` gives severity, summary and documentation of each rule by name."""
    names = sorted(rules)
    results = []
    for d in diagnostics:
        source = sources(d.path)
        start, end = _place(source, d.span.start), _place(source, d.span.end)
        region = {
            "startLine": start["line"],
            "startColumn": start["column"],
            "endLine": end["line"],
            "endColumn": end["column"],
        }
        location = {"artifactLocation": {"uri": _uri(prefix + d.path)}, "region": region}
        results.append(
            {
                "ruleId": d.rule,
                "ruleIndex": names.index(d.rule),
                "level": _LEVELS[d.severity],
                "message": {"text": d.message + (f"\nhelp: {d.help}" if d.help else "")},
                "locations": [{"physicalLocation": location}],
            }
        )
    described = [
        {
            "id": name,
            "shortDescription": {"text": rules[name][1]},
            "fullDescription": {"text": rules[name][1]},
            "help": {"text": rules[name][2], "markdown": rules[name][2]},
            "defaultConfiguration": {"level": _LEVELS[rules[name][0]]},
        }
        for name in names
    ]
    driver = {"name": "kbtools", "version": __version__, "rules": described}
    return dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        },
        indent=1,
    )


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "replace").decode("utf-8"))
