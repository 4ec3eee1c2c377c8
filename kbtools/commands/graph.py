"""``kb graph``: pages as nodes, links as edges."""

from __future__ import annotations

import argparse

from kbtools.commands import Arguments, emit, read


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=["json"], default="json", help="default: json")


def run(args: argparse.Namespace) -> int:
    from kbtools.output.graph import graph
    from kbtools.output.machine import dumps

    emit((dumps(graph(read(args).index), indent=1),))
    return 0
