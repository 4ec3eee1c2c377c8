"""Caches the output of commands that only read the wiki in the memo, until the wiki or the configuration changes."""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from kbtools.cli.workspace import Workspace, read, say, use_color

if TYPE_CHECKING:
    from kbtools.incremental.fingerprint import VaultState

ANSWER = "answer"
"""Kind of memo values: the last output of a command."""


class Answer(NamedTuple):
    """The output of a command."""

    out: str
    """Text for standard output."""
    told: tuple[str, ...] = ()
    """Messages for standard error."""


def lines(made: Iterable[str]) -> str:
    """Joins lines into one text."""
    return "".join(f"{line}\n" for line in made)


def answer(command: str, args: SimpleNamespace, make: Callable[[Workspace], Answer]) -> int:
    """Print a command's output for the current state of the wiki: from the memo if it is stored there, else from
    ``make``."""
    from kbtools.incremental.fingerprint import VaultState

    wiki = read(args)
    now, asked = VaultState.of(wiki.project, wiki.listing), _asked(args)
    made = _kept(wiki, command, now, asked)
    if made is None:
        made = make(wiki)
        _keep(wiki, command, now, asked, made)
    return tell(made)


def tell(made: Answer) -> int:
    """Print an answer. Returns the exit code."""
    sys.stdout.write(made.out)
    for line in made.told:
        say(line)
    return 0


def _asked(args: SimpleNamespace) -> str:
    return repr((sorted(vars(args).items()), os.getcwd(), use_color(sys.stdout)))  # noqa: PTH109


def _kept(wiki: Workspace, command: str, now: VaultState, asked: str) -> Answer | None:
    from kbtools.incremental.fingerprint import VaultState
    from kbtools.state.memo import FILE, consult

    if not (wiki.project.state / FILE).is_file():
        return None
    held = consult(wiki.project.state, lambda memo: memo.get(ANSWER, command), [])
    if held is None or held.key != now.key:
        return None
    try:
        question, recent, out, told = json.loads(zlib.decompress(held.data))
        is_same = question == asked and VaultState(held.key, recent).is_still(now, wiki.project)
    except (ValueError, TypeError, AttributeError, zlib.error):
        return None
    return Answer(out, tuple(told)) if is_same else None


def _keep(wiki: Workspace, command: str, now: VaultState, asked: str, made: Answer) -> None:
    """Store an answer. If that is not possible, the next call computes it again."""
    from kbtools.state.memo import Memo, StoredValue, consult

    data = zlib.compress(json.dumps((asked, now.recent, *made)).encode("ascii"), 1)

    def put(memo: Memo) -> None:
        with memo.transaction():
            memo.put(ANSWER, [(command, StoredValue(now.key, data))])

    consult(wiki.project.state, put, [])


def dump(command: str, args: SimpleNamespace, rows: Callable[[Workspace, str], Iterable[dict[str, object]]]) -> int:
    """Print the rows of a command, page by page, for the selected pages: as JSON lines, or as one JSON array."""

    def make(wiki: Workspace) -> Answer:
        from kbtools.config.selection import Selection
        from kbtools.output.json import dumps

        covers = Selection(paths=wiki.narrow(args.paths)).covers

        def made() -> Iterator[dict[str, object]]:
            return (row for path in wiki.index.pages if covers(path) for row in rows(wiki, path))

        return Answer(lines((dumps(list(made()), indent=1),) if args.format == "json" else map(dumps, made())))

    return answer(command, args, make)
