"""The scanner against the renderer itself: the same fences with the same code, the same headings with the same ids."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, example, given, settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from pages import pages
from renderer import Rendered
from suite import load

from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.markdown.scanner import scan
from kbtools.markdown.structure import Fence

SUITES = Path(__file__).parents[1] / "suites"
CASES = [case for name in ("fences.md", "opaque.md") for case in load(SUITES / name)]


def as_shown(text: str, fence: Fence) -> str:
    """The code with tabs expanded from the column they stand in, as the renderer does."""
    lines = []
    for span, code in zip(fence.lines, fence.code.split("\n"), strict=False):
        begin = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
        width = len(text[begin : span.start].expandtabs(4))
        rest = span.of(text)
        lines.append(" " * (len(code) - len(rest)) + (" " * width + rest).expandtabs(4)[width:])
    return "\n".join(lines)


def comparable(code: str) -> str:
    """Code without what no reader sees: blanks at the end of a line, empty lines at the end."""
    return "\n".join(line.rstrip() for line in code.split("\n")).rstrip("\n")


def agree(text: str, *, headings: bool = True) -> None:
    span = frontmatter_span(text)
    rendered = Rendered(text[span.end :] if span else text)
    structure = scan(text)
    expected = [(language, comparable(code)) for language, code in rendered.fences]
    assert [(f.header.language, comparable(as_shown(text, f))) for f in structure.fences] == expected
    if headings:
        # The scanner gives them by place, the renderer shows those of footnotes last.
        assert sorted((h.level, h.text, h.id) for h in structure.headings) == sorted(rendered.headings)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_suites_say_what_the_renderer_does(case: object) -> None:
    agree(case.page)  # type: ignore[attr-defined]


def test_a_longer_page_of_everything() -> None:
    agree("\n\n".join(case.page for case in CASES if not case.page.startswith("---") and "div" not in case.page))


@example(
    "a\n\n[^n]: text\n\n    a\n!!! note\n    [^n]: text\n\n        a\n!!! note\n    # Heading\n\n    ```\n    ```\n"
)
@example('<div class="x" markdown>\n\n<div class="x" markdown>\n\n```\n ```\n\n</div>\n\n</div>\n\n```\n```\n')
@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(pages())
def test_pages_of_all_sorts(page: str) -> None:
    agree(page, headings=False)
    # Headings as well, unless a fence becomes part of one: its text is then the code, with its highlighting.
    if "wzxhzdk" not in " ".join(h.text for h in scan(page).headings):
        found = sorted((h.level, h.id) for h in scan(page).headings)
        span = frontmatter_span(page)
        assert found == sorted(
            (level, name) for level, _, name in Rendered(page[span.end :] if span else page).headings
        )
