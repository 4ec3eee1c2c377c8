"""GitLab Code Quality report: JSON in the Code Climate format.

Format: GitLab documentation, "Code Quality", "Code Quality report format".
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.output.findings import Findings
from kbtools.output.json import dumps
from kbtools.text.diagnostics import Severity

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def gitlab(findings: Findings) -> Iterator[str]:
    """One array with all findings. Fingerprints do not depend on lines, so that GitLab shows only what a change
    adds."""
    rows = []
    for d, name in zip(findings.diagnostics, findings.fingerprints(), strict=True):
        lines = findings.sources(d.path).lines
        begin, end = lines.line_of(d.span.start), lines.line_of(d.span.end)
        rows.append(
            {
                "description": d.message,
                "check_name": d.rule,
                "fingerprint": name,
                "severity": _SEVERITIES[d.severity],
                "location": {"path": findings.prefix + d.path, "lines": {"begin": begin, "end": end}},
            }
        )
    yield dumps(rows, indent=1)
