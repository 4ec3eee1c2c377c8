"""Reading frontmatter, saying what is wrong with it, and setting fields."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import frontmatter as python_frontmatter
import pytest
import yaml
from growth import assert_linear

from kbtools.errors import KbError
from kbtools.frontmatter import Frontmatter, KbYamlHandler, locate, parse, set_field, unclosed, wikilink_target
from kbtools.markdown.scanner import scan
from kbtools.text.diagnostics import Applicability, Problem, apply_edits

SUITE = Path(__file__).parent / "suites" / "frontmatter.md"
CASES = re.findall(
    r"^## (.+?)\n.*?^````yaml\n(.*?)^````\n\n```json\n(.*?)^```\n\n```problems\n(.*?)^```",
    SUITE.read_bytes().decode("utf-8"),
    re.MULTILINE | re.DOTALL,
)


def page(yaml_text: str) -> str:
    return f"---\n{yaml_text}---\n# Page\n"


def read(text: str) -> Frontmatter:
    found = parse(text)
    assert found is not None
    return found


def shown(text: str, problem: Problem) -> str:
    """A problem as the suite writes it."""
    out = f"{problem.rule} at `{problem.span.of(text)}`: {problem.message}\n  help: {problem.help}\n"
    if problem.fix:
        fixed = apply_edits(text, problem.fix.edits)
        lines = [n for n, o in zip(fixed.split("\n"), text.split("\n"), strict=True) if n != o]
        out += f"  {problem.fix.applicability.value} fix: {' / '.join(lines)}\n"
    return out.replace("\t", "→").replace("\0", "␀")


@pytest.mark.parametrize(("name", "text", "data", "problems"), CASES, ids=[c[0] for c in CASES])
def test_suite(name: str, text: str, data: str, problems: str) -> None:
    text = page(text.replace("→", "\t").replace("␀", "\0"))
    found = read(text)
    assert json.loads(json.dumps(found.data, default=str)) == json.loads(data)
    assert "".join(shown(text, p) for p in found.problems) == ("" if problems == "nothing\n" else problems)


@pytest.mark.parametrize(("name", "text", "data", "problems"), CASES, ids=[c[0] for c in CASES])
def test_fixes_remove_what_they_claim_and_keep_the_values(name: str, text: str, data: str, problems: str) -> None:
    """Every fix on its own takes its problem away; the safe ones together change no value that could be read."""
    text = page(text.replace("→", "\t").replace("␀", "\0"))
    found = read(text)
    safe = [p.fix for p in found.problems if p.fix and p.fix.applicability is Applicability.SAFE]
    for problem in found.problems:
        if problem.fix:
            after = read(apply_edits(text, problem.fix.edits))
            assert len(after.problems) == len(found.problems) - 1
    if safe:
        after = read(apply_edits(text, [e for fix in safe for e in fix.edits]))
        assert after.data == found.data
        assert len(after.problems) == len(found.problems) - len(safe)


@pytest.mark.parametrize("eol", ["\r\n", "\r"])
@pytest.mark.parametrize(("name", "text", "data", "problems"), CASES, ids=[c[0] for c in CASES])
def test_line_ends_do_not_matter(name: str, text: str, data: str, problems: str, eol: str) -> None:
    text = page(text)
    other = text.replace("\n", eol)
    here, there = read(text), read(other)
    assert there.data == here.data
    assert [(p.rule, p.span.of(other), p.message) for p in there.problems] == [
        (p.rule, p.span.of(text).replace("\n", eol), p.message) for p in here.problems
    ]
    assert [e.value.of(other).replace(eol, "\n") for e in there.entries.values()] == [
        e.value.of(text) for e in here.entries.values()
    ]


# Where things stand


def test_every_key_and_value_has_its_span_in_code_points() -> None:
    text = page(
        "제목: 텐서 😀  # 설명\n😀k: 'x'\n목록:\n- a\n- \"b\"\n맵: {가: 1, 나: [2]}\n빈:\n글: |\n  한 줄\n\n끝: 1\n"
    )
    found = read(text)
    assert {path: (e.key and e.key.of(text), e.value.of(text), e.raw) for path, e in found.entries.items()} == {
        ("제목",): ("제목", "텐서 😀", "텐서 😀"),
        ("😀k",): ("😀k", "'x'", "x"),
        ("목록",): ("목록", '- a\n- "b"', ""),
        ("목록", 0): (None, "a", "a"),
        ("목록", 1): (None, '"b"', "b"),
        ("맵",): ("맵", "{가: 1, 나: [2]}", ""),
        ("맵", "가"): ("가", "1", "1"),
        ("맵", "나"): ("나", "[2]", ""),
        ("맵", "나", 0): (None, "2", "2"),
        ("빈",): ("빈", "", ""),
        ("글",): ("글", "|\n  한 줄", "한 줄\n"),
        ("끝",): ("끝", "1", "1"),
    }
    assert text[found.entries[("빈",)].value.start - 1] == ":"


@pytest.mark.parametrize(("written", "value"), [("001", 1), ("no", False), ("12:30:45", 45045), ("0o7", "0o7")])
def test_raw_is_the_text_before_yaml_gives_it_a_type(written: str, value: object) -> None:
    found = read(page(f"title: {written}\n"))
    assert found.data["title"] == value
    assert found.entries[("title",)].raw == written


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closing", ["---", "...", "--- \t"])
def test_the_block_includes_the_closing_line(eol: str, closing: str) -> None:
    text = eol.join(("--- ", "a: 1", closing, "body"))
    span = locate(text)
    assert span is not None
    assert text[span.end :] == "body"
    assert read(text).span == span == scan(text).frontmatter
    assert read(text).data == {"a": 1}


@pytest.mark.parametrize(
    "text", ["", "---", "----\na: 1\n---\n", " ---\na: 1\n---\n", "---\n\ntext\n", "\n---\na: 1\n---\n"]
)
def test_no_frontmatter(text: str) -> None:
    assert parse(text) is None
    assert unclosed(text) == ()


@pytest.mark.parametrize("text", ["---\n---\n", "---\n\n---\n", "---\n# only a comment\n---\n", "---\nnull\n---"])
def test_empty_frontmatter(text: str) -> None:
    assert read(text).data == {}
    assert read(text).problems == ()


def test_frontmatter_that_is_never_closed_is_reported_at_its_opener() -> None:
    text = "---\r\n\r\n# c\r\ntitle: x\r\n\r\n# Body\r\n"
    assert parse(text) is None
    (problem,) = unclosed(text)
    assert (problem.rule, problem.span.of(text)) == ("invalid-yaml", "---")


def test_a_second_block_directly_after_the_first() -> None:
    text = "---\na: 1\n---\n\n---\nb: 2\n---\nbody\n"
    found = read(text)
    assert found.data == {"a": 1}
    (problem,) = found.problems
    assert (problem.rule, problem.span.of(text)) == ("repeated-frontmatter", "---\nb: 2\n---\n")
    assert read("---\na: 1\n---\n\n---\n\nA rule above and below.\n\n---\n").problems == ()


# What no page may do


def deep(text: str) -> str:
    return page(f"a: {text}\nb: 1\n")


BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]\n  k{i}: 1\n" for i in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (deep("[" * 30_000), "nested more than 50"),
        (deep("[" * 30_000 + "]" * 30_000), "nested more than 50"),
        (deep("{a: " * 30_000), "nested more than 50"),
        (page("- " * 60_000 + "x\n"), "holds `key: value`"),
        (page("a:\n  " + "- " * 60_000 + "x\nb: 1\n"), "nested more than 50"),
        (page(BOMB), "repeat more than 1,000"),
        (page(MERGES), "repeat more than 1,000"),
        (page("a: |\n" + "  x\n" * 2_500_000), "characters long"),
        (page("".join(f"k{i}: v\n" for i in range(20_500))), "more than 20,000 values"),
        (page("a: [" + "1," * 30_000 + "]\n"), "more than 20,000 values"),
        (page("a: !!python/object/apply:os.system ['false']\nb: 1\n"), "`!!python/object/apply:os.system` is not read"),
        (page("a: !!python/name:os.system ''\nb: 1\n"), "is not read here"),
        (page("a: " + "1:" * 60_000 + "1\nb: x: y\n"), "a colon and a blank"),
        (page("a: " + "9" * 100 + "\nb: " + "9" * 200_000 + "\nc: x: y\n"), "a colon and a blank"),
        (page('a: "' + "\\" * 100_001 + '"\n'), ""),
        (page("a: b: c\n" * 5_000), "a colon and a blank"),
        (page("@\n" * 50_000), ""),
        (page("[[" * 50_000 + "\n"), ""),
        (page("a: " + "[[x " * 50_000 + "\nb: 1\n"), ""),
        (page("a" + " " * 200_000 + ":x\n"), ""),
        (page("\0" * 200_000 + "\n"), "and 199,999 more"),
        (page("a\0" * 100_000 + "\n"), "and 99,999 more"),
    ],
    ids=lambda v: (v[4:24] if v.startswith("---") else "") if isinstance(v, str) else "",
)
def test_bombs_are_refused_at_once(text: str, words: str) -> None:
    start = time.process_time()
    found = read(text)
    seconds = time.process_time() - start
    assert found.problems
    assert any(words in p.message for p in found.problems), found.problems[0].message
    assert len(found.problems) < 50
    assert seconds < 2, f"{seconds:.2f} s"


def test_a_nesting_bomb_costs_only_its_own_field() -> None:
    assert read(deep("[" * 30_000)).data == {"b": 1}


def test_bombs_expand_to_little() -> None:
    assert len(json.dumps(read(page(BOMB)).data)) < 20_000
    assert len(json.dumps(read(page(MERGES)).data)) < 200_000


def test_aliases_and_merge_keys_within_bounds_are_read() -> None:
    text = "base: &b {x: 1, y: 2}\nother:\n  <<: *b\n  y: 3\nagain: *b\nlist: &l [1]\nmore:\n  - *l\n"
    assert read(page(text)).data == yaml.safe_load(text)
    assert read(page(text)).problems == ()


def test_keys_are_the_text_as_written() -> None:
    assert read(page("no: a\n2024: b\n2026-05-10: c\n~: d\ncontent: e\nhandler: f\n")).data == {
        "no": "a",
        "2024": "b",
        "2026-05-10": "c",
        "~": "d",
        "content": "e",
        "handler": "f",
    }


def test_unreadable_fields_have_an_entry_and_no_value() -> None:
    text = page("a: 1\ncreated: {{date}}\nb: 2\n")
    found = read(text)
    assert found.data == {"a": 1, "b": 2}
    assert found.complete
    assert found.entries[("created",)].value.of(text) == "{{date}}"
    assert [path[0] for path in found.entries] == ["a", "created", "b"]


def test_many_broken_lines_end_the_reading() -> None:
    found = read(page("".join(f"k{i}: {{{{x}}}}\n" for i in range(100))))
    assert not found.complete
    assert len(found.problems) == 20


# Setting fields

PAGE = (
    "---\r\n# about\r\ntitle: 'x'  # keep\r\ntags: # why\r\n- a # 1\r\n- b\r\nstack:\r\n  language: Python\r\n"
    '  fw: "x"\r\nempty:\r\nal: [a,\r\n  b]\r\ntxt: |\r\n  hello\r\n\r\nlast: 1\r\n---\r\nbody: 1\r\n'
)


@pytest.mark.parametrize(
    ("field", "value", "old", "new"),
    [
        ("title", "it's: a", "'x'", "'it''s: a'"),
        ("title", "001", "'x'", "'001'"),
        ("title", None, "'x'", "null"),
        ("tags", ["x", "[[y]]"], "- a # 1\r\n- b", '- x\r\n- "[[y]]"'),
        ("tags", "s", "- a # 1\r\n- b", "  s"),
        ("tags", [], "- a # 1\r\n- b", "  []"),
        ("stack", {"a": 1}, 'language: Python\r\n  fw: "x"', "a: 1"),
        ("stack", "flat", '\r\n  language: Python\r\n  fw: "x"', " flat"),
        (("stack", "language"), ["a"], "Python", "[a]"),
        (("stack", "fw"), "y", '"x"', '"y"'),
        (("stack", "new"), "n: 1", "", '  new: "n: 1"\r\n'),
        (("new", "x"), 1, "", "new:\r\n  x: 1\r\n"),
        ("empty", 5, "", " 5"),
        (("empty", "z"), 2, "", " {z: 2}"),
        ("al", ["q"], "[a,\r\n  b]", "[q]"),
        ("txt", "1", "|\r\n  hello", '"1"'),
        ("last", date(2026, 5, 10), "1", "2026-05-10"),
        ("last", 1e-7, "1", "1.0e-07"),
        ("neu", "한글", "", "neu: 한글\r\n"),
        (("tags", 1), "zz", "b", "zz"),
        ("a: b", "no", "", '"a: b": "no"\r\n'),
        ("last", "\u2028\x85 \t\n", "1", '"\\u2028\\x85 \\t\\n"'),
    ],
)
def test_setting_replaces_only_what_it_must(field: str, value: object, old: str, new: str) -> None:
    edit = set_field(PAGE, field, value)
    assert (edit.span.of(PAGE), edit.replacement) == (old, new)


def test_a_new_field_is_the_last_line_of_the_block() -> None:
    after = apply_edits(PAGE, [set_field(PAGE, "neu", 1)])
    assert after == PAGE.replace("last: 1\r\n---", "last: 1\r\nneu: 1\r\n---")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "---\na: 1\n---\n"),
        ("# Hi\r\n", "---\r\na: 1\r\n---\r\n\r\n# Hi\r\n"),
        ("\n# Hi\n", "---\na: 1\n---\n\n# Hi\n"),
        ("---\n---\nx", "---\na: 1\n---\nx"),
        ("---\n  b: 2\n---\nx", "---\n  b: 2\n  a: 1\n---\nx"),
        ("---\n{}\n---\nx", "---\na: 1\n---\nx"),
        ("---\r\n{ }\r\n---\r\nx", "---\r\na: 1\r\n---\r\nx"),
        ("---\n{b: 2}\n---\nx", "---\n{b: 2, a: 1}\n---\nx"),
        ("---\n{b: [2, 3],}\n---\nx", "---\n{b: [2, 3], a: 1}\n---\nx"),
        ("---\n{b: {c: 2}} # }\n---\nx", "---\n{b: {c: 2}, a: 1} # }\n---\nx"),
    ],
)
def test_a_first_field(text: str, expected: str) -> None:
    assert apply_edits(text, [set_field(text, "a", 1)]) == expected


@pytest.mark.parametrize(
    ("text", "field", "value", "words"),
    [
        ("---\na: 1\n\n# Body\n", "a", 2, "never closed"),
        ("---\na: 1\n---\n", ("a", "b"), 2, "is not a mapping"),
        ("---\na: 1\n---\n", "b", "\ud800", "surrogate"),
        ("---\na: 1\n---\n", "b", object(), "cannot be written"),
        ("---\na: 1\n---\n", (), 1, "no field"),
        ("---\na: &x 1\nb: *x\n---\n", "a", 2, "without touching other fields"),
    ],
)
def test_setting_refuses_what_it_cannot_do_safely(text: str, field: str, value: object, words: str) -> None:
    with pytest.raises(KbError, match=re.escape(words)) as caught:
        set_field(text, field, value)
    assert caught.value.hint


# python-frontmatter's users


def test_python_frontmatter_reads_through_our_handler() -> None:
    post = python_frontmatter.loads("\ufeff---\ntitle: 텐서\nof: [[A]]\n---\n\nbody\n", handler=KbYamlHandler())
    assert post.metadata == {"title": "텐서", "of": "[[A]]"}
    assert post.content == "body"
    assert python_frontmatter.loads("no metadata", handler=KbYamlHandler()).content == "no metadata"
    assert python_frontmatter.parse("---\ncontent: 1\nhandler: 2\n---\n", handler=KbYamlHandler())[0] == {
        "content": 1,
        "handler": 2,
    }


@pytest.mark.parametrize(
    "text", [deep("[" * 30_000), page("a: 1\na: 2\n"), page(MERGES), page("a: !!int x\n"), page("a: 2025-02-30\n")]
)
def test_the_handler_raises_what_callers_of_yaml_expect(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"line \d+, column \d+: "):
        python_frontmatter.loads(text, handler=KbYamlHandler())


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("[[Title]]", "Title"),
        (" [[Title#a|b]] ", "Title"),
        ("[[텐서 연산\\|x]]", "텐서 연산"),
        ("![[a/b.md]]", "a/b.md"),
        ("Title", None),
        ("[[]]", None),
        ("[[#a]]", None),
        ("[[A]] [[B]]", None),
        ("[[A]]s", None),
    ],
)
def test_wikilink_target(value: str, target: str | None) -> None:
    assert wikilink_target(value) == target


def test_the_time_is_linear_in_the_text() -> None:
    """P11, on shapes that make careless regular expressions quadratic: twice the text, at most 2.5 times the time."""
    shapes: tuple[Callable[[int], str], ...] = (
        lambda n: page("a: " + "[[x] " * n + "\nb: 1\n"),
        lambda n: page("a" + " " * n * 5 + ":x\nb: 1\n"),
        lambda n: page("a: '" + "it's " * n + "'\nb: 1\n"),
        lambda n: page("a: " + "- x " * n + "\n"),
        lambda n: "---\n" + "\r\n" * n * 2 + "x",
        lambda n: page("k: v\n" * n),
        lambda n: page("a: " + ": " * n * 2 + "\n"),
    )
    for shape in shapes:

        def work(size: int, shape: Callable[[int], str] = shape) -> Callable[[], object]:
            text = shape(size)
            return lambda: (parse(text), unclosed(text))

        assert_linear(work, 4_000)


def test_dates_keep_their_zone() -> None:
    assert read(page("at: 2026-05-10T10:00:00Z\n")).data["at"] == datetime(2026, 5, 10, 10, tzinfo=UTC)
