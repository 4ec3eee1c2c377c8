"""Confidence follows the rubric of the guide: it rises with each verification, up to what was tried out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kbtools.cli import main
from kbtools.vault import confidence
from kbtools.vault.page import Page, decode

GUIDE = (Path(__file__).parent.parent / "docs" / "guide" / "authoring.md").read_text(encoding="utf-8")


def page(status: str, score: object) -> Page:
    return decode("A.md", f"---\nverification_status: {status}\nconfidence_score: {score}\n---\n".encode())


@pytest.mark.parametrize(
    ("status", "before", "after"),
    [
        ("applied", 0.9, 0.95),
        ("applied", 0.97, 0.99),
        ("applied", 1, 1.0),
        ("conceptual", 0.7, 0.75),
        ("conceptual", 0.78, 0.8),
        ("conceptual", 0.9, 0.9),
        ("pending", 0.68, 0.7),
        ("none of these", 0.9, 0.95),
        ("applied", "high", None),
    ],
)
def test_a_score_rises_to_what_was_tried_and_never_falls(status: str, before: object, after: float | None) -> None:
    assert confidence.reinforced(page(status, before)) == after


def test_the_guide_tells_the_same_numbers() -> None:
    told = re.search(
        r"raises `confidence_score` by ([\d.]+), up to ([\d.]+)\. The limit is ([\d.]+) for a page that is "
        r"`conceptual` and ([\d.]+) for one that is `pending`;",
        GUIDE,
    )
    assert told is not None
    assert [float(number) for number in told.groups()] == [
        confidence.GAIN, confidence.HIGHEST, confidence.CEILINGS["conceptual"], confidence.CEILINGS["pending"],
    ]  # fmt: skip


def test_the_command_says_why_a_score_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kb.toml").write_text('docs = "."\n')
    (tmp_path / "A.md").write_text(
        "---\nverification_status: conceptual\nconfidence_score: 0.8\nlast_reinforced: 2026-01-01\n---\n"
    )
    assert main(["reinforce", "A.md", "--date", "2026-11-21", "--root", str(tmp_path)]) == 0
    assert "A.md stays at 0.80: the confidence of conceptual pages ends at 0.80" in capsys.readouterr().err
    text = (tmp_path / "A.md").read_text()
    assert "last_reinforced: 2026-11-21" in text
    assert "confidence_score: 0.8\n" in text
