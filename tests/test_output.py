"""Diagnostics as people and machines read them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kbtools.cli import main
from kbtools.output import FORMATS, overview, render, sarif, text
from kbtools.output.findings import Findings, Sources, most_important
from kbtools.output.github import LIMIT
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.text.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from kbtools.text.source import Source, Span


def finding(page: str, marked: str, **more: object) -> tuple[Diagnostic, Sources]:
    at = page.index(marked)
    fields: dict[str, object] = {"message": "no", "help": None, "fix": None, **more}
    d = Diagnostic("broken-link", Severity.ERROR, "a.md", Span(at, at + len(marked)), **fields)  # type: ignore[arg-type]
    return d, lambda _: Source("a.md", page)


def lines_of(form: str, d: Diagnostic, sources: Sources, **more: object) -> list[str]:
    fields: dict[str, object] = {"pages": ("a.md",), "prefix": "docs/", **more}
    return list(render(form, Findings((d,), sources, **fields)))  # type: ignore[arg-type]


def block(page: str, marked: str, **more: object) -> list[str]:
    d, sources = finding(page, marked, **more)
    return "".join(lines_of("full", d, sources)).rstrip("\n").split("\n")


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
    assert "\x1b[" not in "".join(lines_of("full", d, sources))
    assert "\x1b[1;31m" in "".join(lines_of("full", d, sources, color=True))


def test_concise() -> None:
    d, sources = finding("a\r\nb x", "x")
    assert lines_of("concise", d, sources) == ["a.md:2:3: error[broken-link] no"]


def test_json_is_the_contract_s() -> None:
    fix = Fix("write y", Applicability.SAFE, (Edit(Span(2, 3), "y"),))
    d, sources = finding("a x", "x", help="h", fix=fix)
    place = {"start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4}}
    (text_,) = lines_of("json", d, sources, seconds=0.5)
    assert json.loads(text_) == {
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
        "summary": {"pages": 1, "errors": 1, "warnings": 0, "infos": 0, "seconds": 0.5},
    }


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_survives_lone_surrogates_and_finds_nothing_too(form: str) -> None:
    d, sources = finding("x", "x", message="\ud800")
    "".join(lines_of(form, d, sources)).encode("utf-8", "replace")
    list(render(form, Findings((), sources)))


def test_github_escapes() -> None:
    d, sources = finding("x", "x", message="50%,\nnext: line")
    (line,) = lines_of("github", d, sources)
    assert line == ("::error file=docs/a.md,line=1,endLine=1,col=1,endColumn=2,title=broken-link::50%25,%0Anext: line")


def test_a_rare_finding_is_not_hidden_behind_many() -> None:
    rare, sources = finding("x y", "y")
    many = [rare._replace(rule="missing-attachment", span=Span(0, 1), message=str(n)) for n in range(200)]
    assert most_important([*many, rare])[0] is rare
    told = list(render("github", Findings((*many, rare), sources)))
    shown = [line for line in told if line.startswith("::error")]
    assert len(shown) == LIMIT
    assert "title=broken-link" in shown[0]
    assert "192 more" in shown[-1]
    assert sum(": error[" in line for line in told) == 201  # the log has all


def test_a_page_cannot_give_the_runner_commands_from_the_log() -> None:
    d, sources = finding("x", "x", message="::add-mask::docs")
    told = list(render("github", Findings((d,) * 20, sources)))
    stop = next(i for i, line in enumerate(told) if line.startswith("::stop-commands::"))
    token = told[stop].removeprefix("::stop-commands::")
    assert told[-2] == f"::{token}::"
    assert not any(token in line for line in told[stop + 1 : -2])


def test_sarif() -> None:
    fix = Fix("write y", Applicability.SAFE, (Edit(Span(2, 3), "y"),))
    d, sources = finding("가 x", "x", fix=fix)
    (text_,) = lines_of("sarif", d, sources, rules_url="https://example.org/{rule}.html")
    log = json.loads(text_)
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "broken-link"
    assert rule["helpUri"] == "https://example.org/broken-link.html"
    assert run["tool"]["driver"]["informationUri"] == "https://example.org/"
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "docs/a.md", "uriBaseId": "%SRCROOT%"}
    region = {"startLine": 1, "startColumn": 3, "endLine": 1, "endColumn": 4}
    assert location["region"] == region
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "y"}}]


def test_no_address_is_made_up() -> None:
    d, sources = finding("x", "x")
    assert not re.search(r"helpUri|informationUri", lines_of("sarif", d, sources)[0])


def test_fingerprints_stay_when_lines_move_and_differ_where_findings_do() -> None:
    def names(page: str) -> list[str]:
        spans = [Span(m.start(), m.end()) for m in re.finditer("x|y", page)]
        found = [Diagnostic("broken-link", Severity.ERROR, "a.md", span, "no") for span in spans]
        return Findings(tuple(found), lambda _: Source("a.md", page)).fingerprints()

    assert names("x y x") == names("above\n\nx  y\nx")
    assert len(set(names("x y x"))) == 3


def test_sarif_holds_no_more_than_code_scanning_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 5)
    d, sources = finding("x y", "x")
    (text_,) = render(
        "sarif", Findings((*(d._replace(severity=Severity.INFO, message=str(n)) for n in range(6)), d), sources)
    )
    (run,) = json.loads(text_)["runs"]
    assert [r["level"] for r in run["results"]].count("error") == 1
    assert len(run["results"]) == 5
    assert "2 findings" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_gitlab_has_what_code_quality_asks_for() -> None:
    d, sources = finding("a\n가 x", "x")
    (text_,) = lines_of("gitlab", d, sources)
    (row,) = json.loads(text_)
    assert row.pop("fingerprint")
    assert row == {
        "description": "no",
        "check_name": "broken-link",
        "severity": "major",
        "location": {"path": "docs/a.md", "lines": {"begin": 2, "end": 2}},
    }


def test_markdown_renders_nothing_of_a_page() -> None:
    d, sources = finding("x", "x", message="see <img src=x> [a](b) @team `c`\n# d")
    became = (Status.PASSED, Status.FAILED, Status.PASSED)
    outcomes = tuple(Outcome(f"A.md::{n}[cpu]", "A.md", n, "cpu", status) for n, status in enumerate(became))
    told = "\n".join(lines_of("markdown", d, sources, outcomes=outcomes, known=3, compared="x"))
    assert r"\<img src=x\> \[a\](b)" in told
    assert "@team" not in told
    assert "| cpu | 2 | 1 |" in told
    assert told.startswith("## kb: new 1 error")
    assert "3 known (x)" in told


def test_junit_is_xml_whatever_the_page_says() -> None:
    d, sources = finding("x", "x", message='<&"\x00\ud800>')
    (text_,) = lines_of("junit", d, sources, pages=("a.md", "b.md"))
    suite = ElementTree.fromstring(text_).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [c.get("name") for c in suite] == ["a.md", "b.md"]


def many() -> Findings:
    """A big vault's first check: one rule that a fix mends, one that nothing does, a rare error."""
    page = "x" * 10
    fix = Fix("write y", Applicability.SAFE, (Edit(Span(0, 1), "y"),))
    found = [Diagnostic("unquoted-wikilink", Severity.ERROR, "a/p.md", Span(0, 1), "no", None, fix)] * 50
    found += [Diagnostic("orphan-page", Severity.INFO, f"b/{n}.md", Span(0, 0), "no") for n in range(40)]
    found += [Diagnostic("missing-attachment", Severity.ERROR, "c/z.md", Span(2, 3), "no")]
    return Findings(tuple(found), lambda path: Source(path, page))


def test_very_many_findings_end_in_a_table_and_three_things_to_do() -> None:
    told = list(overview.overview(many()))
    text_ = "\n".join(told)
    assert text_.count("-->") == 2  # repetitions are noted, infos are counted only
    assert "= note: 49 more on this page: line 1 (kb check --all shows them)" in text_
    assert "     50  error    unquoted-wikilink   50 by kb fix" in told
    assert "     40  info     orphan-page" in told
    start = told.index("worth doing first:")
    assert len(told[start + 1 : -1]) == 3
    assert list(overview.statistics(Findings((), lambda path: Source(path, "")))) == []
    assert "shows corrections of 50 of 91 (50 unquoted-wikilink)" in told[start + 1]
    assert "kb check --all" in told[-1]


def test_what_is_worth_doing_first_is_never_nothing() -> None:
    d, sources = finding("x", "x")
    for rule in ("broken-link", "syntax-error", "orphan-page", "stale-page"):
        found = tuple(d._replace(rule=rule, path=f"{n % 3}/a.md") for n in range(100))
        lines = overview.advice(Findings(found, sources))
        assert lines[-1].startswith("`kb baseline`")
        assert len(lines) >= 2


SITE, WIKI = "site_name: x\nnav: [index.md]\n", "site_name: x\nnav: [index.md]\nplugins: [kbtools]\n"


@pytest.mark.parametrize(
    ("orphans", "site", "listed"), [(20, SITE, 20), (21, SITE, 0), (21, WIKI, 21), (20, None, 20), (21, None, 0)]
)
def test_more_than_20_orphans_are_counted_where_kb_makes_no_site(
    orphans: int, site: str | None, listed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``site`` is the text of ``mkdocs.yml``; without one the folder is checked as notes."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("index", *(f"p{i}" for i in range(orphans))):
        (docs / f"{name}.md").write_text("text\n", encoding="utf-8")
    if site is not None:
        (tmp_path / "mkdocs.yml").write_text(site, encoding="utf-8")
    where = ["--root", str(tmp_path)] if site is not None else ["--vault", str(docs)]
    assert main(["check", "--no-run", "--format", "concise", *where]) == 0
    out, err = capsys.readouterr()
    assert out.count("orphan-page") == listed
    assert (f"no page links to {orphans} of {orphans + 1} pages" in err) == (listed == 0)
    main(["check", "--no-run", "--format", "concise", "--select", "orphan-page", *where])
    assert capsys.readouterr().out.count("orphan-page") == orphans


@pytest.mark.parametrize(
    ("links", "rule", "line"),
    [
        ("[[none {n}]]", "broken-link", "{n} links lead to notes that are not written"),
        ("[[Bee]]", "alias-link", "{n} links name aliases of pages"),
    ],
)
@pytest.mark.parametrize("many", [20, 21])
def test_more_than_20_links_to_unwritten_notes_or_aliases_are_counted(
    links: str, rule: str, line: str, many: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".obsidian").mkdir()
    body = "".join(f"- {links.format(n=n)}\n" for n in range(many))
    (tmp_path / "a.md").write_text(f"[[b]]\n\n{body}", encoding="utf-8")
    (tmp_path / "b.md").write_text("---\naliases: [Bee]\n---\n\n[[a]]\n", encoding="utf-8")
    where = ["--no-run", "--format", "concise", "--vault", str(tmp_path)]
    assert main(["check", *where]) == 0
    out, err = capsys.readouterr()
    assert out.count(rule) == (many if many <= 20 else 0)
    assert (line.format(n=many) in err) == (many > 20)
    main(["check", "--select", rule, *where])
    assert capsys.readouterr().out.count(rule) == many
