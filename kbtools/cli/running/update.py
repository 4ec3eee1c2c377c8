"""``--update``: writes the output of snippets into their pages."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.left_out import print_left_out
from kbtools.cli.workspace import Workspace, emit, plural, say, undo_command, unified_diff, use_color

if TYPE_CHECKING:
    from kbtools.run.results.outcomes import Outcome


def write_printed(wiki: Workspace, outcomes: Sequence[Outcome], args: SimpleNamespace) -> frozenset[str]:
    """Write the output of snippets into pages; returns the pages that are now complete."""
    from kbtools.edit.history import changes, write
    from kbtools.edit.plan import Rewrite, edits_by_page, settle, texts_of
    from kbtools.run.update import update

    rewrites: list[Rewrite] = []
    partly = set()
    for path in sorted({o.path for o in outcomes}):
        page = wiki.index.pages[path]
        # The output of one device is written: the first that ran the snippet, the CPU if possible.
        found = update(page, sorted(outcomes, key=lambda o: o.device != "cpu", reverse=True))
        for refusal in found.refused:
            say(f"{path}:{refusal.line}: not updated: {refusal.why}")
            partly.add(path)
        rewrites += (Rewrite(path, (edit,)) for edit in found.edits)
    settled = settle(wiki.index, rewrites)
    texts, written = texts_of(wiki.index, settled.after), edits_by_page(settled.kept)
    print_left_out(wiki, settled.left_out)
    partly |= {left.rewrite.path for left in settled.left_out}
    before = {p: wiki.index.pages[p].source.text for p in texts}
    emit(unified_diff(before, texts, use_color(sys.stdout)))
    if args.diff:
        say(f"{plural(len(texts), 'page')} would change; nothing was written")
        return frozenset()
    if texts:
        done = write(wiki.project, changes(wiki.index.pages, texts), "kb run --update")
        outputs = sum(len(edits) for edits in written.values())
        for path, edits in written.items():
            say(f"{path}: {plural(len(edits), 'output')} taken over")
        say(
            f"{plural(outputs, 'output')} in {plural(len(texts), 'page')} taken over from this run; "
            f"{undo_command(wiki.project, done)} restores them"
        )
    return frozenset(texts) - partly
