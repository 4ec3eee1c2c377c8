"""Snippets as the suites tell them: ``tests/suites/{annotations,expectations,names,devices}.md``.

A case is a heading, a page (a ``markdown`` fence of five backticks) and what kb makes of it (the ``text`` fence after
it): a line for every fence, its expectations, and every problem with the text it points at. ``--update-golden`` writes
what was found.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from kbtools.fences.annotations import Options
from kbtools.fences.expected.form import Form
from kbtools.fences.option_values import DEVICES
from kbtools.markdown.scanner import scan
from kbtools.snippets import Snippet, extract, undefined_names
from kbtools.text.diagnostics import Applicability, apply_edits
from kbtools.text.source import LineIndex

_HOW = {Form.OUTPUT: "shows", Form.TRANSCRIPT: "copies", Form.COMMENT: "ends in"}
SUITES = Path(__file__).parent / "suites"
CASE = re.compile(
    r"^## (?P<name>[^\n]+)\n(?:(?!## |`{5})[^\n]*\n)*`{5}markdown(?P<defaults>[^\n]*)\n(?P<page>.*?)^`{5}\n"
    r"\n```text\n(?P<said>.*?)^```$",
    re.M | re.S,
)


def cases() -> list[object]:
    found = []
    for name in ("annotations", "dialects", "expectations", "names", "devices"):
        path = SUITES / f"{name}.md"
        text = path.read_text(encoding="utf-8")
        headings = re.findall(r"^## ([^\n]+)$", re.sub(r"^`{5}.*?^`{5}$", "", text, flags=re.M | re.S), re.M)
        matches = list(CASE.finditer(text))
        assert [m["name"] for m in matches] == headings, f"{path.name}: a case without a page or a result"
        found += [pytest.param(path, m["name"], id=f"{name}: {m['name']}") for m in matches]
    return found


@pytest.mark.parametrize(("path", "name"), cases())
def test_suite(path: Path, name: str, update_golden: bool) -> None:
    text = path.read_text(encoding="utf-8")
    case = next(m for m in CASE.finditer(text) if m["name"] == name)
    told = tell(case["page"], json.loads(case["defaults"] or "{}"), names=path.stem == "names")
    if update_golden:
        path.write_text(text[: case.start("said")] + told + text[case.end("said") :], encoding="utf-8", newline="")
    assert told == case["said"] or update_golden


def tell(page: str, defaults: dict[str, object], *, names: bool) -> str:
    """What kb makes of a page; names are told where they are the subject, the other suites' pages bind none."""
    snippets, problems = extract(page, scan(page), defaults=defaults, page_slug="page")
    index = LineIndex(page)
    out = []
    for snippet in snippets:
        out.append(f"{snippet.line}-{snippet.end_line} {snippet.id}: {facts(snippet)}")
        for expect in snippet.expects:
            whose = "the whole output" if expect.of_line is None else f"line {expect.of_line}"
            why = f" (not compared: {expect.why_not})" if expect.why_not else ""
            how = "is worth" if expect.form is Form.COMMENT and expect.value else _HOW[expect.form]
            or_ = f" or {expect.text[: expect.short]!r}" if expect.short else ""
            out.append(f"  line {expect.line} {how} {expect.text!r}{or_} of {whose}{why}")
        for label, found in (("defines", snippet.defines), ("uses", snippet.uses)):
            if names and found:
                out.append(f"  {label} {', '.join(found)}")
    undefined = undefined_names(snippets) if names else ()
    for problem in sorted((*problems, *undefined), key=lambda p: (p.span, p.rule)):
        place = index.position(problem.span.start)
        out.append(f"{place.line}:{place.column} {problem.rule} at {problem.span.of(page)!r}: {problem.message}")
        if problem.help:
            out.append(f"  help: {problem.help}")
        if problem.fix:
            out.append(f"  {problem.fix.applicability.value} fix: {problem.fix.title}")
    return "".join(line + "\n" for line in out)


def facts(snippet: Snippet) -> str:
    said = []
    if snippet.why_not is not None:
        said.append(f"not run ({snippet.why_not})")
    elif snippet.devices == DEVICES:
        said.append("runs anywhere")
    else:
        said.append(f"runs on {', '.join(snippet.devices)} ({snippet.device_reason})")
    if snippet.session:
        said.append(f"session {snippet.session}")
    for option in fields(Options):
        value = getattr(snippet.options, option.name)
        if value != option.default:
            said.append(f"{option.name}={value!r}")
    return "; ".join(said)


def read(page: str, **defaults: object) -> tuple[Snippet, ...]:
    return extract(page, scan(page), defaults=defaults, page_slug="page")[0]


def rules(page: str) -> list[str]:
    snippets, problems = extract(page, scan(page), page_slug="page")
    return [p.rule for p in (*problems, *undefined_names(snippets))]


def test_every_fence_is_a_snippet_with_a_reason_or_a_device() -> None:
    page = "".join(
        f"```{language}\nx = 1\n```\n\n" for language in ("python", "py", "rust", "", "json", "bash", "pycon")
    )
    snippets = read(page)
    assert [s.language for s in snippets] == ["python", "py", "rust", "", "json", "bash", "pycon"]
    assert all(s.executable is (s.why_not is None) and s.executable is bool(s.devices) for s in snippets)


def test_an_id_does_not_move_when_lines_are_added() -> None:
    page = "# 제목 하나\n\n```python\na = 1\n```\n\n```python\nb = 1\n```\n"
    assert [s.id for s in read(page)] == [s.id for s in read(page.replace("\n\n", "\n\n텍스트\n\n"))]
    assert read(page)[1].id == read(page)[0].id + "-2"


def test_generated_ids_step_aside_for_explicit_ones() -> None:
    page = "# a\n\n```python\n```\n\n```python\n```\n\n```python {#a-2}\n```\n\n# a-2\n\n```python\n```\n"
    ids = [s.id for s in read(page)]
    assert ids[2] == "a-2"
    assert len(set(ids)) == 4
    assert ids[:2] == ["a", "a-3"]


def test_fixes_of_options_do_what_they_say() -> None:
    page = '<!-- kb: timout="3" .hiden -->\n```python {.alne devic="cpu"}\nx = 1\n```\n'
    _, problems = extract(page, scan(page), page_slug="p")
    fixes = [p.fix for p in problems if p.fix]
    assert len(fixes) == 4
    assert all(fix.applicability is Applicability.UNSAFE for fix in fixes)
    fixed = apply_edits(page, [edit for fix in fixes for edit in fix.edits])
    assert fixed == '<!-- kb: timeout="3" .hidden -->\n```python {.alone device="cpu"}\nx = 1\n```\n'
    assert extract(fixed, scan(fixed), page_slug="p")[1] == ()


@pytest.mark.parametrize(
    "code",
    [
        "x = '\0'",
        "x = '\udc80'",
        "-" * 100_000 + "1",
        "(" * 1000,
        "1+" * 20_000 + "1",
        "a" + ".a" * 20_000,
        "if x:\n" * 90 + "pass",
        "".join(" " * n + "if x:\n" for n in range(110)),
        "x = " + "[" * 150 + "]" * 150,
        "lambda: " * 900 + "x",
        "\ufeffx = 1",
        "def f():\n\treturn 1\n        return 2",
        'f"{x!z}"',
        "1" * 10_000,
        "x = 1\\",
    ],
    ids=lambda code: repr(code[:12]),
)
def test_hostile_code_is_a_value(code: str) -> None:
    page = f"# A\n\n```python\n{code}\n```\n"
    snippets, problems = extract(page, scan(page), page_slug="p")
    undefined_names(snippets)
    assert len(snippets) == 1
    assert all(0 <= p.span.start <= p.span.end <= len(page) for p in problems)


def test_invalid_escapes_in_code_do_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    assert rules('```python {raises="E" match="[[a]"}\nx = "\\d"\n```\n') == []
    assert not recwarn.list


HOSTILE = ["[" * 100_000, "{a: " * 50_000, "&a [*a, *a]\n" * 1000, "\0", "\udc80: 1", "!!python/object:os.x {}"]


@pytest.mark.parametrize("language", ["json", "yaml", "toml"])
@pytest.mark.parametrize("data", HOSTILE)
def test_hostile_data_is_a_value(language: str, data: str) -> None:
    page = f"```{language}\n{data}\n```\n"
    assert set(rules(page)) <= {"invalid-data"}


def test_syntax_errors_are_placed_under_hangul_and_in_containers() -> None:
    for prefix in ("", "> ", "    "):
        opener = '!!! note "n"\n\n' if prefix == "    " else ""
        page = opener + "".join(f"{prefix}{line}\n" for line in ("```python", "가 = 1", '나 = "다" 라', "```"))
        snippets, problems = extract(page, scan(page), page_slug="p")
        (problem,) = problems
        assert problem.span.of(page) in ("라", '"다"', '"다" 라'), prefix
        assert LineIndex(page).line_of(problem.span.start) == snippets[0].line + 2


def test_only_the_first_place_of_a_name_is_reported_in_a_snippet() -> None:
    page = "```python\nprint(뭐, 뭐)\nprint(뭐)\n```\n"
    snippets, _ = extract(page, scan(page), page_slug="p")
    (problem,) = undefined_names(snippets)
    assert problem.span.start == page.index("뭐")
    assert problem.span.of(page) == "뭐"


def test_crlf_changes_nothing_but_offsets() -> None:
    page = "# A\n\n<!-- kb: .hidden -->\n```python\nx = 1\nprint(x)  # 1\nprint(y)\n```\n\n```output\n1\n```\n"
    other = page.replace("\n", "\r\n")
    (one, *_), (two, *_) = read(page), read(other)
    assert (one.id, one.code, one.line, one.options, one.uses) == (two.id, two.code, two.line, two.options, two.uses)
    assert [e.text for e in one.expects] == [e.text for e in two.expects]
    assert [e.span.of(other).replace("\r", "") for e in two.expects] == [e.span.of(page) for e in one.expects]
