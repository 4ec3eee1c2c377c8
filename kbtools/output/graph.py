"""The link graph as plain values: pages as nodes, links as edges."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kbtools.output.json import plain
from kbtools.vault.index import Index


def graph(index: Index) -> dict[str, list[dict[str, Any]]]:
    """Nodes with the data for a drawing, edges with the number of links. Missing pages are not nodes."""
    nodes = [
        {
            "id": path,
            "title": page.title,
            "category": plain(page.data.get("category")),
            "status": plain(page.data.get("status")),
            "tags": plain(page.data.get("tags") or []),
            "incoming": len(index.graph.backlinks.get(path, ())),
            "redirect": index.redirects.get(path),
        }
        for path, page in index.pages.items()
    ]
    edges: Counter[tuple[str, str]] = Counter()
    for path, held in index.links.items():
        edges.update((path, target) for target, _ in held.targets() if target != path)
    return {
        "nodes": nodes,
        "edges": [{"source": s, "target": t, "count": n} for (s, t), n in sorted(edges.items())],
    }
