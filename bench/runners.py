"""Other ways to run the snippets of a wiki, as commands: in one process, or each page in an interpreter of its own."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
SYBIL = """\
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], patterns=["*.md"]).pytest()
"""
MKTESTDOCS = """\
from pathlib import Path

import pytest
from mktestdocs import check_md_file

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page):
    check_md_file(page)
"""
EXAMPLES = """\
from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

PAGES = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("example", find_examples(PAGES), ids=str)
def test_page(example: CodeExample, eval_example: EvalExample):
    eval_example.run(example)
"""


def in_process(folder: Path) -> dict[str, tuple[str, ...]]:
    """Commands by the runner's name, to be started in the wiki's folder; what they need is written there."""
    for name, file, text in (
        ("sybil", "conftest.py", SYBIL),
        ("mktestdocs", "test_pages.py", MKTESTDOCS),
        ("examples", "test_pages.py", EXAMPLES),
    ):
        (folder / name).mkdir()
        (folder / name / file).write_text(text, encoding="utf-8")
        (folder / name / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "docs" / "conftest.py").write_text(SYBIL, encoding="utf-8")
    return {
        "pytest-markdown-docs": (
            *PYTEST,
            "-p",
            "pytest_markdown_docs.plugin",
            "--markdown-docs",
            "--noconftest",
            "docs",
        ),
        "Sybil": (*PYTEST, "docs"),
        "mktestdocs": (*PYTEST, "mktestdocs"),
        "pytest-examples": (*PYTEST, "-p", "pytest_examples", "examples"),
    }


def environment(runners: Path) -> dict[str, str]:
    """Only what a command names takes part, one OpenMP thread each: with more, in process, they are slower."""
    return {
        **os.environ,
        "PYTHONPATH": str(runners),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "",
    }


def scripts(folder: Path) -> list[tuple[str, ...]]:
    """A command for each page: a fresh interpreter that runs its snippets in order."""
    made = []
    (folder / "scripts").mkdir()
    for page in sorted((folder / "docs").glob("*.md")):
        code = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        script = folder / "scripts" / f"{page.stem}.py"
        script.write_text("\n".join(code), encoding="utf-8")
        made.append((sys.executable, str(script)))
    return made
