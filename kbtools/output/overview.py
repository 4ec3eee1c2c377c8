"""Overview of many findings: counts by rule, and the three most useful next steps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kbtools.output.findings import Findings
from kbtools.output.text import full, paint, printable
from kbtools.text.diagnostics import Applicability, Diagnostic, Severity

MANY = 60
"""Up to this many findings, each is shown."""
FEW = 5
"""Up to this many findings of a rule with severity info, each is shown."""
ALIKE = 3
"""Up to this many findings of a rule on one page, or with one message, each is shown."""
SHOWN = 2
"""Number of findings shown for a rule with more."""
LINES = 5
"""Number of positions that a note lists."""
_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}
_CODE = ("syntax-error", "undefined-name", "failing-snippet", "invalid-data", "shell-syntax")
_LINKS = ("variant-link",)


def folded(findings: Findings) -> Iterator[str]:
    """All findings in full, except those of rules with many findings of severity info, and repetitions: one line
    gives their number."""
    infos = [d for d in findings.diagnostics if d.severity is Severity.INFO]
    counts = Counter(d.rule for d in infos)
    many = {rule: n for rule, n in counts.items() if n > FEW}
    rest = tuple(d for d in findings.diagnostics if d.severity is not Severity.INFO or d.rule not in many)
    notes = _repetitions(replace(findings, diagnostics=rest))
    yield from full(replace(findings, diagnostics=tuple(notes)), notes)
    for rule, n in sorted(many.items()):
        first = next(d for d in infos if d.rule == rule)
        label = paint(f"info[{rule}]", _COLORS[Severity.INFO], findings.color)
        line = findings.sources(first.path).lines.position(first.span.start).line
        yield f"{label}: {n:,} of these, the first at {printable(first.path)}:{line}: {printable(first.message)}"
        yield f"  = help: kb check --select {rule} shows them" + _ranked(rule)
        yield ""


def _ranked(rule: str) -> str:
    return "; `kb stats` ranks the pages that are linked to and not written" if rule == "broken-link" else ""


def overview(findings: Findings) -> Iterator[str]:
    """The first findings of each rule in full, then the table and recommended steps."""
    counts = Counter(d.rule for d in findings.diagnostics)
    serious = tuple(d for d in findings.diagnostics if d.severity is not Severity.INFO)
    notes = _repetitions(replace(findings, diagnostics=serious))
    shown: dict[tuple[str, Severity], list[Diagnostic]] = defaultdict(list)
    for d in notes:
        others = shown[d.rule, d.severity]
        if len(others) < SHOWN and all(d.path != other.path and d.message != other.message for other in others):
            others.append(d)
    first = sorted((d for held in shown.values() for d in held), key=findings.diagnostics.index)
    yield from full(replace(findings, diagnostics=tuple(first)), notes)
    yield from statistics(findings)
    example = max(counts, key=lambda rule: counts[rule])
    yield f"every finding: kb check --all · of one rule: kb check --select {example}"


def _repetitions(findings: Findings) -> dict[Diagnostic, str]:
    """The findings to show, in order, each with a note that counts the findings it stands for: of the same rule and
    severity on its page, or with the same message."""
    on_page = Counter((d.rule, d.severity, d.path) for d in findings.diagnostics)
    worded = Counter((d.rule, d.message) for d in findings.diagnostics if on_page[d.rule, d.severity, d.path] <= ALIKE)
    groups: dict[tuple[object, ...], list[Diagnostic]] = defaultdict(list)
    for number, d in enumerate(findings.diagnostics):
        if on_page[d.rule, d.severity, d.path] > ALIKE:
            groups["page", d.rule, d.severity, d.path].append(d)
        elif worded[d.rule, d.message] > ALIKE:
            groups["words", d.rule, d.message].append(d)
        else:
            groups[(number,)].append(d)
    return {first: _note(findings, kind, rest) for (kind, *_), (first, *rest) in groups.items()}


def _note(findings: Findings, kind: object, rest: Sequence[Diagnostic]) -> str:
    if not rest:
        return ""
    if kind == "page":
        lines = list(dict.fromkeys(str(findings.position(d).line) for d in rest))
        where = f"on this page: line{'s' if len(lines) > 1 else ''} {_listed(lines)}"
    else:
        where = f"like this: {_listed([f'{d.path}:{findings.position(d).line}' for d in rest])}"
    return f"{len(rest):,} more {where} (kb check --all shows them)"


def _listed(places: Sequence[str]) -> str:
    """The first of several, separated by commas."""
    more = len(places) - LINES
    return ", ".join(places[:LINES]) + (f" and {more:,} more" if more > 0 else "")


def statistics(findings: Findings) -> Iterator[str]:
    """The number of findings of each rule, by severity and number, and how to correct them."""
    counts = Counter((d.severity, d.rule) for d in findings.diagnostics)
    fixes = Counter(d.rule for d in findings.diagnostics if _is_safe(d))
    order = list(Severity)
    rows = sorted(counts.items(), key=lambda c: (order.index(c[0][0]), -c[1], c[0][1]))
    width = max((len(rule) for (_, rule), _ in rows), default=0)
    for (severity, rule), n in rows:
        label = paint(f"{severity.value:<8}", _COLORS[severity], findings.color)
        fix = f"  {fixes[rule]:,} by kb fix" if fixes[rule] else ""
        yield f"{n:>7,}  {label} {rule:<{width if fix else 0}}{fix}"
    if rows:
        yield ""
        yield "worth doing first:"
        yield from (f"  {number}. {line}" for number, line in enumerate(advice(findings)[:3], 1))


def advice(findings: Findings) -> list[str]:
    """How to reduce many findings, the most effective steps with the least work first."""
    found = findings.diagnostics
    total = len(found)
    out = []
    safe = [d for d in found if _is_safe(d)]
    respelled = sum(d.rule in _LINKS for d in found)
    if len(safe) > respelled:
        rules = ", ".join(f"{n:,} {rule}" for rule, n in Counter(d.rule for d in safe).most_common(3))
        out.append(f"`kb fix --diff` shows corrections of {len(safe):,} of {total:,} ({rules}); `kb fix` does it")
    elif respelled:
        links = f"{respelled:,} link{'s' if respelled > 1 else ''}"
        out.append(
            f"`kb reconcile --diff` shows {links} respelled as the pages they mean; `kb reconcile --apply` does it"
        )
    out += _one_folder(findings)
    out += _one_kind(found)
    errors = [d for d in found if d.severity is Severity.ERROR and not _is_safe(d)]
    rare = Counter(d.rule for d in errors).most_common()
    if rare and len(errors) < total:
        rule, n = rare[-1]
        where = next(d for d in errors if d.rule == rule)
        line = findings.sources(where.path).lines.position(where.span.start).line
        out.append(f"{rule}: {n:,} error{'s' if n > 1 else ''}, beginning with {printable(where.path)}:{line}")
    out.append("`kb baseline` accepts what is left for now; `kb check` then fails on new findings only")
    return out


def _is_safe(d: Diagnostic) -> bool:
    return d.fix is not None and d.fix.applicability is Applicability.SAFE


def _one_folder(findings: Findings) -> list[str]:
    """A top-level folder with many of the findings and few of the pages: templates, an archive, an export."""
    found = findings.diagnostics
    folders = Counter(d.path.partition("/")[0] for d in found if "/" in d.path)
    if not folders:
        return []
    name, n = folders.most_common(1)[0]
    pages = sum(path.startswith(f"{name}/") for path in findings.pages)
    if n < 0.4 * len(found) or pages > 0.3 * len(findings.pages):
        return []
    shown = printable(name)
    return [f'{n:,} of {len(found):,} are below {shown}/: if these are no pages of yours, exclude = ["{shown}/**"]']


def _one_kind(found: tuple[Diagnostic, ...]) -> list[str]:
    """The rule with most findings that no command corrects, and the usual way to correct them."""
    rest = Counter(d.rule for d in found if not _is_safe(d) and d.rule not in _LINKS)
    code = sum(rest[rule] for rule in _CODE)
    if code >= 0.3 * len(found):
        way = _show_setting()
        return [f"{code:,} are about code in fences: if it is not meant to run, {way}"]
    if not rest:
        return []
    rule, n = rest.most_common(1)[0]
    if n < 0.25 * len(found):
        return []
    ways = {
        "broken-link": "`kb stats` ranks the pages that are linked to and not written",
        "orphan-page": 'index pages link to many at once; or orphan-page = "off" in [rules]',
        "duplicate-title": "give pages a `title`, or link to them with their folder",
    }
    return [
        f"{rule} is {n:,} of {len(found):,}: {ways.get(rule, f'`kb rule {rule}` says why and what to write instead')}"
    ]


def _show_setting() -> str:
    from kbtools.config.settings import SETTINGS

    if any(s.key == "snippets" for s in SETTINGS):
        return '"**" = "show" in [snippets] shows it only, by folder'
    return "`.skip` on a fence, or `snippets: {skip: …}` on a page, shows it only"
