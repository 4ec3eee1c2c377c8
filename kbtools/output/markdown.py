"""GitHub-flavoured Markdown summary, for a CI job or a comment on a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kbtools.output.findings import Findings, most_important
from kbtools.output.text import printable
from kbtools.text.diagnostics import Diagnostic, Severity

LISTED = 20
"""Number of findings listed; GitHub accepts at most one MiB of summary."""
_ITEMS = 10
_LINKS = (
    "broken-link",
    "broken-anchor",
    "broken-block",
    "missing-attachment",
    "ambiguous-link",
    "variant-link",
    "broken-url",
    "moved-url",
)
_STATUSES = ("passed", "failed", "error", "skipped", "blocked", "rehearsed")


def markdown(findings: Findings) -> Iterator[str]:
    """Headline, findings by rule, the most important ones, snippets by device, and findings that a change has
    removed."""
    yield f"## kb: {_headline(findings)}"
    yield ""
    yield from _facts(findings)
    if findings.diagnostics:
        yield from _by_rule(findings)
        yield from _listed(findings)
    stale = [d for d in findings.diagnostics if d.rule == "stale-page"]
    yield from _section("Pages that have become stale", (f"`{_code(findings.prefix + d.path)}`" for d in stale))
    yield from _section(
        "Snippets whose output differs from their page", (f"`{_code(i)}`" for i in findings.changed_outputs)
    )
    mended = list(dict.fromkeys((*findings.repaired, *findings.mended)))
    links = [line for line in mended if any(f": {rule}" in line for rule in _LINKS)]
    yield from _section("Links repaired", (_text(line) for line in links))
    yield from _section("Mended", (_text(line) for line in mended if line not in links))
    if findings.snippets:
        yield from _snippets(findings)


def _headline(findings: Findings) -> str:
    counts = [(findings.count(severity), severity.value) for severity in Severity]
    listed = ", ".join(f"{n:,} {name}{'s' if n != 1 else ''}" for n, name in counts if n)
    new = "new " if findings.compared else ""
    return f"{new}{listed}" if listed else f"no {new}findings"


def _facts(findings: Findings) -> Iterator[str]:
    parts = [_plural(len(findings.pages), "page")]
    if findings.links:
        trouble = [f"{findings.links[k]:,} {k}" for k in ("broken", "ambiguous") if findings.links.get(k)]
        parts.append(_plural(findings.links["links"], "link") + (f" ({', '.join(trouble)})" if trouble else ""))
    if findings.compared:
        parts.append(f"{findings.known:,} known ({_text(findings.compared)})")
    if findings.revision is not None:
        new = len(findings.diagnostics) - findings.older
        parts.append(f"since {_text(findings.revision)}: {new:,} new, {findings.older:,} older")
    if repaired := len({*findings.mended, *findings.repaired}):
        parts.append(f"{repaired:,} mended")
    yield " · ".join(parts)
    yield ""


def _by_rule(findings: Findings) -> Iterator[str]:
    counts = Counter((d.severity, d.rule) for d in findings.diagnostics)
    order = list(Severity)
    yield "| findings | severity | rule |"
    yield "|--:|---|---|"
    for (severity, rule), n in sorted(counts.items(), key=lambda c: (order.index(c[0][0]), -c[1], c[0][1])):
        address = findings.rule_address(rule)
        name = f"[{rule}]({address})" if address else f"`{rule}`"
        yield f"| {n:,} | {severity.value} | {name} |"
    yield ""


def _listed(findings: Findings) -> Iterator[str]:
    ranked = [d for severity in Severity for d in most_important(findings.by_severity(severity))]
    yield (
        "<details><summary>The most important</summary>" if len(ranked) > LISTED else "<details><summary>All</summary>"
    )
    yield ""
    yield from (f"- {_line(d, findings)}" for d in ranked[:LISTED])
    if len(ranked) > LISTED:
        yield f"- … and {len(ranked) - LISTED:,} more"
    yield ""
    yield "</details>"
    yield ""


def _line(d: Diagnostic, findings: Findings) -> str:
    at = findings.sources(d.path).lines.position(d.span.start)
    return f"`{_code(findings.prefix + d.path)}:{at.line}` {d.severity.value} `{d.rule}`: {_text(d.message)}"


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = list(items)
    if not lines:
        return
    yield f"### {title}: {len(lines):,}"
    yield ""
    yield from (f"- {line}" for line in lines[:_ITEMS])
    if len(lines) > _ITEMS:
        yield f"- … and {len(lines) - _ITEMS:,} more"
    yield ""


def _snippets(findings: Findings) -> Iterator[str]:
    used = [s for s in _STATUSES if any(counts.get(s) for counts in findings.snippets.values())]
    yield "### Snippets"
    yield ""
    yield "| device | " + " | ".join(used) + " |"
    yield "|---|" + "--:|" * len(used)
    for device, counts in sorted(findings.snippets.items()):
        yield f"| {device} | " + " | ".join(f"{counts.get(s, 0):,}" for s in used) + " |"
    yield ""


def _plural(n: int, one: str) -> str:
    return f"{n:,} {one}{'' if n == 1 else 's'}"


def _text(text: str) -> str:
    """Text of a page as plain text: its markup is escaped, mentions do not notify, and it is on one line."""
    out = printable(" ".join(text.split()))
    for char in "\\`*_[]<>|~#":
        out = out.replace(char, f"\\{char}")
    return out.replace("@", "@\u200b")


def _code(text: str) -> str:
    """Text inside one pair of backticks, in a table or outside."""
    return printable(" ".join(text.split())).replace("`", "ˋ").replace("|", "¦")
