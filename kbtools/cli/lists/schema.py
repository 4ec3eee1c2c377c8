"""``kb schema``: prints JSON Schemas for editors: of frontmatter, ``kb.toml`` and ``pyproject.toml``."""

from __future__ import annotations

from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit


def configure(arguments: Arguments) -> None:
    arguments.add_argument(
        "name",
        nargs="?",
        default="topic",
        help="topic (default): frontmatter; config: kb.toml; pyproject: [tool.kb] in pyproject.toml",
    )


def run(args: SimpleNamespace) -> int:
    if args.name in ("config", "pyproject"):
        from kbtools.config.settings import json_schema, pyproject_schema
        from kbtools.output.json import dumps
        from kbtools.rules import all_rules

        make = json_schema if args.name == "config" else pyproject_schema
        emit((dumps(make({name: rule.summary for name, rule in all_rules().items()}), indent=2),))
        return 0
    from kbtools.fields.schema import schema_text

    emit((schema_text(args.name).rstrip("\n"),))
    return 0
