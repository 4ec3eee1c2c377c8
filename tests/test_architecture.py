"""What each room of kbtools may touch, beyond what the import contracts in pyproject.toml say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "kbtools"
STARTING = {"subprocess", "multiprocessing", "concurrent.futures.process", "pty"}
"""Modules that start processes."""
FUNCTIONS = {"fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen", "ProcessPoolExecutor"}
FUNCTIONS |= {"create_subprocess_exec", "create_subprocess_shell"}
OTHERS = {
    "cli/commands/gate.py": "kb gate -- COMMAND runs the command it is given",
    "adapters/lsp/running.py": "the language server runs kb run, so that a run can be cancelled",
}
"""Files outside run/ that start processes, and why."""


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    return {f.relative_to(ROOT).as_posix(): ast.parse(f.read_text("utf-8")) for f in sorted(ROOT.rglob("*.py"))}


def starts_processes(tree: ast.AST) -> Iterator[str]:
    """What a module takes to start processes with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in STARTING)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module for _ in node.names if node.module in STARTING)
            yield from (alias.name for alias in node.names if alias.name in FUNCTIONS)
        elif isinstance(node, ast.Attribute) and node.attr in FUNCTIONS:
            yield node.attr


def test_only_run_starts_processes(modules: dict[str, ast.Module]) -> None:
    found = {path for path, tree in modules.items() if not path.startswith("run/") and any(starts_processes(tree))}
    assert found == OTHERS.keys()


@pytest.mark.parametrize(
    "way",
    [
        "import subprocess",
        "from subprocess import run",
        "import os\nos.fork()",
        "from os import posix_spawn",
        "import asyncio\nasyncio.create_subprocess_exec('ls')",
        "from concurrent.futures import ProcessPoolExecutor",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor(2)",
    ],
)
def test_each_way_to_start_a_process_is_seen(way: str) -> None:
    assert any(starts_processes(ast.parse(way)))


def test_every_module_says_what_it_is(modules: dict[str, ast.Module]) -> None:
    """Who reads only first lines knows the house."""
    lines = {path: (ast.get_docstring(tree) or "").split("\n")[0] for path, tree in modules.items()}
    assert [path for path, line in lines.items() if len(line) < 15] == []


def test_no_folder_is_larger_than_a_reader_can_survey() -> None:
    """Lines of a folder's own modules; ``rules/`` has one module for each rule."""
    lines = {
        folder: sum(len(file.read_bytes().splitlines()) for file in folder.glob("*.py"))
        for folder in (ROOT, *ROOT.rglob("*/"))
        if folder.name != "rules"
    }
    assert {folder.name: n for folder, n in lines.items() if n > 2000} == {}
