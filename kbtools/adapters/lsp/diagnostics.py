"""Publishes findings as LSP diagnostics."""

from __future__ import annotations

from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import Diagnostic as Published
from kbtools.adapters.lsp.wire.protocol import DiagnosticSeverity, DiagnosticTag
from kbtools.text.diagnostics import Diagnostic, Severity
from kbtools.text.source import Source

SOURCE = "kb"
MOST = 1000
"""Most findings of a page that are published: an editor shows no more in any useful way."""
_LEVELS = {
    Severity.ERROR: DiagnosticSeverity.ERROR,
    Severity.WARNING: DiagnosticSeverity.WARNING,
    Severity.INFO: DiagnosticSeverity.INFORMATION,
}


def published(space: OpenVault, path: str, *, with_results: bool) -> list[Published]:
    """All findings of a page; what the baseline accepts as hints. ``with_results``: also its snippets that failed."""
    source = space.resident.source(path)
    if source is None:
        return []
    new, known = space.findings(path)
    made = [as_published(space, source, d) for d in new[:MOST]]
    if len(new) > MOST:
        made[-1]["message"] += f"\nand {len(new) - MOST:,} more findings on this page: kb check lists them"
    for d, since in known[:MOST]:
        hint = as_published(space, source, d)
        hint["severity"] = DiagnosticSeverity.HINT
        hint["message"] += f"\nknown since {since.isoformat()}"
        made.append(hint)
    if with_results and has_results(space):
        from kbtools.adapters.lsp.results import failures

        made += failures(space, path)
    return made


def has_results(space: OpenVault) -> bool:
    """Whether any snippet of the wiki has been run."""
    return (space.project.state / "results").is_dir()


def as_published(space: OpenVault, source: Source, d: Diagnostic) -> Published:
    made: Published = {
        "range": space.positions(source).range(d.span),
        "message": f"{d.message}\n{d.help}" if d.help else d.message,
        "severity": _LEVELS[d.severity],
        "code": d.rule,
        "source": SOURCE,
    }
    if d.rule.startswith("unused-"):
        made["tags"] = [DiagnosticTag.UNNECESSARY]
    return made
