"""The recipes of the cookbook, followed to the letter in a copy of the repository."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COOKBOOK = (ROOT / "docs" / "development" / "cookbook.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (An? .+?)\n(.*?)(?=^## An? |\Z)", COOKBOOK, re.MULTILINE | re.DOTALL))
_BOX = re.compile(r"^(`{3,})(\w+)(.*?)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_PROGRAMS = {
    "kb": (sys.executable, "-m", "kbtools.cli"),
    "python": (sys.executable,),
    "pytest": (sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider"),
    "mkdocs": (sys.executable, "-m", "mkdocs"),
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy for each recipe: none may depend on another."""
    folder = tmp_path
    for name in ("kbtools", "tests", "docs/rules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "vaults", "cases"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def change(clone: Path, diff: str) -> None:
    """Apply a change: where each hunk goes, its old lines say, which must stand there once."""
    for part in re.split(r"^--- a/.*\n", diff, flags=re.MULTILINE)[1:]:
        head, *hunks = re.split(r"^@@.*\n", part, flags=re.MULTILINE)
        file = clone / head.strip().removeprefix("+++ b/")
        for hunk in hunks:
            lines = hunk.splitlines()
            old, new = ("\n".join(line[1:] for line in lines if line[:1] != drop) + "\n" for drop in "+-")
            text = file.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{file.name}: {old}"
            file.write_text(text.replace(old, new), encoding="utf-8")


def typed(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console, with what is shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def type_in(clone: Path, command: str) -> str:
    first, *words = shlex.split(command)
    environment = {**os.environ, "PYTHONPATH": str(clone), "NO_MKDOCS_2_WARNING": "1"}
    program = (*_PROGRAMS.get(first, (first,)), *words)
    done = subprocess.run(program, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ("error" in done.stdout), f"$ {command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_works_as_it_is_written(clone: Path, name: str) -> None:
    for _, language, rest, text in _BOX.findall(RECIPES[name]):
        title = re.search(r'title="(.+?)"', rest)
        if language == "diff":
            change(clone, text)
        elif language == "console":
            for command, shown in typed(text):
                printed = type_in(clone, command)
                assert not shown or printed == shown, command
        elif title:
            (clone / title[1]).parent.mkdir(parents=True, exist_ok=True)
            (clone / title[1]).write_text(text, encoding="utf-8")
