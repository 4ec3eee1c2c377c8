"""The graph of pages on the site: a page with all of it, and on each page its surroundings, drawn when asked for."""

from __future__ import annotations

import base64
import json
import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path

from kbtools.site.graph_layout import layout
from kbtools.site.infobox import STATUS
from kbtools.site.text import clean
from kbtools.site.wiki import Wiki

NAME = "graph.md"
LOADER = "assets/kb-graph.js"
_VIEW = "assets/kb-graph-view.js"
_STYLE = "assets/kb-graph.css"
_DATA = "assets/kb-graph-data.js"
_LICENSE = "assets/kb-graph.LICENSE.txt"
_PARTS = ("layout.js", "data.js", "names.js", "drawing.js", "hands.js", "view.js", "table.js", "open.js")
_D3 = (
    "dispatch",
    "selection",
    "timer",
    "color",
    "interpolate",
    "ease",
    "drag",
    "transition",
    "zoom",
    "quadtree",
    "force",
)
"""Modules of D3, each after those it needs."""
GRID = 10_000
"""Places are whole numbers from 0 to this."""
_PAGE = """---
title: 연결 그래프
hide:
  - toc
search:
  exclude: true
---

# 연결 그래프

문서가 점이고 링크가 선입니다. 링크를 많이 받은 문서일수록 큽니다. 목록은 [전체 문서](all.md)에 있습니다.

<div class="kb-graph" data-kb-graph-all></div>
"""


def names() -> tuple[str, ...]:
    """The files that the graph needs."""
    return (LOADER, _VIEW, _STYLE, _DATA, _LICENSE)


def assets() -> Mapping[str, bytes]:
    """Scripts and style sheet, by their place in the site."""
    folder = resources.files("kbtools.site") / "assets"
    modules = "\n".join((folder / "d3" / f"d3-{name}.min.js").read_text(encoding="utf-8") for name in _D3)
    parts = "\n".join((folder / "graph" / name).read_text(encoding="utf-8") for name in _PARTS)
    licenses = [(folder / "d3" / name).read_bytes() for name in ("LICENSE.txt", "d3-ease.LICENSE.txt")]
    # The modules find each other as in Node, so that a D3 of the wiki's own is neither seen nor replaced.
    found = "const d3 = {}\n;((exports, module, require) => {\n" + modules + "\n})(d3, {}, () => d3)"
    return {
        LOADER: (folder / "graph" / "loader.js").read_bytes(),
        _VIEW: f'"use strict";\n(() => {{\n{found}\n{parts}\n}})()\n'.encode(),
        _STYLE: (folder / "graph" / "graph.css").read_bytes(),
        _LICENSE: b"\n".join(licenses),
    }


class Graph:
    """The graph of one build."""

    def __init__(self, wiki: Wiki) -> None:
        self.wiki = wiki
        self.urls: dict[str, str] = {}

    @cached_property
    def paths(self) -> frozenset[str]:
        """The pages that are drawn: those of the knowledge base that no other page stands for."""
        final = self.wiki.index.final
        return frozenset(p for p in self.wiki.listed_paths if final(p) == p)

    def page(self) -> Mapping[str, str]:
        """The generated page of the whole graph, unless the vault has one of that name."""
        return {} if {NAME, "graph/index.md"} & self.wiki.index.pages.keys() else {NAME: _PAGE}

    def add(self, path: str, url: str) -> str:
        """Take note of a rendered page and its address, relative to the site's root. Returns what opens the page's
        surroundings, to stand at its end; nothing for pages that are not in the graph."""
        if path not in self.paths:
            return ""
        self.urls[path] = url
        return (
            '<p class="kb-graph-open" data-search-exclude><button type="button" class="md-button" data-kb-graph '
            'aria-haspopup="dialog">이 문서의 연결 그래프</button></p>'
        )

    def write(self, site: Path) -> None:
        """Write the graph's data into a built site."""
        place, content = script(self.data())
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        (site / place).write_bytes(content)

    def data(self) -> Mapping[str, object]:
        """Nodes as columns, and for each node the numbers of those it links to; ``assets/graph/data.js`` reads it."""
        index = self.wiki.index
        nodes = {path: i for i, path in enumerate(sorted(self.urls))}
        links = []
        for path, number in nodes.items():
            found = (index.target_page(resolution) for _, resolution in index.links[path])
            targets = {nodes.get(index.final(target)) for target in found if target is not None}
            links.append(sorted(t for t in targets if t is not None and t != number))
        places = layout(len(nodes), [(a, b) for a, targets in enumerate(links) for b in targets])
        pages = [index.pages[path] for path in nodes]
        categories, category = _groups([p._scalar("category").replace("_", " ").replace("/", " › ") for p in pages], {})
        statuses, status = _groups([p._scalar("status") for p in pages], STATUS)
        return {
            "titles": [_shown(p.title) for p in pages],
            "urls": [self.urls[path] for path in nodes],
            "x": [round(x * GRID) for x, _ in places],
            "y": [round(y * GRID) for _, y in places],
            "links": links,
            "groups": {
                "category": {"name": "분류", "labels": categories, "of": category},
                "status": {"name": "상태", "labels": statuses, "of": status},
            },
        }


def script(data: Mapping[str, object]) -> tuple[str, bytes]:
    """Place and content of the file with the graph. It is a script, because that loads from a disk too."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return _DATA, f'kbGraphData("{base64.b64encode(zlib.compress(text, 9)).decode()}")\n'.encode()


def _groups(values: list[str], names: Mapping[str, str]) -> tuple[list[str], list[int]]:
    """Labels, those of most pages first, and which one each page has."""
    counts = Counter(values)
    order = sorted(counts, key=lambda v: (-counts[v], v))
    number = {value: i for i, value in enumerate(order)}
    return [_shown(names.get(v, v)) or "없음" for v in order], [number[v] for v in values]


def _shown(text: str) -> str:
    return unicodedata.normalize("NFC", clean(text))
