"""``kb run --update``: edits that replace expected output by what was printed.

Every edit is verified: it is used only if the edited page, parsed again, expects the printed output at the same place.
A value that would be read as prose is therefore written as marked output (``#> HELLO``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kbtools.fences import value_forms
from kbtools.fences.expected.expect import visible
from kbtools.fences.expected.form import Form
from kbtools.run.grading.comparison import ActualOutput, holds, output_of
from kbtools.run.job import ExpectedOutput
from kbtools.run.results.outcomes import Comparison, Outcome, Printed, Status
from kbtools.snippets import Expectation, Snippet
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import LINE_END, Source, Span
from kbtools.vault.page import Page

_MANY = "it prints many lines: write an ```output fence behind the snippet"
_MOST_LINES = 20
"""Lines up to which output is written as comments."""
_LONG, _TIMES = 100, 4
"""Lines up to which an output fence may grow, and by how much it may if it is longer."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
"""Characters that a page cannot show, or that would make it read otherwise than it is."""


@dataclass(frozen=True, slots=True)
class UpdateRefusal:
    """An expectation that cannot be rewritten in place."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Update:
    """Edits for one page, and expectations that cannot be rewritten."""

    edits: tuple[Edit, ...]
    refused: tuple[UpdateRefusal, ...]


def update(page: Page, outcomes: Iterable[Outcome]) -> Update:
    """Rewrite the expectations of a page that differ from its outcomes on one device.

    Only snippets that ran to their end count; expectations that hold as they stand keep their spelling.
    """
    by_snippet = {o.id.rpartition("[")[0].partition("::")[2]: o for o in outcomes if o.path == page.path}
    edits: list[Edit] = []
    refused: list[UpdateRefusal] = []
    for at, snippet in enumerate(page.snippets):
        outcome = by_snippet.get(snippet.id)
        if outcome is None or outcome.outcome not in (Status.FAILED, Status.PASSED):
            continue
        different = {one.offset for one in outcome.compared if one.state is Comparison.DIFFERENT}
        for number, wanted in enumerate(snippet.expects):
            if wanted.line - snippet.line not in different:
                continue
            actual = _actual(wanted, outcome)
            written = _written(page, snippet, wanted, actual)
            if isinstance(written, UpdateRefusal):
                refused.append(written)
                continue
            edit = next((one for one in written if _reads_back(page, one, at, number, actual)), None)
            if edit is None:
                refused.append(UpdateRefusal(wanted.line, "its output cannot be distinguished from the text after it"))
            else:
                edits.append(edit)
    return Update(tuple(edits), tuple(refused))


def _actual(wanted: Expectation, outcome: Outcome) -> str:
    """The output that the page should show."""
    if wanted.statement is None:
        return output_of(_expected(wanted), ActualOutput(outcome.stdout, outcome.printed))
    found = next((p for p in outcome.printed if p.statement == wanted.statement), Printed((0, 0), ()))
    texts = found.texts
    if wanted.value and not any(texts):
        texts = tuple(value[0] for value in found.values if value is not None)
    return texts[0] if len(set(texts)) == 1 else "".join(texts)


def _reads_back(page: Page, edit: Edit, at: int, number: int, actual: str) -> bool:
    """Whether the page, after this edit alone, expects the printed output at the same position."""
    again = Page.parse(Source(page.path, apply_edits(page.source.text, (edit,))), policy=page.policy)
    if at >= len(again.snippets) or number >= len(again.snippets[at].expects):
        return False
    wanted = again.snippets[at].expects[number]
    return wanted.statement == page.snippets[at].expects[number].statement and holds(_expected(wanted), actual)


def _expected(wanted: Expectation) -> ExpectedOutput:
    text, form, last, shows = wanted.text, wanted.form, wanted.last, wanted.shows
    return ExpectedOutput(0, text, wanted.statement, form, wanted.value, wanted.short, last=last, shows=shows)


def _written(page: Page, snippet: Snippet, wanted: Expectation, actual: str) -> list[Edit] | UpdateRefusal:
    """Possible edits that write the output, in order of preference."""
    control = _CONTROL.search(actual)
    if control is not None:
        return UpdateRefusal(wanted.line, f"what it prints has control characters ({visible(control[0])})")
    lines = [line.rstrip() for line in LINE_END.split(actual.strip("\r\n"))]
    if wanted.block:
        return _below(page, snippet, wanted, lines if actual.strip("\r\n") else [])
    if wanted.statement is None:
        return _fence(page, wanted, actual)
    if len(lines) > 1:
        return (
            _comments(page, snippet, wanted, lines) if len(lines) <= _MOST_LINES else UpdateRefusal(wanted.line, _MANY)
        )
    if wanted.form is Form.OUTPUT:
        return [Edit(wanted.span, lines[0])]
    span = wanted.span if wanted.short is None else Span(wanted.span.start, wanted.span.start + wanted.short)
    found = [Edit(span, text) for text in (*_values(lines[0], quoted=wanted.text[-1:] in "'\""), lines[0])]
    if wanted.comment is not None:
        # Replaces only the value and keeps a remark behind it; parsing the result shows whether that works.
        end = span.end if page.source.text[span.end : wanted.comment.end].strip() else wanted.comment.end
        found.append(Edit(Span(wanted.comment.start, end), f"#> {lines[0]}"))
    return found


def _comments(page: Page, snippet: Snippet, wanted: Expectation, lines: list[str]) -> list[Edit]:
    """Several lines as comments: in the lines of a value that has several, else marked, below the statement."""
    text = page.source.text
    found: list[Edit] = []
    at = snippet.fence.lines[wanted.line - snippet.line - 1]
    code = snippet.fence.lines[(wanted.of_line or 0) - snippet.line - 1].of(text)
    comment = text.rindex("#", at.start, wanted.span.start)
    is_below = not text[at.start : comment].strip()
    if wanted.form is not Form.OUTPUT and (is_below or "\n" in wanted.text):
        further = page.source.lines.line(wanted.line + (not is_below)).start
        before = text[further : text.index("#", further) + 1]
        found.append(Edit(wanted.span, f"{_newline(text)}{before} ".join(lines)))
    prefix = text[page.source.lines.line(wanted.line).start : at.start]
    indented = text[at.start : comment] if is_below else code[: len(code) - len(code.lstrip())]
    marked = [f"{prefix}{indented}#> {line}".rstrip() for line in lines]
    body = _newline(text).join(marked)
    if is_below:
        found.append(Edit(Span(at.start - len(prefix), wanted.span.end), body))
    else:
        start = at.start + len(text[at.start : comment].rstrip())
        found.append(Edit(Span(start, wanted.span.end), _newline(text) + body))
    return found


def _values(line: str, *, quoted: bool) -> Iterator[str]:
    """The line as a value: the whole line, or the part after a label."""
    if quoted and not value_forms.is_value(line):
        yield repr(line)
    if value_forms.is_value(line):
        yield line
        return
    words = line.split(" ")
    for first in range(1, len(words)):
        text = " ".join(words[first:])
        if value_forms.is_value(text):
            yield text.strip()
            return


def _fence(page: Page, wanted: Expectation, actual: str) -> list[Edit] | UpdateRefusal:
    """The body of an output fence."""
    text = page.source.text
    lines = [line.rstrip() for line in LINE_END.split(actual.rstrip("\r\n"))]
    if not actual.strip():
        return UpdateRefusal(wanted.line, "nothing is printed to standard output: remove the output fence")
    if len(lines) > max(_LONG, _TIMES * len(wanted.text.split("\n"))):
        return UpdateRefusal(wanted.line, f"it prints {len(lines)} lines, many more than are shown")
    fence = next((f for f in page.structure.fences if f.span.start <= wanted.span.start <= f.span.end), None)
    marks = text[fence.span.start] if fence else "`"
    if any(line.lstrip().startswith(marks * 3) for line in lines):
        return UpdateRefusal(wanted.line, "what it prints would end the output fence")
    start = page.source.lines.line(page.source.lines.line_of(fence.span.start if fence else wanted.span.start)).start
    prefix = text[start : fence.span.start] if fence else ""
    end = _newline(text)
    body = (end + prefix).join(lines)
    if not wanted.span and fence and not fence.lines:
        body = prefix + body + end
    return [Edit(Span(wanted.span.start, wanted.span.end), body)]


def _below(page: Page, snippet: Snippet, wanted: Expectation, lines: list[str]) -> list[Edit] | UpdateRefusal:
    """Output on separate lines below the statement that writes it, with the same indentation."""
    if any(line.lstrip().startswith(">>>") for line in lines):
        return UpdateRefusal(wanted.line, "what it prints looks like a prompt")
    text = page.source.text
    at = snippet.fence.lines[(wanted.of_line or 0) - snippet.line - 1]
    code = at.of(text)
    start = page.source.lines.line(page.source.lines.line_of(at.start)).start
    prefix = text[start : at.start] + code[: len(code) - len(code.lstrip())]
    end = _newline(text)
    body = "".join(f"{end}{prefix}{line}" if line else f"{end}{prefix}<BLANKLINE>" for line in lines)
    return [Edit(wanted.span, body)]


def _newline(text: str) -> str:
    found = LINE_END.search(text)
    return found[0] if found else "\n"
