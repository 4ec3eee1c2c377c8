"""The Tab key: what a shell is answered, and what it is given to ask with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kbtools.config.settings import SETTINGS


def completed(root: Path, line: str) -> list[str]:
    answer = root / "answer"
    environment = {**os.environ, "_ARGCOMPLETE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "COMP_TYPE": "9"}
    environment |= {"COMP_LINE": line, "COMP_POINT": str(len(line)), "IFS": "\v"}
    command = [sys.executable, "-m", "kbtools.cli"]
    subprocess.run(command, cwd=root, env=environment, check=False, timeout=300, capture_output=True)
    return [word.strip() for word in answer.read_text(encoding="utf-8").split("\v") if word.strip()]


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("wiki")
    (root / "docs").mkdir()
    (root / "kb.toml").write_text("", encoding="utf-8")
    (root / "docs" / "Momentum.md").write_text("# M\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("kb bas", ["baseline"]),
        ("kb check --statis", ["--statistics"]),
        ("kb check --format gi", ["github", "gitlab"]),
        ("kb check --select broken-l", ["broken-language", "broken-link"]),
        ("kb check --root docs --ext", ["--external"]),
        ("kb rule variant", ["variant-link"]),
        ("kb export Mom", ["Momentum", "Momentum.md"]),
        ("kb config run.", [s.key for s in SETTINGS if s.table == "run"]),
        ("kb nonsense --x", []),
    ],
)
def test_what_may_follow(wiki: Path, line: str, words: list[str]) -> None:
    (wiki / "answer").write_text("", encoding="utf-8")
    assert sorted(completed(wiki, line)) == sorted(words)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_shells_are_given(shell: str) -> None:
    command = [sys.executable, "-m", "kbtools.cli", "completion", shell]
    script = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    assert "_ARGCOMPLETE" in script
    assert "kb" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=300)
