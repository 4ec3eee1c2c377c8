"""``kb run --update``: the edits that make a page say what its snippets printed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kbtools.codefence import expect
from kbtools.diagnostics import Edit
from kbtools.execution.outcomes import Outcome, Status
from kbtools.page import Page
from kbtools.snippets import Expectation, Snippet
from kbtools.source import LINE_END, Span


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expectation that cannot be rewritten in place."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Update:
    """What one page would say."""

    edits: tuple[Edit, ...]
    refused: tuple[Refusal, ...]


def update(page: Page, outcomes: Iterable[Outcome]) -> Update:
    """Rewrite the expectations of a page that its outcomes on one device contradict.

    Only snippets that ran to their end count; expectations that hold as they stand keep their spelling.
    """
    by_snippet = {o.id.rpartition("[")[0].partition("::")[2]: o for o in outcomes if o.path == page.path}
    edits: list[Edit] = []
    refused: list[Refusal] = []
    for snippet in page.snippets:
        outcome = by_snippet.get(snippet.id)
        if outcome is None or outcome.outcome not in (Status.FAILED, Status.PASSED):
            continue
        for wanted in snippet.expects:
            actual = _actual(wanted, outcome)
            if actual is None or expect.matches(wanted.text, actual):
                continue
            new = _written(page, snippet, wanted, actual)
            if isinstance(new, Edit):
                edits.append(new)
            else:
                refused.append(new)
    return Update(tuple(edits), tuple(refused))


def _actual(wanted: Expectation, outcome: Outcome) -> str | None:
    if wanted.of_line is None:
        return outcome.stdout
    texts = next((p.texts for p in outcome.printed if p.line == wanted.of_line), ())
    if not texts or all(expect.matches(wanted.text, text) for text in texts):
        return None
    return texts[0] if len(set(texts)) == 1 else "".join(texts)


def _written(page: Page, snippet: Snippet, wanted: Expectation, actual: str) -> Edit | Refusal:
    text = page.source.text
    lines = [line.rstrip() for line in LINE_END.split(actual.rstrip("\r\n"))]
    if wanted.block:
        return _below(page, snippet, wanted, lines if actual.strip("\r\n") else [])
    if wanted.of_line is not None:
        if len(lines) > 1:
            return Refusal(wanted.line, "it prints several lines: write an ```output fence behind the snippet")
        return Edit(wanted.span, lines[0])
    fence = next((f for f in page.structure.fences if f.span.start <= wanted.span.start <= f.span.end), None)
    marks = text[fence.span.start] if fence else "`"
    if any(line.lstrip().startswith(marks * 3) for line in lines):
        return Refusal(wanted.line, "what it prints would end the output fence")
    start = page.source.lines.line(page.source.lines.line_of(fence.span.start if fence else wanted.span.start)).start
    prefix = text[start : fence.span.start] if fence else ""
    newline = LINE_END.search(text)
    end = newline[0] if newline else "\n"
    body = (end + prefix).join(lines)
    if not wanted.span and fence and not fence.lines:
        body = prefix + body + end
    return Edit(Span(wanted.span.start, wanted.span.end), body)


def _below(page: Page, snippet: Snippet, wanted: Expectation, lines: list[str]) -> Edit | Refusal:
    """Output on lines of its own, below what writes it and indented alike."""
    if any(line.lstrip().startswith(">>>") for line in lines):
        return Refusal(wanted.line, "what it prints looks like a prompt")
    text = page.source.text
    at = snippet.fence.lines[(wanted.of_line or 0) - snippet.line - 1]
    code = at.of(text)
    start = page.source.lines.line(page.source.lines.line_of(at.start)).start
    prefix = text[start : at.start] + code[: len(code) - len(code.lstrip())]
    newline = LINE_END.search(text)
    end = newline[0] if newline else "\n"
    return Edit(wanted.span, "".join(f"{end}{prefix}{line}" if line else f"{end}{prefix}<BLANKLINE>" for line in lines))
