"""Diagnostics as people and machines read them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from kbtools.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from kbtools.output import junit, machine, text
from kbtools.source import Source, Span


def finding(page: str, marked: str, **more: object) -> tuple[Diagnostic, text.Sources]:
    at = page.index(marked)
    fields: dict[str, object] = {"message": "no", "help": None, "fix": None, **more}
    d = Diagnostic("broken-link", Severity.ERROR, "a.md", Span(at, at + len(marked)), **fields)  # type: ignore[arg-type]
    return d, lambda _: Source("a.md", page)


def block(page: str, marked: str, **more: object) -> list[str]:
    d, sources = finding(page, marked, **more)
    return "".join(text.full([d], sources)).rstrip("\n").split("\n")


def test_the_caret_stands_under_wide_characters() -> None:
    lines = block("이것은 [[텐서 연산자]]와 같다.", "텐서 연산자")
    assert lines[1] == " --> a.md:1:7"
    assert text.width(lines[3].partition("텐서")[0]) == text.width(lines[4].partition("^")[0])
    assert lines[4].count("^") == text.width("텐서 연산자") == 11


@pytest.mark.parametrize(
    ("page", "marked", "columns"),
    [
        ("a\tb c", "c", 1),
        ("e\u0301 x", "x", 1),
        ("한 x", "x", 1),
        ("😀 x", "x", 1),
        ("x", "x", 1),
        ("\u1112\u1161\u11ab x", "x", 1),
    ],
)
def test_the_caret_is_right_behind_tabs_marks_jamo_and_emoji(page: str, marked: str, columns: int) -> None:
    lines = block(page, marked)
    before = lines[3].rpartition(marked)[0]
    assert text.width(before) == text.width(lines[4].partition("^")[0])
    assert lines[4].count("^") == columns


def test_a_span_over_lines_is_marked_to_the_first_line_s_end() -> None:
    assert block("ab\ncd", "b\nc")[4].endswith("|  ^")


def test_a_long_line_is_cut_around_the_span() -> None:
    lines = block("x" * 5000 + "HERE" + "y" * 5000, "HERE")
    assert len(lines[3]) < 200
    assert lines[3].index("HERE") == lines[4].index("^^^^")


def test_nothing_in_a_page_moves_the_cursor() -> None:
    lines = block("\x1b[31mred\u202e\x00 x", "x", message="a\nb\x1b[0m")
    assert not any(c in "".join(lines) for c in "\x1b\u202e\x00")


def test_color_only_when_asked() -> None:
    d, sources = finding("x", "x")
    assert "\x1b[" not in "".join(text.full([d], sources))
    assert "\x1b[1;31m" in "".join(text.full([d], sources, color=True))


def test_concise() -> None:
    d, sources = finding("a\r\nb x", "x")
    assert list(text.concise([d], sources)) == ["a.md:2:3: error[broken-link] no"]


def test_json_is_the_contract_s() -> None:
    fix = Fix("write y", Applicability.SAFE, (Edit(Span(2, 3), "y"),))
    d, sources = finding("a x", "x", help="h", fix=fix)
    place = {"start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4}}
    assert json.loads(machine.to_json([d], sources, {"pages": 1})) == {
        "version": 1,
        "diagnostics": [
            {
                "rule": "broken-link",
                "severity": "error",
                "path": "a.md",
                **place,
                "message": "no",
                "help": "h",
                "fix": {"title": "write y", "applicability": "safe", "edits": [{**place, "replacement": "y"}]},
            }
        ],
        "summary": {"pages": 1},
    }


def test_json_survives_lone_surrogates() -> None:
    d, sources = finding("x", "x", message="\ud800")
    machine.to_json([d], sources, {}).encode("utf-8")


def test_github_escapes() -> None:
    d, sources = finding("x", "x", message="50%,\nnext: line")
    (line,) = machine.to_github([d], sources, "docs/")
    assert line == ("::error file=docs/a.md,line=1,endLine=1,col=1,endColumn=2,title=broken-link::50%25,%0Anext: line")


def test_sarif() -> None:
    d, sources = finding("가 x", "x")
    log = json.loads(machine.to_sarif([d], sources, {"broken-link": (Severity.ERROR, "short", "long")}, "docs/"))
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "broken-link"
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "docs/a.md"
    assert location["region"] == {"startLine": 1, "startColumn": 3, "endLine": 1, "endColumn": 4}


def test_junit_is_xml_whatever_the_page_says() -> None:
    d, sources = finding("x", "x", message='<&"\x00\ud800>')
    suite = ElementTree.fromstring(junit.diagnostics_as_junit([d], sources, ["a.md", "b.md"])).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [c.get("name") for c in suite] == ["a.md", "b.md"]
