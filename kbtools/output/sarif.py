"""SARIF 2.1.0 (OASIS), for code scanning; within the limits of GitHub's upload."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from urllib.parse import quote

from kbtools import __version__
from kbtools.output.findings import Findings, most_important
from kbtools.output.json import dumps, place
from kbtools.text.diagnostics import Applicability, Diagnostic, Fix, Severity
from kbtools.text.source import Source, Span

MOST_RESULTS = 25_000
"""Number of results that GitHub accepts in one run; it rejects larger files."""
MOST_BYTES = 10_000_000
"""Compressed size that GitHub accepts."""
_LONGEST = 4_000
"""Characters of one message. Complete tracebacks are in the log."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_BASE = "%SRCROOT%"


def sarif(findings: Findings) -> Iterator[str]:
    """One log with one run. If it exceeds the limits, the least important results are left out, and the log has
    their number."""
    names = findings.fingerprints()
    numbered = {id(d): name for d, name in zip(findings.diagnostics, names, strict=True)}
    shown = findings.diagnostics
    if len(shown) > MOST_RESULTS:
        shown = _reduced(findings, MOST_RESULTS)
    text = dumps(_log(findings, shown, numbered), indent=1)
    while len(text) > MOST_BYTES and len(gzip.compress(text.encode("utf-8"), 5)) > MOST_BYTES and len(shown) > 1:
        shown = _reduced(findings, len(shown) // 2)
        text = dumps(_log(findings, shown, numbered), indent=1)
    yield text


def _reduced(findings: Findings, most: int) -> tuple[Diagnostic, ...]:
    ranked = [d for severity in Severity for d in most_important(findings.by_severity(severity))]
    kept = {id(d) for d in ranked[:most]}
    return tuple(d for d in findings.diagnostics if id(d) in kept)


def _log(findings: Findings, shown: Sequence[Diagnostic], names: dict[int, str]) -> dict[str, object]:
    from kbtools.rules import all_rules

    rules = all_rules()
    indexes = {name: number for number, name in enumerate(sorted(rules))}
    driver: dict[str, object] = {"name": "kbtools", "version": __version__, "semanticVersion": __version__}
    if (home := _home(findings)) is not None:
        driver["informationUri"] = home
    driver["rules"] = [
        {
            "id": name,
            "shortDescription": {"text": rules[name].summary},
            "fullDescription": {"text": rules[name].summary},
            "help": {"text": rules[name].doc, "markdown": rules[name].doc},
            **({"helpUri": address} if (address := findings.rule_address(name)) else {}),
            "defaultConfiguration": {"level": _LEVELS[rules[name].severity]},
            "properties": {"tags": [rules[name].group]},
        }
        for name in indexes
    ]
    left = len(findings.diagnostics) - len(shown)
    warning = f"{left:,} findings of lower importance are left out: code scanning takes no more in one file"
    invocation: dict[str, object] = {"executionSuccessful": True}
    if left:
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": warning}}]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The top folder of the repository."}}},
        "invocations": [invocation],
        "results": [_result(d, findings, indexes, names[id(d)]) for d in shown],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return {"$schema": schema, "version": "2.1.0", "runs": [run]}


def _home(findings: Findings) -> str | None:
    """The address of the documentation, from the package or the configuration."""
    try:
        addresses = metadata("kbtools").get_all("Project-URL") or ()
    except PackageNotFoundError:
        addresses = ()
    for entry in addresses:
        address: str = str(entry).partition(",")[2].strip()
        if address:
            return address
    return findings.rules_url.partition("{rule}")[0] if findings.rules_url else None


def _result(d: Diagnostic, findings: Findings, indexes: dict[str, int], name: str) -> dict[str, object]:
    source = findings.sources(d.path)
    artifact = {"uri": _uri(findings.prefix + d.path), "uriBaseId": _BASE}
    message = d.message + (f"\nhelp: {d.help}" if d.help else "")
    result: dict[str, object] = {
        "ruleId": d.rule,
        "ruleIndex": indexes[d.rule],
        "level": _LEVELS[d.severity],
        "message": {"text": message if len(message) <= _LONGEST else message[:_LONGEST] + " …"},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": _region(source, d.span)}}],
        # The key that GitHub uses to recognize the same finding on another line.
        "partialFingerprints": {"primaryLocationLineHash": name},
    }
    if d.fix is not None and d.fix.applicability is not Applicability.DISPLAY:
        result["fixes"] = [_fix(d.fix, source, artifact)]
    return result


def _region(source: Source, span: Span) -> dict[str, int]:
    start, end = place(source, span.start), place(source, span.end)
    return {
        "startLine": start["line"],
        "startColumn": start["column"],
        "endLine": end["line"],
        "endColumn": end["column"],
    }


def _fix(fix: Fix, source: Source, artifact: dict[str, str]) -> dict[str, object]:
    edits = [{"deletedRegion": _region(source, e.span), "insertedContent": {"text": e.replacement}} for e in fix.edits]
    changes = [{"artifactLocation": artifact, "replacements": edits}]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "replace").decode("utf-8"))
