"""Edits, places and bytes (P3): no edit, no change; text outside edits stays; overlapping edits are refused."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbtools.text.diagnostics import Edit, OverlappingEdits, apply_edits
from kbtools.text.source import LineIndex, Position, Source, Span

texts = st.text(st.sampled_from("ab\n\r\t가😀\u2028\x0c\x85\ufeff\x00") | st.characters(), max_size=30)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(texts)
    place = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(place, place, st.text(max_size=3)), max_size=5))
    return text, [Edit(Span(min(a, b), max(a, b)), new) for a, b, new in pairs]


@given(texts)
def test_no_edit_no_change(text: str) -> None:
    assert apply_edits(text, ()) == text


@given(edited())
def test_text_outside_edits_stays_and_overlaps_are_refused(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    ordered = sorted(dict.fromkeys(edits), key=lambda edit: (edit.span.start, edit.span.end))
    if any(a.span.end > b.span.start for a, b in pairwise(ordered)):
        with pytest.raises(OverlappingEdits):
            apply_edits(text, edits)
        return
    out = apply_edits(text, edits)
    assert apply_edits(text, [*edits, *edits]) == out
    at = written = 0
    for edit in ordered:
        kept = text[at : edit.span.start]
        assert out[written : written + len(kept)] == kept
        written += len(kept)
        assert out.startswith(edit.replacement, written)
        at, written = edit.span.end, written + len(edit.replacement)
    assert out[written:] == text[at:]


def test_insertions_at_one_place_stand_in_the_order_given() -> None:
    words = [Edit(Span(1, 1), word) for word in ("b", "c", "d", "e")]
    assert apply_edits("af", words) == "abcdef"
    assert apply_edits("af", words[::-1]) == "aedcbf"


@given(st.integers(0, 9), st.integers(0, 9))
def test_an_edit_outside_the_text_is_refused(start: int, end: int) -> None:
    if start <= end <= 4:
        apply_edits("text", [Edit(Span(start, end), "")])
    else:
        with pytest.raises(ValueError, match="outside"):
            apply_edits("text", [Edit(Span(start, end), "")])


@given(st.binary(max_size=30) | texts.map(lambda text: text.encode("utf-8", "surrogatepass")), st.booleans())
def test_a_file_read_and_written_has_the_same_bytes(data: bytes, bom: bool) -> None:
    data = b"\xef\xbb\xbf" + data if bom else data
    try:
        source = Source.decode("a.md", data)
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")
        return
    assert source.encode() == data
    assert source.bom == data.startswith(b"\xef\xbb\xbf")


@given(texts)
def test_lines_and_offsets_lead_to_each_other(text: str) -> None:
    index = LineIndex(text)
    lines = re.split(r"\r\n|\r|\n", text)
    assert len(index) == len(lines)
    assert [index.line(n + 1).of(text) for n in range(len(lines))] == lines
    for offset in range(len(text) + 1):
        position = index.position(offset)
        span = index.line(position.line)
        assert position == Position(index.line_of(offset), offset - span.start + 1)
        assert index.offset(position) == min(offset, span.end)
