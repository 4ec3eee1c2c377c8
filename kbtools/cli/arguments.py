"""Command-line parser of one command: argparse, the options that commands share, and errors with a hint."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import NoReturn

from kbtools.errors import KbError

_OF_OTHER_PROGRAMS = {"--dry-run": "--diff", "--preview": "--diff", "--write": "--apply", "--yes": "--apply"}
"""What other programs call options of kb."""


class Arguments(argparse.ArgumentParser):
    """The options of one command. A usage error is one line with a suggestion, and exit code 2."""

    takes_command = False
    """Whether words after ``--`` are the command line of another program (``args.command``)."""

    def __init__(self, command: str, summary: str) -> None:
        """``command`` is a name of ``kbtools.cli.COMMANDS``; all but ``init`` take the options that name a wiki."""
        from kbtools.cli.examples import epilog

        super().__init__(
            f"kb {command}",
            description=summary[0].upper() + summary[1:] + ".",
            epilog=epilog(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if command != "init":
            self._add_wiki_options()

    def _add_wiki_options(self) -> None:
        where = self.add_argument_group("which wiki")
        where.add_argument(
            "--root", metavar="DIR", help="find the project from DIR upwards (default: the current folder)"
        )
        where.add_argument("--vault", metavar="DIR", help="use this folder of Markdown, which needs no setup")
        where.add_argument(
            "--schema", metavar="NAME", help="with --vault: the frontmatter schema, topic, none or a JSON Schema file"
        )
        where.add_argument(
            "--exclude",
            action="append",
            metavar="GLOB",
            default=[],
            help="with --vault: ignore these files; may be repeated",
        )

    def add_dump_options(self) -> None:
        """The options of every command that lists parts of the wiki."""
        self.add_paths()
        self.add_argument("--format", choices=["jsonl", "json"], default="jsonl", help="output format (default: jsonl)")

    def add_link_style(self) -> None:
        """The options of every command that prints or writes a spelling of links."""
        group = self.add_argument_group("spelling of links")
        group.add_argument(
            "--link-style",
            choices=["title", "filename"],
            help="by title or by file name (default: the setting link_style, else file names in Obsidian vaults and "
            "with --vault)",
        )
        group.add_argument(
            "--keep-words", action="store_true", help="keep the text that a respelled link displays, as [[Title|text]]"
        )

    def add_paths(self) -> None:
        help_ = "only these pages or folders (links are resolved in the whole wiki)"
        self.add_argument("paths", nargs="*", metavar="PATH", help=help_)

    def add_run_options(self) -> None:
        """The options that ``kb run`` shares with other commands that run snippets."""
        from kbtools.run.sandbox.names import MODES

        group = self.add_argument_group("running")
        group.add_argument(
            "--paranoid",
            nargs="?",
            const="10%",
            metavar="SHARE",
            help="compute again this share of the stored results (default: 10%%) and fail if any differs",
        )
        group.add_argument(
            "--device",
            default="auto",
            metavar="D",
            help="devices to run on: auto, all, or a list such as cpu,cuda,mps (default: auto)",
        )
        group.add_argument(
            "--require-device",
            action="append",
            default=[],
            metavar="D",
            help="fail if D is not available; may be repeated",
        )
        group.add_argument(
            "-n",
            dest="workers",
            default="auto",
            metavar="N",
            help="number of pages that run in parallel (default: auto)",
        )
        group.add_argument(
            "--python", metavar="PATH", help="Python interpreter for the snippets (default: the one that runs kb)"
        )
        group.add_argument(
            "--sandbox", choices=MODES, default="default", help="isolation of the snippets from this machine"
        )
        group.add_argument(
            "--start-method",
            choices=["auto", "fork", "spawn"],
            default="auto",
            help="start workers by forking a server or as new interpreters (default: auto, fork where it is safe)",
        )
        group.add_argument("--machine", metavar="NAME", help="name of this machine in reports and on the site")
        group.add_argument(
            "--no-cache", action="store_true", help="also run snippets whose stored results are still valid"
        )

    @property
    def options(self) -> frozenset[str]:
        """The names of all options."""
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
            if option.startswith("-"):
                raise KbError(f"{self.prog} has no option {option}", self._meant(option))
            raise KbError(f'unexpected argument "{word}"', f"{self.prog} --help shows its usage")
        return args

    def _meant(self, option: str) -> str:
        own = _OF_OTHER_PROGRAMS.get(option)
        close = [own] if own in self.options else difflib.get_close_matches(option, sorted(self.options), n=1)
        return f"did you mean {close[0]}?" if close else f"{self.prog} --help lists its options"
