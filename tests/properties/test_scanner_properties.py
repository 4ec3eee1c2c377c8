"""What holds of scan() for every text."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

from examples import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from pages import contain, fences, indent, pages, quote

from kbtools.markdown.scanner import scan
from kbtools.markdown.structure import Structure
from kbtools.text.diagnostics import apply_edits
from kbtools.text.source import Span

# Characters that mean something to some stage, and those that text handling trips over.
ALPHABET = "`~ \t\n\r#>-*+1.:=|![](){}<>/\"'&$\\%^_a.가\x00\x02\x03\x0c\x0b\u2028\x85\u00a0İ\ud800"
TOKENS = (
    *(
        "```",
        "~~~",
        "\n",
        "\n\n",
        "    ",
        "> ",
        "- ",
        "# ",
        "$$",
        "%%",
        "`",
        '"',
        "{",
        "}",
        "|",
        "---",
        "\t",
        "\r",
        "a",
    ),
    *("<div>", "</div>", "<div markdown>", "<!--", "-->", "<script>", "!!! note\n", '=== "a"\n', "[^1]: ", "---\n"),
    *("python", " x=", "\x02wzxhzdk:0\x03"),
)
anything = st.one_of(
    st.text(ALPHABET, max_size=80), st.lists(st.sampled_from(TOKENS), max_size=30).map("".join), pages()
)
quick = settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))


def parts(structure: Structure) -> list[Span]:
    found = [fence.span for fence in structure.fences]
    for fence in structure.fences:
        found += (fence.info, *fence.lines, *(option.span for option in fence.header.options))
    found += (heading.span for heading in structure.headings)
    found += (comment.span for comment in structure.comments)
    found += (block.span for block in structure.block_ids)
    found += (problem.span for problem in structure.problems)
    return [*found, *structure.opaque]


@example("---\n")
@example("\x02wzxhzdk:0\x03")
@example("<div markdown>\n```\nx\n```")
@quick
@given(anything)
def test_every_text_has_a_structure_with_its_parts_in_place(text: str) -> None:
    structure = scan(text)
    for span in parts(structure):
        assert 0 <= span.start <= span.end <= len(text)
    spans = [fence.span for fence in structure.fences]
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert all(a.end < b.start for a, b in pairwise(structure.opaque))
    for many in (structure.headings, structure.comments, structure.block_ids):
        assert [part.span for part in many] == sorted(part.span for part in many)
    for fence in structure.fences:
        assert all(fence.span.start <= span.start and span.end <= fence.span.end for span in (fence.info, *fence.lines))
        assert any(o.start <= fence.span.start and fence.span.end <= o.end for o in structure.opaque)
        assert len(fence.lines) == fence.code.count("\n")
    for comment in structure.comments:
        assert comment.span.of(text).startswith("<!--")


def contents(structure: Structure) -> list[tuple[str, str]]:
    return [(fence.header.language, fence.code) for fence in structure.fences]


@quick
@given(pages(), st.sampled_from(("\r\n", "\r")))
def test_line_ends_change_nothing(page: str, end: str) -> None:
    page = page.replace("\r", "")
    here, there = scan(page), scan(page.replace("\n", end))
    assert contents(here) == contents(there)
    assert [(h.level, h.text, h.id) for h in here.headings] == [(h.level, h.text, h.id) for h in there.headings]
    assert [span.of(page).replace("\n", end) for span in here.opaque] == [
        span.of(page.replace("\n", end)) for span in there.opaque
    ]
    assert [problem.message for problem in here.problems] == [problem.message for problem in there.problems]


@quick
@given(pages(), st.sampled_from(("A paragraph.\n\n", "A `b` paragraph.\n\n\n", "* * *\n\n")))
def test_text_in_front_shifts_everything(page: str, front: str) -> None:
    page = "x\n\n" + page  # what stands first may belong to the text in front
    here, there = scan(page), scan(front + page)
    assert contents(here) == contents(there)
    by = len(front)
    assert [fence.span.shift(by) for fence in here.fences] == [fence.span for fence in there.fences]
    assert [problem.span.shift(by) for problem in here.problems] == [problem.span for problem in there.problems]
    assert [span.shift(by) for span in here.opaque] == [span for span in there.opaque if span.start >= by]


@quick
@given(fences(), st.sampled_from(("!!! note", "??? tip", '=== "Tab"', "- item", "1. item", "term\n:   text")))
def test_a_container_does_not_change_what_is_in_it(fence: str, opener: str) -> None:
    # A tab stands at another column inside a container; the renderer expands it there.
    page = fence.replace("\t", "    ") + "\n"
    inside = contain(opener, page, "    ")
    assert contents(scan(page)) == contents(scan(inside))
    assert contents(scan(page)) == contents(scan(quote(page)))
    assert len(scan(page).problems) == len(scan(inside).problems) == len(scan(quote(page)).problems)
    assert contents(scan(indent(page, "    "))) == []


@quick
@given(pages())
def test_a_fix_removes_what_it_claims(page: str) -> None:
    for problem in scan(page).problems:
        if problem.fix is None:
            continue
        fixed = apply_edits(page, problem.fix.edits)
        edit = problem.fix.edits[0]
        left = [p for p in scan(fixed).problems if p.fix is not None and p.fix.edits[0].span.start == edit.span.start]
        assert fixed != page
        assert problem.message not in [p.message for p in left]
