"""Shows results of snippets in hovers, inlay hints and code lenses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kbtools.adapters.lsp.offered import RUN, UPDATE
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import CodeLens, Diagnostic, DiagnosticSeverity, InlayHint, Range
from kbtools.run.page_files import PageFiles
from kbtools.run.results.current import current, sources_of
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.results.store import FIGURES, Store
from kbtools.snippets import Snippet
from kbtools.text.source import Span
from kbtools.vault.page import Page

MARKS = {
    Status.PASSED: "✓",
    Status.XFAILED: "✓",
    Status.FAILED: "✗",
    Status.ERROR: "✗",
    Status.SKIPPED: "○",
    Status.BLOCKED: "○",
}
_BRACKET = re.compile(r"[\[\]\n]")
_LONGEST = 2000
_HINT = 80


def outcomes(space: OpenVault, page: Page) -> Mapping[str, list[Outcome]]:
    """Stored results that are valid for the present text of the page, by snippet."""
    if not any(s.executable for s in page.snippets):
        return {}
    store = Store(space.project.state)
    try:
        stamp = store.file(page.path).stat().st_mtime_ns
    except OSError:
        return {}
    held = space.outcomes.get(page.path)
    if held is not None and held[:2] == (page, stamp):
        return held[2]
    found: dict[str, list[Outcome]] = {}
    stored = {id: result.outcome for id, result in store.read(page.path).items()}
    files = PageFiles(space.project.vault, space.project.root)
    for id, (outcome, _) in current(page, sources_of(page, files), stored).items():
        found.setdefault(id.rpartition("[")[0].partition("::")[2], []).append(outcome)
    space.outcomes[page.path] = (page, stamp, found)
    return found


def summary(outcome: Outcome) -> str:
    """An outcome in a few words: ``✓ passed on cpu, 0.02 s``."""
    words = f"{MARKS[outcome.outcome]} {outcome.outcome.value} on {outcome.device}"
    if outcome.outcome in (Status.PASSED, Status.XFAILED):
        return f"{words}, {outcome.seconds:.2f} s"
    return f"{words}: {outcome.reason}" if outcome.reason else words


def hover(space: OpenVault, page: Page, snippet: Snippet) -> str:
    """A snippet's last outcome, with what it printed, as Markdown."""
    if not snippet.executable:
        return f"not run: {snippet.why_not}" if snippet.why_not else "not run"
    held = outcomes(space, page).get(snippet.id, [])
    if not held:
        return "not run since it was changed"
    parts = []
    for outcome in held:
        parts.append(summary(outcome))
        for text in (outcome.stdout, outcome.message or ""):
            if text.strip():
                cut = text.rstrip() if len(text) <= _LONGEST else text[:_LONGEST] + " …"
                mark = "````" if "```" in cut else "```"
                parts.append(f"{mark}text\n{cut}\n{mark}")
        pictures = Store(space.project.state).folder / FIGURES
        parts += [
            f"![{_BRACKET.sub('', figure.alt)}]({(pictures / figure.name).as_uri()})" for figure in outcome.figures
        ]
    return "\n\n".join(parts)


def lenses(space: OpenVault, page: Page) -> list[CodeLens]:
    """Above each snippet that can be run: run it, what became of it, take over what it printed."""
    at, uri = space.positions(page.source), space.uri(page.path)
    held = outcomes(space, page)
    made: list[CodeLens] = []
    for snippet in page.snippets:
        if not snippet.executable:
            continue
        start = snippet.fence.span.start
        place = at.range(Span(start, start))

        def lens(title: str, command: str, *arguments: str, place: Range = place) -> CodeLens:
            return {"range": place, "command": {"title": title, "command": command, "arguments": list(arguments)}}

        is_first = not made
        made.append(lens("▶ Run", RUN, uri, snippet.id))
        if is_first:
            made.append(lens("▶ Run page", RUN, uri, ""))
        for outcome in held.get(snippet.id, ()):
            if outcome.only_output_differs:
                made.append(lens("Take over the output", UPDATE, uri, snippet.id))
            made.append(lens(summary(outcome), ""))
    return made


def hints(space: OpenVault, page: Page, shown: Span) -> Iterator[InlayHint]:
    """Behind a snippet's code what it printed last, where the page does not say it: at its only ``print``, else at its
    end."""
    at = space.positions(page.source)
    for snippet in page.snippets:
        code = snippet.fence.lines
        if not snippet.executable or not code or snippet.expects or not snippet.fence.span.overlaps(shown):
            continue
        outcome = next(iter(outcomes(space, page).get(snippet.id, ())), None)
        said = " ".join(outcome.stdout.split()) if outcome is not None else ""
        if said:
            printing = [line for line in code if "print(" in line.of(page.source.text)]
            place = printing[0] if len(printing) == 1 else code[-1]
            cut = said if len(said) <= _HINT else f"{said[:_HINT]}…"
            yield {"position": at.position(place.end), "label": f"→ {cut}", "paddingLeft": True}


def failures(space: OpenVault, path: str) -> Iterator[Diagnostic]:
    """Snippets that failed when they last ran, at the page's line that raised."""
    page = space.page(path) if Store(space.project.state).file(path).exists() else None
    if page is None:
        return
    at, lines = space.positions(page.source), page.source.lines
    for id_, held in outcomes(space, page).items():
        snippet = next((s for s in page.snippets if s.id == id_), None)
        for outcome in held:
            if snippet is None or outcome.outcome not in (Status.FAILED, Status.ERROR):
                continue
            line = outcome.traceback_line or snippet.line
            said = (outcome.message or outcome.reason or "").strip()
            yield {
                "range": at.range(lines.line(min(line, len(lines)))),
                "message": f"{id_} {outcome.outcome.value} on {outcome.device}: {said}",
                "severity": DiagnosticSeverity.ERROR,
                "code": "failing-snippet",
                "source": "kb",
            }
