"""``kb rule``: prints a rule's documentation, or the list of all rules."""

from __future__ import annotations

from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit


def configure(arguments: Arguments) -> None:
    arguments.add_argument("name", nargs="?", metavar="RULE", help="name of a rule (default: list all rules)")


def run(args: SimpleNamespace) -> int:
    from kbtools.check.checker import require_rules
    from kbtools.rules import all_rules

    rules = all_rules()
    if args.name is None:
        groups = sorted({r.group for r in rules.values()})
        for group in groups:
            emit((f"{group}",))
            emit(f"  {r.name:<24}{r.severity.value:<9}{r.summary}" for r in rules.values() if r.group == group)
        return 0
    require_rules((args.name,), "kb rule")
    rule = rules[args.name]
    emit((f"# {rule.name} ({rule.severity.value}, {rule.group})", "", rule.doc))
    return 0
