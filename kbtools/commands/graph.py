"""``kb graph``: pages as nodes, links as edges."""

from __future__ import annotations

import argparse
from collections import Counter

from kbtools.commands import Arguments, Wiki, emit, read
from kbtools.commands.pages import plain


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=["json"], default="json", help="default: json")


def run(args: argparse.Namespace) -> int:
    from kbtools.output.machine import dumps

    emit((dumps(graph(read(args)), indent=1),))
    return 0


def graph(wiki: Wiki) -> dict[str, object]:
    """Nodes with what a drawing needs, edges with how often one page links to another. Missing pages are no nodes."""
    index = wiki.index
    nodes = [
        {
            "id": path,
            "title": page.title,
            "category": plain(page.data.get("category")),
            "status": plain(page.data.get("status")),
            "tags": plain(page.data.get("tags") or []),
            "incoming": len(index.backlinks.get(path, ())),
            "redirect": index.redirects.get(path),
        }
        for path, page in index.pages.items()
    ]
    edges: Counter[tuple[str, str]] = Counter()
    for path, held in index.links.items():
        for _, resolution in held:
            target = index.target_page(resolution)
            if target is not None and target != path:
                edges[path, target] += 1
    return {
        "nodes": nodes,
        "edges": [{"source": s, "target": t, "count": n} for (s, t), n in sorted(edges.items())],
    }
