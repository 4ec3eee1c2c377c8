"""Command-line parser of one command: argparse, the options that commands share, and errors with a hint."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import NoReturn

from kbtools.errors import KbError


class Arguments(argparse.ArgumentParser):
    """The options of one command. A mistake is one line with a suggestion, and exit code 2."""

    takes_command = False
    """Whether what stands behind ``--`` is another program's command line (``args.command``)."""

    def __init__(self, command: str, summary: str) -> None:
        from kbtools.cli.examples import epilog

        super().__init__(
            f"kb {command}",
            description=summary[0].upper() + summary[1:] + ".",
            epilog=epilog(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        where = self.add_argument_group("which wiki")
        where.add_argument("--root", metavar="DIR", help="look for the project from DIR upwards (default: here)")
        where.add_argument("--vault", metavar="DIR", help="take any folder of Markdown as the vault")
        where.add_argument("--schema", metavar="NAME", help="with --vault: topic, none or a JSON Schema file")
        where.add_argument(
            "--exclude", action="append", metavar="GLOB", default=[], help="with --vault: these files are not pages"
        )

    def add_dump_options(self) -> None:
        """What every dump of the wiki takes."""
        self.add_paths()
        self.add_argument("--format", choices=["jsonl", "json"], default="jsonl", help="default: jsonl")

    def add_link_style(self) -> None:
        """How links are spelled, for every command that prints or writes a spelling."""
        group = self.add_argument_group("spelling of links")
        group.add_argument(
            "--link-style",
            choices=["title", "filename"],
            help="as titles or as file names (default: link_style; file names with --vault and in Obsidian's vaults)",
        )
        group.add_argument("--keep-words", action="store_true", help="a respelled link shows the words it showed")

    def add_paths(self, what: str = "pages or folders") -> None:
        self.add_argument("paths", nargs="*", metavar="PATH", help=f"only these {what} (the whole wiki is still read)")

    def add_run_options(self) -> None:
        """The options ``kb run`` shares with commands that run snippets on the way."""
        from kbtools.run.sandbox.names import MODES

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
        group.add_argument("--python", metavar="PATH", help="the interpreter that runs the code (default: kb's own)")
        group.add_argument("--sandbox", choices=MODES, default="default", help="confinement")
        group.add_argument(
            "--start-method",
            choices=["auto", "fork", "spawn"],
            default="auto",
            help="how workers begin: forked off one server, or each a fresh interpreter (default: what is safe here)",
        )
        group.add_argument("--machine", metavar="NAME", help="what reports and the site call this machine")
        group.add_argument("--no-cache", action="store_true", help="run again what passed and has not changed")

    @property
    def options(self) -> frozenset[str]:
        """All names of options."""
        return frozenset(self._option_string_actions)

    def error(self, message: str) -> NoReturn:
        raise KbError(message, f"{self.prog} --help lists its options")

    def parse(self, words: Sequence[str]) -> SimpleNamespace:
        """The options of a command line. Raises KbError, naming the option that was probably meant."""
        own, behind = list(words), list[str]()
        if self.takes_command and "--" in own:
            at = own.index("--")
            own, behind = own[:at], own[at + 1 :]
        args, unknown = self.parse_known_intermixed_args(own, SimpleNamespace(command=behind))
        for word in unknown:
            option = word.partition("=")[0]
            close = difflib.get_close_matches(option, list(self._option_string_actions), n=1)
            if option.startswith("-"):
                hint = f"did you mean {close[0]}?" if close else f"{self.prog} --help lists its options"
                raise KbError(f"{self.prog} has no option {option}", hint)
            raise KbError(f'one word too many: "{word}"', f"{self.prog} --help shows its usage")
        return args
