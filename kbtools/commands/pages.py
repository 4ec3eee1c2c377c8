"""``kb pages``: every page with its metadata, headings and numbers of links."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from math import isfinite

from kbtools.commands import Arguments, Wiki, emit, read


def configure(arguments: Arguments) -> None:
    arguments.add_paths()
    arguments.add_argument("--format", choices=["jsonl", "json"], default="jsonl", help="default: jsonl")


def run(args: argparse.Namespace) -> int:
    from kbtools.checker import Selection
    from kbtools.output.machine import dumps

    wiki = read(args)
    covers = Selection(paths=wiki.narrow(args.paths)).covers
    rows = _rows(wiki, [p for p in wiki.index.pages if covers(p)])
    if args.format == "json":
        emit((dumps(list(rows), indent=1),))
    else:
        emit(map(dumps, rows))
    return 0


def _rows(wiki: Wiki, paths: list[str]) -> Iterator[dict[str, object]]:
    for path in paths:
        page = wiki.index.pages[path]
        yield {
            "path": path,
            "id": page.id,
            "title": page.title,
            "aliases": list(page.aliases),
            "redirect": wiki.index.redirects.get(path),
            "frontmatter": plain(page.data) if page.frontmatter else None,
            "headings": [
                {
                    "level": h.level,
                    "text": h.text,
                    "anchor": h.id,
                    "line": page.source.lines.line_of(h.span.start),
                }
                for h in page.structure.headings
            ],
            "snippets": len(page.snippets),
            "outgoing": sum(wiki.index.target_page(r) is not None for _, r in wiki.index.links[path]),
            "incoming": len(wiki.index.backlinks.get(path, ())),
        }


def plain(value: object) -> object:
    """A YAML value as JSON has it: dates as ISO strings, keys as strings, no infinities."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
