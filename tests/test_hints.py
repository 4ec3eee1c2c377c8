"""What to do about code that does not run: ``tests/suites/hints.md``."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import Case, load

from kbtools.fences.python.hints import hint
from kbtools.markdown.scanner import scan
from kbtools.snippets import extract

SUITE = Path(__file__).parent / "suites" / "hints.md"


def said(case: Case) -> str | None:
    """The advice for what a case raises, or else for what Python's parser says of it."""
    if case.all("raised"):
        return hint(case.all("raised")[0], case.page, int(case.all("line")[0]))
    page = f"```python\n{case.page}```\n"
    (problem,) = extract(page, scan(page), page_slug="page")[1]
    assert problem.rule == "syntax-error"
    return problem.help


@pytest.mark.parametrize("case", load(SUITE), ids=lambda case: case.name)
def test_hints(case: Case) -> None:
    advice = said(case)
    for expected in case.all("hint"):
        assert advice is not None
        assert advice.startswith(expected)
    if "hint" in case.all("none"):
        assert advice is None
