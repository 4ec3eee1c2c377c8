"""``kb completion``: completion for shells, by argcomplete."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, say

_WHERE = {
    "bash": 'put it into ~/.bashrc: eval "$(kb completion bash)"',
    "zsh": 'put it into ~/.zshrc, after compinit: eval "$(kb completion zsh)"',
    "fish": "write it to ~/.config/fish/completions/kb.fish: kb completion fish > ~/.config/fish/completions/kb.fish",
}


def configure(arguments: Arguments) -> None:
    arguments.add_argument("shell", choices=list(_WHERE), help="your shell")


def run(args: SimpleNamespace) -> int:
    import sys

    from argcomplete.shell_integration import shellcode

    emit((shellcode(["kb"], shell=args.shell),))
    if sys.stdout.isatty():
        say(f"# {_WHERE[args.shell]}")
    return 0


def complete(commands: Iterable[str], parser_of: Callable[[str], argparse.ArgumentParser]) -> None:
    """Print completions if the shell asks for them (``_ARGCOMPLETE`` is set), then exit. Imports only the command
    that was typed."""
    import argcomplete

    line, point = os.environ["COMP_LINE"], int(os.environ.get("COMP_POINT", "0") or 0)
    start = len(line) - len(line.lstrip())
    words = line[:point].split()
    known = set(commands)
    if len(words) > 2 or (len(words) == 2 and line[:point].endswith(" ")):
        command = words[1]
        if command not in known:
            os._exit(1)
        parser = parser_of(command)
        for action in parser._actions:
            _completed(action)
        # What follows is completed as if the command were the program: its name is taken out of the line.
        at = line.index(command, start + len(words[0]))
        os.environ["COMP_LINE"] = line[:at] + line[at + len(command) :].lstrip()
        removed = len(line) - len(os.environ["COMP_LINE"])
        os.environ["COMP_POINT"] = str(point - removed)
    else:
        parser = argparse.ArgumentParser("kb")
        parser.add_argument("command", choices=sorted(known))
        parser.add_argument("--version", action="store_true")
    argcomplete.autocomplete(parser)
    os._exit(1)  # argcomplete found nothing to complete


def _completed(action: object) -> None:
    """Sets the completer of an option whose value is not a file."""
    metavar, choices = getattr(action, "metavar", None), getattr(action, "choices", None)
    if choices is not None or not isinstance(metavar, str):
        return
    makers = {"RULE": _rules, "PAGE": _pages, "KEY": _keys, "D": _devices, "FORMAT=FILE": _formats}
    if metavar in makers:
        action.completer = makers[metavar]  # type: ignore[attr-defined]


def _rules(**_: object) -> list[str]:
    from pathlib import Path

    from kbtools import rules

    return [f.stem.replace("_", "-") for f in Path(rules.__file__).parent.glob("[!_]*.py")]


def _pages(parsed_args: argparse.Namespace | None = None, **_: object) -> list[str]:
    from kbtools.cli.workspace import project
    from kbtools.errors import KbError
    from kbtools.vault.listing import Listing

    given = vars(Arguments("export", "defaults").parse([]))  # of the options that say which wiki
    given.update({k: v for k, v in vars(parsed_args or argparse.Namespace()).items() if k in given and v is not None})
    try:
        pages = sorted(Listing.of(project(SimpleNamespace(**given))).pages)
    except KbError:
        return []
    return [*pages, *(path.rpartition("/")[2].removesuffix(".md") for path in pages)]


def _keys(**_: object) -> list[str]:
    from kbtools.config.settings import SETTINGS

    return [s.key for s in SETTINGS]


def _devices(**_: object) -> list[str]:
    return ["auto", "all", "cpu", "cuda", "mps"]


def _formats(**_: object) -> list[str]:
    from kbtools.output import FORMATS

    return [f"{name}=" for name in FORMATS]
