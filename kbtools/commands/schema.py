"""``kb schema``: the frontmatter schema as JSON Schema, for editors and for a team's own."""

from __future__ import annotations

from types import SimpleNamespace

from kbtools.commands import emit
from kbtools.commands.arguments import Arguments


def configure(arguments: Arguments) -> None:
    arguments.add_argument("name", nargs="?", default="topic", help="a schema that ships with kb (default: topic)")


def run(args: SimpleNamespace) -> int:
    from kbtools.fields.schema import schema_text

    emit((schema_text(args.name).rstrip("\n"),))
    return 0
