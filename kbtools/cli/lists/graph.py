"""``kb graph``: prints pages as nodes and links as edges."""

from __future__ import annotations

from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, read


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=["json"], default="json", help="default: json")


def run(args: SimpleNamespace) -> int:
    from kbtools.output.graph import graph
    from kbtools.output.json import dumps

    emit((dumps(graph(read(args).index), indent=1),))
    return 0
