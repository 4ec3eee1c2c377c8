"""The wiki's graph as plain values: pages as nodes, links as edges."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kbtools.index import Index
from kbtools.output.json import plain


def graph(index: Index) -> dict[str, list[dict[str, Any]]]:
    """Nodes with what a drawing needs, edges with how often one page links to another. Missing pages are no nodes."""
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
