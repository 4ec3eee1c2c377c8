"""Command lines: what is read without argparse is what argparse reads."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbtools import cli
from kbtools.commands.arguments import Arguments
from kbtools.errors import KbError


def arguments(command: str) -> Arguments:
    made = Arguments(command, cli.COMMANDS[command])
    importlib.import_module(f"kbtools.commands.{command}").configure(made)
    return made


DECLARED = {command: arguments(command) for command in cli.COMMANDS}
OPTIONS = sorted({option for made in DECLARED.values() for option in made.parser().options})
VALUES = [
    "",
    "-",
    "--",
    "-1",
    "a b",
    "docs/Tensor.md",
    "json",
    "text",
    "full",
    "off",
    "auto",
    "cpu",
    "8",
    "x=y",
    "-x y",
]
words = st.one_of(
    st.sampled_from(OPTIONS),
    st.sampled_from(VALUES),
    st.builds("{}={}".format, st.sampled_from(OPTIONS), st.sampled_from(VALUES)),
    st.text("-=ab ", max_size=4),
)


@given(st.sampled_from(sorted(cli.COMMANDS)), st.lists(words.filter(lambda w: w not in ("-h", "--help")), max_size=5))
def test_what_is_read_without_argparse_is_what_argparse_reads(command: str, line: list[str]) -> None:
    plain = DECLARED[command].parse_plain(line)
    if plain is None:
        return
    assert vars(plain) == vars(DECLARED[command].parser().parse(line))


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_each_option_alone(command: str) -> None:
    """Every option with every kind of value, so that none is read another way by chance."""
    parser = DECLARED[command].parser()
    for option in sorted(parser.options - {"-h", "--help"}):
        for line in ([option], *([option, value] for value in VALUES), *([f"{option}={value}"] for value in VALUES)):
            plain = DECLARED[command].parse_plain(line)
            if plain is not None:
                assert vars(plain) == vars(parser.parse(line)), line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--no-run",
        "--no-run --format jsonl docs/A.md docs/b",
        "--format=sarif --no-run",
        "--vault . --schema none --no-run --strict",
        "--no-run --select broken-link --select stale-page,orphan-page --ignore=variant-link",
        "--device cpu --no-cache",
    ],
)
def test_everyday_lines_need_no_argparse(line: str) -> None:
    assert DECLARED["check"].parse_plain(line.split()) is not None


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
    with pytest.raises(KbError) as caught:
        DECLARED["check"].parse(line.split())
    assert caught.value.message.startswith(message)
    assert caught.value.hint is not None
    assert hint is None or caught.value.hint.startswith(hint)
