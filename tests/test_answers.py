"""Commands that only read say at once what they said last, as long as nothing has changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kbtools.cli import main

COMMANDS = (["links"], ["pages"], ["snippets"], ["graph"], ["stats"], ["reconcile"], ["reconcile", "--format", "json"])
PAGES = {
    "A.md": "# A\n\nSee [[b]], [[C d]] and [[nowhere]].\n\n```python\nprint(1)\n```\n",
    "B.md": "# B\n\n[[a]]\n",
    "sub/C_d.md": "# C d\n\n![](plan.txt)\n",
    "sub/plan.txt": "x\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in PAGES.items():
        (tmp_path / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / path).write_text(text, encoding="utf-8")
    (tmp_path / "kb.toml").write_text('docs = "docs"\n', encoding="utf-8")
    return tmp_path


def said(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    assert main([*words, "--root", str(root)]) == 0
    return tuple(capsys.readouterr())


def parsed(root: Path, *words: str) -> str:
    """Which modules that read pages a command has imported."""
    script = f"""
import sys
from kbtools.cli import main
main({[*words, "--root", str(root)]!r})
print(*sorted({{"kbtools.vault.page", "kbtools.markdown.scanner"}} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_second_time_no_page_is_read(root: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    first = said(root, capsys, *words)
    assert said(root, capsys, *words) == first
    assert parsed(root, *words) == ""


def test_other_options_are_another_question(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(root, capsys, "links")
    assert said(root, capsys, "links", "--format", "json")[0].startswith("[")
    assert said(root, capsys, "stats", "--most", "0") != said(root, capsys, "stats")


EDITS: dict[str, Callable[[Path], object]] = {
    "a page": lambda root: (root / "docs/A.md").write_text("# A\n\n[[b]]\n", encoding="utf-8"),
    "a page of as many bytes": lambda root: (root / "docs/A.md").write_text("# A\n\n[[c]]\n", encoding="utf-8"),
    "a new page": lambda root: (root / "docs/nowhere.md").write_text("# Nowhere\n\n[[a]]\n", encoding="utf-8"),
    "a page that is gone": lambda root: (root / "docs/B.md").unlink(),
    "an attachment": lambda root: (root / "docs/sub/plan.txt").unlink(),
    "the configuration": lambda root: (root / "kb.toml").write_text(
        'docs = "docs"\nexclude = ["sub"]\n', encoding="utf-8"
    ),
}


def test_after_any_change_the_answer_is_a_new_one(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for edit in EDITS.values():
        edit(root)
        kept = [said(root, capsys, *words) for words in COMMANDS]
        (root / ".kb/memo.sqlite").unlink()
        assert [said(root, capsys, *words) for words in COMMANDS] == kept


def test_a_memo_that_cannot_be_read_is_no_answer(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(root, capsys, "links")
    (root / ".kb/memo.sqlite").write_bytes(b"no database at all" * 100)
    assert said(root, capsys, "links") == first
