"""Command lines: what a mistake is told."""

from __future__ import annotations

import pytest

from kbtools import cli
from kbtools.commands import check
from kbtools.commands.arguments import Arguments
from kbtools.errors import KbError


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("--formt json", "kb check has no option --formt", "did you mean --format?"),
        ("--format xml", "argument --format: invalid choice: 'xml'", "kb check --help"),
        ("--no-run=yes", "argument --no-run: ignored explicit argument 'yes'", "kb check --help"),
        ("--root", "argument --root: expected one argument", "kb check --help"),
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
