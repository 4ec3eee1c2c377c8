"""``kb graph``: prints pages as nodes and links as edges."""

from __future__ import annotations

from types import SimpleNamespace

from kbtools.cli.answers import Answer, answer, lines
from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=["json"], default="json", help="output format (default: json)")


def run(args: SimpleNamespace) -> int:
    def made(wiki: Workspace) -> Answer:
        from kbtools.output.graph import graph
        from kbtools.output.json import dumps

        return Answer(lines((dumps(graph(wiki.index), indent=1),)))

    return answer("graph", args, made)
