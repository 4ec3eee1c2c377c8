"""``kb reinforce``: records that pages were verified again today."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, plural, read, say, undo_command, unified_diff
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    arguments.add_argument("pages", nargs="+", metavar="PAGE", help="pages whose statements were verified")
    arguments.add_argument("--date", metavar="YYYY-MM-DD", help="date of the verification (default: today)")
    arguments.add_argument("--diff", action="store_true", help="show the change and write nothing")


def run(args: SimpleNamespace) -> int:
    from kbtools.edit.history import changes, write
    from kbtools.frontmatter import set_field
    from kbtools.text.diagnostics import apply_edits
    from kbtools.vault.confidence import ceiling, recorded, reinforced

    try:
        day = date.fromisoformat(args.date) if args.date else date.today()
    except ValueError as e:
        raise KbError(f'--date: "{args.date}" is not a date', "write it as 2026-11-21") from e
    wiki = read(args)
    texts = {}
    for path in wiki.narrow(args.pages):
        if path not in wiki.index.pages:
            raise KbError(f'"{path}" is a folder', "name the pages themselves")
        page = wiki.index.pages[path]
        if page.frontmatter is None or page.frontmatter.problems:
            raise KbError(f"{path} has no sound frontmatter to record it in", "kb check --no-run says what is wrong")
        text = apply_edits(page.source.text, (set_field(page.source.text, "last_reinforced", day),))
        before, after = recorded(page), reinforced(page)
        if after != before:
            text = apply_edits(text, (set_field(text, "confidence_score", after),))
        elif before is not None:
            status = page.data.get("verification_status")
            say(f"{path} stays at {before:.2f}: the confidence of {status} pages ends at {ceiling(page):.2f}")
        if text != page.source.text:
            texts[path] = text
    if args.diff:
        emit(unified_diff({p: wiki.index.pages[p].source.text for p in texts}, texts))
        return 0
    if not texts:
        say(f"nothing to write: every page says so already, as of {day.isoformat()}")
        return 0
    done = write(wiki.project, changes(wiki.index.pages, texts), "kb reinforce")
    summary = f"{plural(len(texts), 'page')} reinforced as of {day.isoformat()}"
    say(f"{summary}; {undo_command(wiki.project, done)} takes it back")
    return 0
