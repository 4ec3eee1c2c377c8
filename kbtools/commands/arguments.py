"""The options of one command: declared in argparse's words, and read by it; a plain line is read without it.

To import argparse and to build a parser takes longer than many a check. Most lines hold nothing but options that are
flags or have a value, and paths. Whatever else stands in a line is left to argparse, and so is every mistake; the tests
hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbtools.commands.parser import Parser

_DECLARED = {"action", "choices", "default", "dest", "help", "metavar"}
"""What may be said of an option that is read here."""


class Arguments:
    """The options of one command. A mistake is one line with a suggestion, and exit code 2."""

    def __init__(self, command: str, summary: str) -> None:
        self.command, self.summary = command, summary
        self._declared: list[tuple[str | None, tuple[str, ...], dict[str, Any]]] = []
        """Group, names and keywords of each ``add_argument``."""
        where = self.add_argument_group("which wiki")
        where.add_argument("--root", metavar="DIR", help="look for the project from DIR upwards (default: here)")
        where.add_argument("--vault", metavar="DIR", help="take any folder of Markdown as the vault")
        where.add_argument("--schema", metavar="NAME", help="with --vault: topic, none or a JSON Schema file")

    def add_argument(self, *names: str, group: str | None = None, **how: Any) -> None:
        """As argparse's, of which this takes a part: no ``nargs`` but text, no ``type`` but a class."""
        self._declared.append((group, names, how))

    def add_argument_group(self, title: str) -> Group:
        return Group(self, title)

    def add_dump_options(self) -> None:
        """What every dump of the wiki takes."""
        self.add_paths()
        self.add_argument("--format", choices=["jsonl", "json"], default="jsonl", help="default: jsonl")

    def add_paths(self, what: str = "pages or folders") -> None:
        self.add_argument("paths", nargs="*", metavar="PATH", help=f"only these {what} (the whole wiki is still read)")

    def add_run_options(self) -> None:
        """The options ``kb run`` shares with commands that run snippets on the way."""
        from kbtools.execution.protections import MODES

        group = self.add_argument_group("running")
        group.add_argument(
            "--paranoid",
            nargs="?",
            const="10%",
            metavar="SHARE",
            help="doubt what is kept: run a share of it again (default: 10%%); what differs is an error",
        )
        group.add_argument("--device", default="auto", metavar="D", help="auto, all, or a list: cpu,cuda,mps")
        group.add_argument("--require-device", action="append", default=[], metavar="D", help="a missing D is an error")
        group.add_argument("-n", dest="workers", default="auto", metavar="N", help="pages side by side (default: auto)")
        group.add_argument("--sandbox", choices=MODES, default="default", help="confinement")
        group.add_argument(
            "--start-method",
            choices=["auto", "fork", "spawn"],
            default="auto",
            help="how workers begin: forked off one server, or each a fresh interpreter (default: what is safe here)",
        )
        group.add_argument("--machine", metavar="NAME", help="what reports and the site call this machine")
        group.add_argument("--no-cache", action="store_true", help="run again what passed and has not changed")

    def parse(self, words: Sequence[str]) -> SimpleNamespace:
        """The options of a command line. Raises KbError, naming the option that was probably meant."""
        plain = self.parse_plain(words)
        return plain if plain is not None else self.parser().parse(words)

    def parser(self) -> Parser:
        """The options as argparse has them."""
        from kbtools.commands.parser import Parser

        parser = Parser(self.command, self.summary)
        for group, names, how in self._declared:
            parser.group(group).add_argument(*names, **how)
        return parser

    def parse_plain(self, words: Sequence[str]) -> SimpleNamespace | None:
        """What argparse makes of a line, where that is plain to see; else None."""
        found = SimpleNamespace()
        options: dict[str, tuple[str, dict[str, Any]]] = {}
        rest: str | None = None
        for _, names, how in self._declared:
            if names[0][0] != "-":
                if how.get("nargs") != "*" or rest is not None:
                    return None
                rest = names[0]
                setattr(found, rest, [])
                continue
            dest = how.get("dest") or next(n for n in names if n.startswith("--"))[2:].replace("-", "_")
            setattr(found, dest, how.get("default", False if how.get("action") == "store_true" else None))
            options.update(dict.fromkeys(names, (dest, how)))
        paths: list[str] = []
        left = iter(words)
        for word in left:
            if not word.startswith("-"):
                paths.append(word)
                continue
            name, given, value = word.partition("=")
            if not name.startswith("--") or name not in options:
                return None
            dest, how = options[name]
            if not how.keys() <= _DECLARED:
                return None
            if how.get("action") == "store_true":
                if given:
                    return None
                setattr(found, dest, True)
                continue
            if not given:
                value = next(left, "-")
            if value.startswith("-") or value not in how.get("choices", (value,)):
                return None
            if how.get("action") == "append":
                setattr(found, dest, [*getattr(found, dest), value])
            elif "action" in how:
                return None
            else:
                setattr(found, dest, value)
        if paths and rest is None:
            return None
        if rest is not None:
            setattr(found, rest, paths)
        return found


class Group:
    """Options that the help shows together."""

    def __init__(self, arguments: Arguments, title: str) -> None:
        self._arguments, self._title = arguments, title

    def add_argument(self, *names: str, **how: Any) -> None:
        self._arguments.add_argument(*names, group=self._title, **how)
