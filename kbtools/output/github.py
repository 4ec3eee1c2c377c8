"""GitHub Actions annotations: workflow commands, within GitHub's limits.

Format and escaping: GitHub Actions, "Workflow commands". GitHub shows ten annotations of each severity a step; where
there are more, nine are shown, a tenth says how many are left, and a folded group in the log lists all.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from kbtools.output.findings import Findings, most_important
from kbtools.output.text import concise, printable
from kbtools.text.diagnostics import Diagnostic, Severity

LIMIT = 10
"""Annotations that GitHub shows of one severity in one step."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_RULES_NAMED = 5


def github(findings: Findings) -> Iterator[str]:
    """A workflow command for each finding, the highest severity first."""
    cut = False
    for severity in Severity:
        found = findings.by_severity(severity)
        if len(found) <= LIMIT:
            yield from (_annotation(d, findings) for d in found)
            continue
        cut = True
        ranked = most_important(found)
        yield from (_annotation(d, findings) for d in ranked[: LIMIT - 1])
        yield f"::{_COMMANDS[severity]} title=kb::{_escape(_left(ranked[LIMIT - 1 :], severity))}"
    if cut:
        yield from _everything(findings)


def _annotation(d: Diagnostic, findings: Findings) -> str:
    source = findings.sources(d.path)
    start, end = source.lines.position(d.span.start), source.lines.position(d.span.end)
    fields = {"file": findings.prefix + d.path, "line": start.line, "endLine": end.line, "col": start.column}
    if end.line == start.line:
        fields["endColumn"] = end.column
    fields["title"] = d.rule
    listed = ",".join(f"{k}={_escape(str(v), in_property=True)}" for k, v in fields.items())
    message = d.message + (f"\nhelp: {d.help}" if d.help else "")
    return f"::{_COMMANDS[d.severity]} {listed}::{_escape(message)}"


def _left(rest: list[Diagnostic], severity: Severity) -> str:
    rules = Counter(d.rule for d in rest).most_common()
    named = ", ".join(f"{n:,} {rule}" for rule, n in rules[:_RULES_NAMED])
    more = ", …" if len(rules) > _RULES_NAMED else ""
    return f"{len(rest):,} more of severity {severity.value}: {named}{more}. The log of this step lists all."


def _everything(findings: Findings) -> Iterator[str]:
    """All findings as a folded group of the log. Text from pages is not interpreted as workflow commands."""
    lines: list[str] = list(concise(findings))
    token = _token(lines)
    yield f"::group::All {len(lines):,} findings"
    yield f"::stop-commands::{token}"
    yield from lines
    yield f"::{token}::"
    yield "::endgroup::"


def _token(lines: Iterable[str]) -> str:
    """A random word that ends the listing; no text in it can contain it on purpose."""
    return "kb-" + hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:32]


def _escape(text: str, in_property: bool = False) -> str:
    text = "\n".join(map(printable, text.split("\n")))
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text
