"""Command lines as argparse reads them, with errors that say what was probably meant."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import NoReturn

from kbtools.errors import KbError


class Parser(argparse.ArgumentParser):
    """The options of one command."""

    def __init__(self, command: str, summary: str) -> None:
        super().__init__(f"kb {command}", description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False)
        self._groups: dict[str, argparse._ArgumentGroup] = {}

    def group(self, title: str | None) -> argparse._ActionsContainer:
        """Where options of a group are added; without a title, those of none."""
        if title is None:
            return self
        if title not in self._groups:
            self._groups[title] = self.add_argument_group(title)
        return self._groups[title]

    @property
    def options(self) -> frozenset[str]:
        """All names of options."""
        return frozenset(self._option_string_actions)

    def error(self, message: str) -> NoReturn:
        raise KbError(message, f"{self.prog} --help lists its options")

    def parse(self, words: Sequence[str]) -> SimpleNamespace:
        """The options of a command line. Raises KbError, naming the option that was probably meant."""
        args, unknown = self.parse_known_intermixed_args(words, SimpleNamespace())
        for word in unknown:
            option = word.partition("=")[0]
            close = difflib.get_close_matches(option, list(self._option_string_actions), n=1)
            if option.startswith("-"):
                hint = f"did you mean {close[0]}?" if close else f"{self.prog} --help lists its options"
                raise KbError(f"{self.prog} has no option {option}", hint)
            raise KbError(f'one word too many: "{word}"', f"{self.prog} --help shows its usage")
        return args
