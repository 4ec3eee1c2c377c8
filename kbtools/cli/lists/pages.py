"""``kb pages``: lists every page with its metadata, headings and numbers of links."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from kbtools.cli.answers import dump
from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace


def configure(arguments: Arguments) -> None:
    arguments.add_dump_options()


def run(args: SimpleNamespace) -> int:
    return dump("pages", args, _rows)


def _rows(wiki: Workspace, path: str) -> Iterator[dict[str, object]]:
    from kbtools.output.json import plain

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
        "outgoing": sum(1 for _ in wiki.index.links[path].targets()),
        "incoming": len(wiki.index.graph.backlinks.get(path, ())),
    }
