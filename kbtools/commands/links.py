"""``kb links``: every wikilink and what it means, as contract section 4 says."""

from __future__ import annotations

import argparse

from kbtools.commands import Arguments, Wiki, emit, read
from kbtools.index import Alias, Ambiguous, Resolution, Resolved
from kbtools.links import WikiLink
from kbtools.page import Page


def configure(arguments: Arguments) -> None:
    arguments.add_paths()
    arguments.add_argument("--format", choices=["jsonl", "json"], default="jsonl", help="default: jsonl")


def run(args: argparse.Namespace) -> int:
    from kbtools.checker import Selection
    from kbtools.output.machine import dumps

    wiki = read(args)
    covers = Selection(paths=wiki.narrow(args.paths)).covers
    rows = rows_of(wiki)
    chosen = (row for row in rows if covers(str(row["path"])))
    if args.format == "json":
        emit((dumps(list(chosen), indent=1),))
    else:
        emit(map(dumps, chosen))
    return 0


def rows_of(wiki: Wiki) -> list[dict[str, object]]:
    """A row a link, by page and place."""
    from kbtools.suggest import Suggester

    suggester = Suggester(wiki.index, wiki.project.config.link_style)
    rows = []
    for path, held in wiki.index.links.items():
        page = wiki.index.pages[path]
        for link, resolution in held:
            rows.append(_row(wiki, suggester, page, link, resolution))
    return rows


def _row(wiki: Wiki, suggester: object, page: Page, link: WikiLink, resolution: Resolution) -> dict[str, object]:
    from kbtools.suggest import Suggester

    assert isinstance(suggester, Suggester)
    at = page.source.lines.position(link.span.start)
    target = resolution.page if isinstance(resolution, Resolved) else None
    suggestion = suggester.suggest(link, page, resolution)
    if suggestion:
        candidates: tuple[str, ...] = (suggestion.page,)
    elif isinstance(resolution, (Ambiguous, Alias)):
        candidates = resolution.candidates
    else:
        candidates = ()
    if isinstance(resolution, Alias):
        candidates = resolution.candidates
    return {
        "path": page.path,
        "line": at.line,
        "column": at.column,
        "raw": link.span.of(page.source.text),
        "embed": link.embed,
        "target": link.target,
        "anchor": link.anchor,
        "block": link.block,
        "label": link.label,
        "resolution": kind(resolution),
        "page": target,
        "candidates": list(candidates),
        "anchor_ok": anchor_ok(wiki, link, target),
        "suggestion": suggestion.target if suggestion else None,
    }


def kind(resolution: Resolution) -> str:
    """The contract's word for a resolution."""
    return resolution.how if isinstance(resolution, Resolved) else type(resolution).__name__.lower()


def anchor_ok(wiki: Wiki, link: WikiLink, target: str | None) -> bool | None:
    """Whether the section or block a link names is there; None when it names none, or its page is not known."""
    if target is None or target not in wiki.index.pages or (link.anchor is None and link.block is None):
        return None
    if link.block is not None:
        return wiki.index.has_block(target, link.block)
    return wiki.index.heading(target, link.anchor or "") is not None
