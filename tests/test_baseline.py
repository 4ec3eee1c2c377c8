"""The baseline as a value: what is recorded is known, what is new is new, what is gone is mended."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbtools.check.baseline import Baseline, BaselineEntry, Comparison, Key
from kbtools.errors import KbError
from kbtools.text.diagnostics import Diagnostic, Severity
from kbtools.text.source import Source, Span

OLD, NEW = date(2026, 1, 1), date(2026, 11, 29)
NOTHING = Baseline()
WORDS = ["alpha", "beta", "가나", "x" * 500, "", "\ud800", '"\\', "a  b"]
RULES = ["broken-link", "orphan-page", "failing-snippet"]


@st.composite
def pages(draw: st.DrawFn) -> dict[str, list[str]]:
    lines = st.lists(st.sampled_from(WORDS), max_size=6)
    return draw(st.dictionaries(st.sampled_from(["a.md", "b/c.md", "문서.md"]), lines, max_size=3))


def found_on(held: dict[str, list[str]], above: int = 0) -> tuple[list[Diagnostic], dict[str, Source]]:
    """A finding on every line, by one rule or another, with some lines above it."""
    found, sources = [], {}
    for path, lines in held.items():
        text = "above\n" * above + "\n".join(lines)
        sources[path] = Source(path, text)
        at = 6 * above
        for line in lines:
            rule = RULES[len(line) % len(RULES)]
            about = f"cpu: {line}" if rule == "failing-snippet" else None
            span = Span(at, at + len(line))
            found.append(Diagnostic(rule, Severity.ERROR, path, span, f"message of {at}", about=about))
            at += len(line) + 1
    return found, sources


def compare(baseline: Baseline, held: dict[str, list[str]], above: int = 0, answered: bool = True) -> Comparison:
    found, sources = found_on(held, above)
    return baseline.compare(found, sources.__getitem__, lambda _: answered)


def recorded(held: dict[str, list[str]], old: Baseline = NOTHING, day: date = OLD) -> Baseline:
    found, sources = found_on(held)
    return old.record(found, sources.__getitem__, day, lambda _: True)


@given(pages(), st.integers(0, 3))
def test_what_is_recorded_is_known_wherever_it_stands(held: dict[str, list[str]], above: int) -> None:
    baseline = recorded(held)
    beside = compare(baseline, held, above)
    assert beside.new == beside.mended == ()
    assert len(beside.known) == baseline.total
    assert {day for _, day in beside.known} <= {OLD}
    assert Baseline.parse(baseline.text()).text() == baseline.text()
    assert recorded(held, baseline, NEW) == baseline  # known ones keep their day


@given(pages(), pages())
def test_new_and_mended_are_what_differs(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    baseline = recorded(before)
    beside = compare(baseline, after)
    mended = sum(e.times for e in beside.mended)
    total = sum(map(len, after.values()))
    assert len(beside.new) + len(beside.known) == total
    assert baseline.total - mended == len(beside.known)
    pruned = baseline.prune(beside.mended)
    assert compare(pruned, after)[1:] == (beside.known, ())  # nothing new is accepted by it
    assert compare(recorded(after, baseline), after).new == ()
    assert compare(baseline, after, answered=False).mended == ()


def test_one_more_of_the_same_is_new_and_one_less_is_mended() -> None:
    baseline = recorded({"a.md": ["x", "x"]})
    assert len(compare(baseline, {"a.md": ["x", "x", "x"]}).new) == 1
    assert [e.times for e in compare(baseline, {"a.md": ["x"]}).mended] == [1]


def test_a_renamed_page_takes_its_entries_along() -> None:
    baseline = recorded({"a.md": ["x"], "b/c.md": ["y"]}).rename("a.md", "z.md")
    assert compare(baseline, {"z.md": ["x"], "b/c.md": ["y"]})[::2] == ((), ())


def test_the_file_is_a_line_an_entry() -> None:
    text = Baseline.of([BaselineEntry(Key("r", "b.md", "t"), OLD, 2), BaselineEntry(Key("r", "a.md", "t"), OLD)]).text()
    lines = text.split("\n")
    assert lines[1] == '{"page": "a.md", "rule": "r", "about": "t", "since": "2026-01-01"},'
    assert lines[2] == '{"page": "b.md", "rule": "r", "about": "t", "since": "2026-01-01", "count": 2}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "findings": []}',
        '{"version": 1}',
        '{"version": 1, "findings": [{}]}',
        '{"version": 1, "findings": [{"page": 1, "rule": "r", "about": "a", "since": "2026-01-01"}]}',
        '{"version": 1, "findings": [{"page": "p", "rule": "r", "about": "a", "since": "soon"}]}',
        '{"version": 1, "findings": [{"page": "p", "rule": "r", "about": "a", "since": "2026-01-01", "count": 0}]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_told_with_a_way_out(text: str) -> None:
    with pytest.raises(KbError) as caught:
        Baseline.parse(text)
    assert caught.value.hint
