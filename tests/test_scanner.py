"""scan(): fences, headings, opaque text, comments and block ids of a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from growth import assert_linear
from suite import Case, load

from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.markdown.scanner import scan
from kbtools.text.diagnostics import Applicability, apply_edits
from kbtools.text.source import Span

SUITES = Path(__file__).parent / "suites"


def shown(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", "→")


def cases(*names: str) -> pytest.MarkDecorator:
    found = [case for name in names for case in load(SUITES / name)]
    return pytest.mark.parametrize("case", found, ids=[case.name for case in found])


@cases("fences.md", "fences_of_other_tools.md")
def test_fences(case: Case) -> None:
    structure = scan(case.page)
    if "fences" in case.all("none"):
        assert not structure.fences
    elif wanted := case.all("fence"):
        assert [f"{fence.header.language} | {shown(fence.code)}" for fence in structure.fences] == wanted
    for fence in structure.fences:
        assert [span.of(case.page) for span in fence.lines] == fence.code.split("\n")[:-1]
        assert fence.span.of(case.page).startswith(("```", "~~~"))
    options = {f"{o.key}={o.value}" for fence in structure.fences for o in fence.header.options}
    assert set(case.all("option")) <= options
    assert set(case.all("id")) <= {fence.header.id for fence in structure.fences}
    assert set(case.all("class")) <= {name for fence in structure.fences for name in fence.header.classes}
    if "problems" in case.all("none"):
        assert not structure.problems
    if wanted := case.all("problem"):
        assert [problem.span.of(case.page) for problem in structure.problems] == wanted
        assert {problem.rule for problem in structure.problems} == {"irregular-fence"}
        assert all(problem.help for problem in structure.problems)
    for problem, line in zip(structure.problems, case.all("fixed"), strict=False):
        assert problem.fix is not None
        fixed = apply_edits(case.page, problem.fix.edits)
        assert line in fixed.split("\n")
        assert len(scan(fixed).problems) == len(structure.problems) - 1


@cases("opaque.md")
def test_opaque(case: Case) -> None:
    structure = scan(case.page)
    if "opaque" in case.all("none"):
        assert not structure.opaque
    if wanted := case.all("opaque"):
        assert [shown(span.of(case.page)) for span in structure.opaque] == wanted
    for text in case.all("clear"):
        at = case.page.index(text)
        assert not any(span.overlaps(Span(at, at + len(text))) for span in structure.opaque)
    if wanted := case.all("comment"):
        assert [shown(comment.text) for comment in structure.comments] == [text.replace("·", " ") for text in wanted]
    if "comments" in case.all("none"):
        assert not structure.comments


def test_option_spans_cover_what_is_written() -> None:
    text = '```python {#a .b key="v w" n=1}\nx\n```'
    header = scan(text).fences[0].header
    assert [(o.key, o.value, o.span.of(text)) for o in header.options] == [
        ("key", "v w", 'key="v w"'),
        ("n", "1", "n=1"),
    ]
    text = '> ```python title="x"\n> x\n> ```'
    assert [o.span.of(text) for o in scan(text).fences[0].header.options] == ['title="x"']


@pytest.mark.parametrize(
    ("page", "headings"),
    [
        ("# A\n\n## A\n\n### A\n", [(1, "A", "a"), (2, "A", "a_1"), (3, "A", "a_2")]),
        ("## 관련 문서\n", [(2, "관련 문서", "관련-문서")]),
        ("#No blank\n", [(1, "No blank", "no-blank")]),
        ("Title\n=====\n\nSub\n---\n", [(1, "Title", "title"), (2, "Sub", "sub")]),
        ("## A {#own}\n\n## own\n", [(2, "A", "own"), (2, "own", "own_1")]),
        ("## own\n\n## A {#own}\n", [(2, "own", "own_1"), (2, "A", "own")]),
        ("## `torch.nn` and **bold** [link](x.md)\n", [(2, "torch.nn and bold link", "torchnn-and-bold-link")]),
        ("## __init__ and a_b_c\n", [(2, "init and a_b_c", "init-and-a_b_c")]),
        ("## [[Page|라벨]]과 [[Other]]\n", [(2, "라벨과 Other", "라벨과-other")]),
        ("## C++ & C# ##\n", [(2, "C++ & C#", "c--c")]),
        ("```\n# no\n```\n\n    # no\n\n<!-- \n# no\n-->\n", []),
        ("> # q\n\n- # item\n\n!!! note\n    ## note\n", [(1, "q", "q"), (1, "item", "item"), (2, "note", "note")]),
        ("---\na: 1\n---\n# A\n", [(1, "A", "a")]),
        ("text\n# directly below\nmore\n", [(1, "directly below", "directly-below")]),
        ("# ![image](x.png) after\n", [(1, "after", "after")]),
        ("# A\r\n\r\n# B\r\r# C", [(1, "A", "a"), (1, "B", "b"), (1, "C", "c")]),
    ],
)  # fmt: skip
def test_headings(page: str, headings: list[tuple[int, str, str]]) -> None:
    found = scan(page).headings
    assert [(h.level, h.text, h.id) for h in found] == headings
    assert all("\n" not in h.span.of(page) or h.span.of(page).rstrip().endswith(("=", "-")) for h in found)


def test_block_ids_stand_at_the_end_of_a_line_outside_code() -> None:
    page = "a line ^one\n\n^two-2\n\nx^3 and ^no here\n\n```\nb ^code\n```\n\n> quoted ^three \n\n`c ^inline`\n"
    assert [block.name for block in scan(page).block_ids] == ["one", "two-2", "three"]
    assert [block.span.of(page) for block in scan(page).block_ids] == ["^one", "^two-2", "^three"]


@pytest.mark.parametrize(
    ("page", "end"),
    [
        ("---\na: 1\n---\nx", 13),
        ("---\r\na: 1\r\n---\r\nx", 16),
        ("---\na: 1\n...\nx", 13),
        ("---\na: 1\n---", 12),
        ("---\n---\n", 8),
        ("---\na: 1\n", None),
        (" ---\na: 1\n---\n", None),
        ("text\n---\na\n---\n", None),
        ("----\na\n---\n", None),
        ("---\na: ---\n --- \nb\n", None),
    ],
)
def test_frontmatter_span(page: str, end: int | None) -> None:
    assert frontmatter_span(page) == (None if end is None else Span(0, end))


def test_a_safe_fix_is_only_offered_where_nothing_is_guessed() -> None:
    def offered(page: str) -> list[Applicability | None]:
        return [problem.fix.applicability if problem.fix else None for problem in scan(page).problems]

    assert offered('```python device="cuda"\nx\n```') == [Applicability.SAFE]
    assert offered("```python whatever\nx\n```") == [Applicability.UNSAFE]
    assert offered("```python\nx\n````") == [Applicability.SAFE]
    assert offered("```python\nx") == [None]


HOSTILE: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "double brackets": lambda n: "[[" * n,
    "links": lambda n: "[a](" * n,
    "tags": lambda n: "<a " * n,
    "angles": lambda n: "<" * n,
    "comments": lambda n: "<!--" * n,
    "comments in bold": lambda n: "<b><!-- x -->\n" * n,
    "one long line": lambda n: "word " * n,
    "headings": lambda n: "# h\n" * n,
    "heading of brackets": lambda n: "# " + "[" * n,
    "heading of underscores": lambda n: "# " + "_a " * n,
    "backticks": lambda n: "".join("`" * (1 + i * 7919 % 61) + "a" for i in range(n // 8)),
    "backticks, ever more": lambda n: " ".join("`" * i for i in range(1, int((2 * n) ** 0.5))),
    "one fence of backticks": lambda n: "`" * n,
    "dollars": lambda n: "$" * n,
    "dollars apart": lambda n: "$a " * n,
    "parentheses": lambda n: "\\(" * n,
    "percents": lambda n: "%% a " * n,
    "quotes": lambda n: ">" * n,
    "dashes": lambda n: "- " * n + "x",
    "rule": lambda n: "-" * n + "x",
    "definitions": lambda n: "[a]: b\n" * n,
    "footnotes": lambda n: "[^a]: b\n" * n,
    "tables": lambda n: "# |\n|-|\n" * n + "x",
    "open elements": lambda n: "<div markdown>\n" * n,
    "fences": lambda n: "```python\nx\n```\n" * n,
    "refused fences": lambda n: "```python cuda\n" * n,
    "unclosed fences": lambda n: "```\n    ````\n" * n,
    "bare and named": lambda n: "~~~ x y\n```python\n" * n,
    "header of quotes": lambda n: "```python a=" + '"" a=' * n,
    "indentation": lambda n: "\n".join("    " * i + "- a" for i in range(int((n / 2) ** 0.5))),
    "blank lines": lambda n: "\n" * n,
    "carriage returns": lambda n: "a\r" * n,
    "attribute list": lambda n: "# a" + " {" * n + "}",
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_the_text_and_no_faster(make: Callable[[int], str]) -> None:
    def work(size: int) -> Callable[[], object]:
        page = make(size)
        return lambda: scan(page)

    assert_linear(work, 4_000)
