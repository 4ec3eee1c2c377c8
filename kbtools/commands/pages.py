"""``kb pages``: every page with its metadata, headings and numbers of links."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from math import isfinite

from kbtools.commands import Arguments, Wiki, dump


def configure(arguments: Arguments) -> None:
    arguments.add_dump_options()


def run(args: argparse.Namespace) -> int:
    return dump(args, _rows)


def _rows(wiki: Wiki, path: str) -> Iterator[dict[str, object]]:
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
