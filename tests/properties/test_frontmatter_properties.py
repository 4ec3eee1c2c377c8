"""Properties of reading and setting frontmatter (P1, P2, P3, P5, P6)."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbtools.errors import KbError
from kbtools.fields.scalars import UnreadableScalar, is_plain, quoted, typed
from kbtools.fields.schema import Schema, validate
from kbtools.frontmatter import Frontmatter, locate, parse, set_field, unclosed, wikilink_target
from kbtools.text.diagnostics import apply_edits

TOPIC = Schema.load("topic")

any_text = st.text(alphabet=st.characters(), max_size=40)
pieces = st.lists(
    st.sampled_from(
        [
            "a",
            "title",
            "텐서",
            "😀",
            ": ",
            ":",
            "- ",
            "\n",
            "\n  ",
            "\r\n",
            "\r",
            "\t",
            " ",
            "#",
            " #",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "{{",
            "}}",
            ",",
            ", ",
            '"',
            "'",
            "\\",
            "|",
            ">",
            "&a ",
            "*a",
            "<<: *a",
            "!!int ",
            "!",
            "@",
            "`",
            "%",
            "? ",
            "001",
            "2026-05-10",
            "no",
            "~",
            "=",
            "---",
            "...",
            "\n---\n",
            "\x00",
            "\x85",
            "\u2028",
            "\ufeff",
            "\ud800",
            "\x0c",
        ]
    )
    | st.text(max_size=3),
    max_size=40,
).map("".join)
lines = st.lists(
    st.sampled_from(
        [
            "a: 1",
            "b: x: y",
            "c:",
            "- x",
            "  - @y",
            "  d: 2",
            "title: [[A]]",
            "t: [[A]] b",
            "e: {{x}}",
            "f: [1,",
            "]",
            "g: &a {h: 1}",
            "i: *a",
            "  <<: *a",
            "j: |",
            "  text",
            "# c",
            "",
            'k: "q" r',
            "l: 'it's'",
            "\tm: 1",
            "n:o",
            "a: 2",
            "p: [- a - b]",
            "foo",
        ]
    ),
    max_size=12,
).map(lambda parts: "".join(part + "\n" for part in parts))
bodies = pieces | lines

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.dates(min_value=date(1000, 1, 1))
    | st.datetimes(min_value=datetime(1000, 1, 1))
    | st.text(max_size=30)
    | st.sampled_from(
        [
            "no",
            "001",
            "1:30",
            "a: b",
            "- x",
            "[[A]]",
            "#",
            "'",
            '"',
            "\\",
            "---",
            "a #b",
            "😀",
            "null",
            "<<",
            "=",
            "1e3",
        ]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6).filter(lambda k: k != "<<"), inner, max_size=3)
    ),
    max_leaves=6,
)


def page(body: str, eol: str = "\n") -> str:
    return f"---{eol}{body}{eol}---{eol}body: 1{eol}"


@given(any_text | bodies | bodies.map(page))
def test_total_and_in_bounds(text: str) -> None:
    found = parse(text)
    for problem in unclosed(text):
        assert 0 <= problem.span.start < problem.span.end <= len(text)
    assert (found is None) == (locate(text) is None)
    if found is None:
        return
    assert text[: found.span.end] == found.span.of(text)
    for path, entry in found.entries.items():
        spans = [s for s in (entry.key, entry.value) if s is not None]
        assert (entry.key is None) == isinstance(path[-1], int)
        for span in spans:
            assert found.span.start <= span.start <= span.end <= found.span.end
        if entry.key is not None:
            assert entry.key.end <= entry.value.start
        around = found.entries.get(path[:-1])
        if around is not None:
            assert around.value.start <= spans[0].start
            assert entry.value.end <= around.value.end
    for problem in found.problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
        assert problem.message
        if problem.fix:
            apply_edits(text, problem.fix.edits)
    validate(found, TOPIC)


@given(bodies)
def test_safe_fixes_remove_their_problems_and_change_no_value(body: str) -> None:
    text = page(body)
    found = parse(text)
    assert found is not None
    for problem in found.problems:
        if problem.fix is None or problem.fix.applicability.value != "safe":
            continue
        after = parse(apply_edits(text, problem.fix.edits))
        assert after is not None
        rules = [(p.rule, p.message) for p in after.problems]
        assert len(rules) < len(found.problems) or not found.complete, (problem, after.problems)
        assert repr(after.data) == repr(found.data) or not found.complete, problem


@given(st.text(alphabet="\n a#가", max_size=20), lines)
def test_text_behind_changes_nothing(more: str, body: str) -> None:
    here = parse(page(body))
    there = parse(page(body) + "x" + more)
    assert here is not None
    assert there is not None
    assert (there.data, there.entries, there.problems) == (here.data, here.entries, here.problems)


@given(lines)
def test_line_ends_do_not_matter(body: str) -> None:
    here, there = parse(page(body)), parse(page(body).replace("\n", "\r\n"))
    assert here is not None
    assert there is not None
    assert there.data == here.data
    assert [(p.rule, p.message) for p in there.problems] == [(p.rule, p.message) for p in here.problems]


def same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    return type(one) is type(other) and one == other


SOUND = (
    "# c\na: 1 # d\nb:\n- x\n- y # z\nc: {d: 1}\n\ne: 'f'\ng: |\n  h\n\nlast:",
    'a: [x,\n  y]\nb:\n  c: 1\n  d:\n    - 1\ne: "z"',
    "# nothing yet",
    "  a: 1\n  b: 2",
)


@given(
    st.sampled_from(SOUND),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(
        ["a", "b", "c", "e", "g", "last", "neu", ("b", "c"), ("c", "d"), ("b", "neu"), ("new", "x"), ("b", 1)]
    ),
    values,
)
def test_set_field_then_parse_returns_the_value_and_keeps_all_else(
    body: str, eol: str, path: str | tuple[str | int, ...], value: object
) -> None:
    text = page(body.replace("\n", eol), eol)
    before = parse(text)
    assert before is not None
    keys = (path,) if isinstance(path, str) else path
    held = before.data.get(str(keys[0]))
    if len(keys) > 1 and not (
        isinstance(held, dict | None) if isinstance(keys[1], str) else isinstance(held, list) and len(held) > 1
    ):
        with pytest.raises(KbError, match="is not a mapping"):
            set_field(text, path, value)
        return
    edit = set_field(text, path, value)
    after = parse(apply_edits(text, [edit]))
    assert after is not None
    read = after.data
    for key in keys:
        read = read[key]  # type: ignore[index, assignment]
    assert same(read, value)
    assert {k: v for k, v in after.data.items() if k != keys[0]} == {
        k: v for k, v in before.data.items() if k != keys[0]
    }
    assert after.problems == ()
    replaced = text[edit.span.start : edit.span.end]
    assert all(replaced.count(mark) == 0 for mark in ("# c", "# d"))
    assert eol == "\n" or "\n" not in edit.replacement.replace(eol, "")


@given(bodies, st.text(max_size=8), scalars)
def test_set_field_is_right_or_refuses(body: str, key: str, value: object) -> None:
    text = page(body)
    try:
        edit = set_field(text, key, value)
    except KbError:
        return
    after = parse(apply_edits(text, [edit]))
    assert isinstance(after, Frontmatter)
    assert same(after.data[key], value)


@given(st.text(max_size=40) | st.text(alphabet="a0 -?:!&*.,'\"#|>@%`=<~[]{}\\\n", max_size=8))
def test_quoting_and_plain_words_read_back(text: str) -> None:
    for written in (quoted(text), quoted(text, "'"), *([text] if is_plain(text) else [])):
        for body in (f"k: {written}", f"k: [{written}]", f"k: {{x: {written}}}", f"k:\n- {written}"):
            found = parse(page(body))
            assert found is not None
            assert found.problems == ()
            value = found.data["k"]
            while not isinstance(value, str):
                value = value[0] if isinstance(value, list) else value["x"]  # type: ignore[index]
            assert value == text


@given(any_text)
def test_scalars_are_typed_or_refused(text: str) -> None:
    try:
        value = typed(text)
    except UnreadableScalar:
        return
    assert value is None or isinstance(value, str | bool | int | float | date)
    assert not isinstance(value, str) or value == text


@given(any_text | pieces)
def test_wikilink_target_is_total(text: str) -> None:
    target = wikilink_target(text)
    assert target is None or (target and target in text)
