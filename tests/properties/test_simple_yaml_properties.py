"""The short way through YAML beside the long one: what it reads, libyaml reads alike."""

from __future__ import annotations

from examples import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kbtools.fields.compose import read
from kbtools.fields.simple import read_simple
from kbtools.frontmatter import parse

# Whatever can stand on one line behind a colon or a dash, between bars.
WRITTEN = (
    "¦ ¦ a¦ a b ¦  x¦ \"q: #r\"¦ \"\" ¦ 'it'¦ ''¦ 'it''s'¦ \"a\\n\"¦ \"a\" b¦ [a, b-c]¦ []¦ [ ]¦ [a,, b]¦ [a, ]¦ [- a]"
    '¦ [-1, no]¦ [[a]]¦ ["a", b]¦ {}¦ a: b¦ a:b¦ a:¦ http://x.org/#y¦ C#¦ a #c¦ #c¦ # c¦ - a¦ -1¦ ? a¦ *a¦ &a b¦ !x¦ |'
    "¦ >-¦ @¦ 001¦ 0.9¦ 1e3¦ no¦ ~¦ null¦ 12:30:45¦ 2026-05-10¦ 2025-02-30¦ <<¦ =¦ .5¦ ...¦ ---"
    "¦ 2019-07-14 19:51:37 +0900¦ 텐서 연산¦ \u00a0x\u00a0¦ \u3000¦ é\u2028x¦ a\x85¦ \ufeff¦ \U0001f600¦ $x¦ (a)¦ ^"
    "¦ ;¦ /a¦ \\¦ \t¦ a\tb¦\ta¦ a\r¦ `a`¦ %a¦ ,a¦ ]¦x¦ " + "9" * 120
).split("¦")
good = st.sampled_from([written for written in WRITTEN if read_simple(f"k:{written}") is not None])
values = (
    good
    | good
    | good
    | st.sampled_from(WRITTEN)
    | st.text(st.characters(exclude_characters="\n"), max_size=4).map(" {}".format)
)
keys = st.sampled_from("abcdefghij") | st.sampled_from(
    ["a", "b", "title", "a b", "a ", "_x", "a-b", "1", "-a", "제목", "no", "<<", "'a'", "k" * 101]
)
fields = st.builds("{}:{}".format, st.sampled_from("abcdefghijklmnopqrst"), good)
below = st.lists(st.builds("  -{}".format, good)) | st.lists(st.builds("  {}:{}".format, keys, good))
holders = st.builds("{}:\n{}".format, st.sampled_from("uvwxyz"), below.map("\n".join))
margins = st.sampled_from(("", "", " ", "  ", "    "))
lines = st.one_of(
    st.builds("{}:{}".format, keys, values),
    st.builds("{}-{}".format, margins, values),
    st.builds("{}{}:{}".format, margins, keys, values),
    st.sampled_from(["", " ", "# c", "  # c", "#", "\t", "a", "...", "%YAML 1.1", "\r", "a:\r", "--- ", "\ufeff"]),
)
blocks = st.lists(fields | holders | lines, max_size=4).map("\n".join)


@example("a: b\n  - c")
@example("a:\n  - b\n  c: d")
@example("a:\n- b\nc:\n  d: e\n")
@example("a: b\n\n  # c\nd: [x y, z]  ")
@example("a:\n  b: \n  c:\n")
@settings(max_examples=examples(2000))
@given(blocks)
def test_what_is_read_without_a_parser_is_what_the_parser_reads(yaml: str) -> None:
    simple = read_simple(yaml)
    if simple is None:
        return
    found = read(yaml)
    assert repr(simple) == repr(found.data)
    assert found.mapping
    assert not found.problems
    assert not found.duplicates


@settings(max_examples=examples(300))
@given(blocks)
def test_places_asked_for_later_are_those_of_the_parser(yaml: str) -> None:
    page = f"---\n{yaml}\n---\n"
    if (simple := read_simple(f"{yaml}\n")) is None or (found := parse(page)) is None or len(found.span) != len(page):
        return
    assert found.data == simple
    rows = read(f"{yaml}\n").rows
    assert list(found.entries) == list(rows)
    for path, (key_start, key_end, start, end, raw) in rows.items():
        entry = found.entries[path]
        assert entry.raw == raw
        assert entry.value.of(page) == yaml[start:end]
        assert (entry.key.of(page) if entry.key else "") == (yaml[key_start:key_end] if key_start >= 0 else "")


def test_ordinary_pages_need_no_parser() -> None:
    yaml = (
        "id: wiki-2026-0508-pytorch\ntitle: PyTorch 기초\naliases:\n  - 파이토치\n  - Torch\ntags: [a, b]\n"
        'confidence_score: 0.9\nduplicate_of: "[[X]]"\nlast_reinforced: 2026-05-10\n# comment\n\n'
        "tech_stack:\n  language: Python\n  framework: 'PyTorch'\nraw_sources: []\nsummary : \n"
    )
    assert read_simple(yaml) is not None
