"""``kb fix``: apply the fixes that rules offer, verify the result, write it in one transaction that can be undone."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.left_out import print_left_out
from kbtools.cli.workspace import (
    Workspace,
    emit,
    plural,
    read,
    say,
    shell_faults,
    undo_command,
    unified_diff,
    use_color,
)
from kbtools.text.diagnostics import Diagnostic


def configure(arguments: Arguments) -> None:
    arguments.add_link_style()
    arguments.add_paths()
    arguments.add_argument("--diff", action="store_true", help="show the changes as a patch and write nothing")
    arguments.add_argument("--unsafe", action="store_true", help="also apply fixes that are likely, but not certain")
    arguments.add_argument("--select", action="append", metavar="RULE", default=[], help="only this rule's fixes")
    arguments.add_argument("--ignore", action="append", metavar="RULE", default=[], help="not this rule's fixes")


def run(args: SimpleNamespace) -> int:
    apply_fixes(read(args), args)
    return 0


def apply_fixes(wiki: Workspace, args: SimpleNamespace) -> int:
    """Apply the fixes and return the number of changed pages. With ``--diff``, print a patch instead of writing."""
    from kbtools.check.checker import check
    from kbtools.cli.reporting import split_rules
    from kbtools.config.selection import Selection
    from kbtools.edit.fix import fix
    from kbtools.edit.history import changes, write
    from kbtools.vault.index import Index

    selection = Selection(split_rules(args.select), split_rules(args.ignore), wiki.narrow(args.paths))

    shell = shell_faults(wiki)

    def findings(index: Index) -> tuple[Diagnostic, ...]:
        return check(wiki.vault, index, wiki.project.config, selection, shell=shell).diagnostics

    plan = fix(wiki.index, findings, unsafe=getattr(args, "unsafe", False))
    if args.diff:
        before = {p: wiki.vault.pages[p].source.text for p in plan.texts}
        emit(unified_diff(before, dict(plan.texts), use_color(sys.stdout)))
        say(f"{plural(len(plan.texts), 'page')} would change; nothing was written")
    elif plan.texts:
        done = write(wiki.project, changes(wiki.index.pages, plan.texts), "kb fix")
        say(f"{plural(len(plan.texts), 'page')} fixed; {undo_command(wiki.project, done)} restores them")
    else:
        say("nothing to fix")
    print_left_out(wiki, plan.left_out)
    return len(plan.texts)
