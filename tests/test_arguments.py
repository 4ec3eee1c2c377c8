"""Command lines: what a mistake is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kbtools import cli
from kbtools.cli.arguments import Arguments
from kbtools.cli.commands import check
from kbtools.errors import KbError


def test_every_error_names_a_way_out() -> None:
    """A hint, or a computed one: nobody is left with what is wrong alone."""
    bare = []
    for file in sorted(Path(cli.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "KbError"):
                continue
            if len(node.args) + len(node.keywords) < 2 and not any(isinstance(a, ast.Starred) for a in node.args):
                bare.append(f"{file}:{node.lineno}")
    assert bare == []


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("--formt json", "kb check has no option --formt", "did you mean --format?"),
        ("--format xml", "argument --format: invalid choice: 'xml'", "kb check --help"),
        ("--no-run=yes", "argument --no-run: ignored explicit argument 'yes'", "kb check --help"),
        ("--root", "argument --root: expected one argument", "kb check --help"),
        ("--dry-run", "kb check has no option --dry-run", "did you mean --diff?"),
        ("-x", "kb check has no option -x", None),
    ],
)
def test_mistakes_are_told(line: str, message: str, hint: str | None) -> None:
    arguments = Arguments("check", cli.COMMANDS["check"])
    check.configure(arguments)
    with pytest.raises(KbError) as caught:
        arguments.parse(line.split())
    assert caught.value.message.startswith(message)
    assert caught.value.hint is not None
    assert hint is None or caught.value.hint.startswith(hint)
