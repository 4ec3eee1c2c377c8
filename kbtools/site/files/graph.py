"""Data of the graph view: the whole graph, and the neighbourhood of each page."""

from __future__ import annotations

import base64
import json
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import resources

from markupsafe import Markup

from kbtools.config.mkdocs_file import GRAPH
from kbtools.site.data.model import SiteModel
from kbtools.site.files.graph_layout import layout
from kbtools.site.generated.document import Document, Section, document
from kbtools.site.html.text import clean, escape
from kbtools.site.mkdocs.site_folder import SiteFolder
from kbtools.site.page.infobox import breadcrumb, label
from kbtools.site.words import Words

NAME = GRAPH
LOADER = "assets/kb-graph.js"
_VIEW = "assets/kb-graph-view.js"
_STYLE = "assets/kb-graph.css"
_DATA = "assets/kb-graph-data.js"
_LICENSE = "assets/kb-graph.LICENSE.txt"
_PARTS = ("layout.js", "data.js", "labels.js", "drawing.js", "gestures.js", "graph_view.js", "table.js", "lazy_open.js")
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
"""Modules of D3, in order of dependency."""
GRID = 10_000
"""Coordinates are integers from 0 to this."""


def names() -> tuple[str, ...]:
    """The files that the graph needs."""
    return (LOADER, _VIEW, _STYLE, _DATA, _LICENSE)


def assets(words: Words) -> Mapping[str, bytes]:
    """Scripts and style sheet, by path on the site."""
    folder = resources.files("kbtools.site") / "assets"
    modules = "\n".join((folder / "d3" / f"d3-{name}.min.js").read_text(encoding="utf-8") for name in _D3)
    parts = "\n".join((folder / "graph" / name).read_text(encoding="utf-8") for name in _PARTS)
    licenses = [(folder / "d3" / name).read_bytes() for name in ("LICENSE.txt", "d3-ease.LICENSE.txt")]
    # The modules are loaded as in Node, so that they neither use nor replace a D3 that the wiki includes.
    found = "const d3 = {}\n;((exports, module, require) => {\n" + modules + "\n})(d3, {}, () => d3)"
    return {
        LOADER: words.script((folder / "graph" / "loader.js").read_text(encoding="utf-8")).encode(),
        _VIEW: words.script(f"{found}\n{parts}").encode(),
        _STYLE: (folder / "graph" / "graph.css").read_bytes(),
        _LICENSE: b"\n".join(licenses),
    }


class Graph:
    """The graph of one build."""

    def __init__(self, wiki: SiteModel) -> None:
        self.wiki = wiki
        self.places: Callable[[int, Sequence[tuple[int, int]]], list[tuple[float, float]]] = layout
        """Positions of nodes, from their number and the links between them."""
        self.urls: dict[str, str] = {}

    @cached_property
    def paths(self) -> frozenset[str]:
        """The pages in the graph: those of the knowledge base that are not redirects."""
        final = self.wiki.index.final
        return frozenset(p for p in self.wiki.listed_paths if final(p) == p)

    def page(self) -> Mapping[str, Document]:
        """The generated page of the whole graph, unless the vault has a page with that name."""
        if {NAME, "graph/index.md"} & self.wiki.index.pages.keys() or not self.wiki.parts.graph:
            return {}
        words = self.wiki.words
        lead = words("Pages are dots and links are lines. The more links lead to a page, the larger it is.")
        body = Markup('<div class="kb-graph" data-kb-graph-all></div>')
        return {NAME: document(words("Graph"), lead, [Section([body])], hide=("toc",))}

    def add(self, path: str, url: str) -> str:
        """Registers a rendered page and its address, relative to the site's root. Returns the button for the page's
        end; empty for pages that are not in the graph."""
        if path not in self.paths or not self.wiki.parts.graph:
            return ""
        self.urls[path] = url
        return self.button(path)

    def button(self, path: str) -> str:
        """The button that opens the neighbourhood of a page; empty if it has none."""
        if path not in self.paths or not self.wiki.parts.graph or not self._has_neighbours(path):
            return ""
        return (
            '<p class="kb-graph-open" data-search-exclude><button type="button" class="kb-button" data-kb-graph '
            f'aria-haspopup="dialog">{escape(self.wiki.words("Graph around this page"))}</button></p>'
        )

    def _has_neighbours(self, path: str) -> bool:
        index = self.wiki.index
        return path in index.graph.backlinks or any(target != path for target, _ in index.links[path].targets())

    def write(self, site: SiteFolder, key: str) -> None:
        """Writes the graph's data into a built site. ``key`` is a fingerprint of its inputs."""
        site.offer(_DATA, lambda: script(self.data()), key)

    def data(self) -> Mapping[str, object]:
        """Nodes as columns, and for each node the numbers of those it links to, in the format of
        ``assets/graph/data.js``."""
        index = self.wiki.index
        nodes = {path: i for i, path in enumerate(sorted(self.urls))}
        links = []
        for path, number in nodes.items():
            targets = {nodes.get(index.final(target)) for target, _ in index.links[path].targets()}
            links.append(sorted(t for t in targets if t is not None and t != number))
        places = self.places(len(nodes), [(a, b) for a, targets in enumerate(links) for b in targets])
        pages = [index.pages[path] for path in nodes]
        words = self.wiki.words
        categories, category = _groups([breadcrumb(p.scalar("category")) for p in pages], words)
        statuses, status = _groups([label("status", p.scalar("status"), words) for p in pages], words)
        return {
            "titles": [_shown(p.shown_title) for p in pages],
            "urls": [self.urls[path] for path in nodes],
            "x": [round(x * GRID) for x, _ in places],
            "y": [round(y * GRID) for _, y in places],
            "links": links,
            "groups": {
                "category": {"name": words("Category"), "labels": categories, "of": category},
                "status": {"name": words("Status"), "labels": statuses, "of": status},
            },
        }


def script(data: Mapping[str, object]) -> bytes:
    """The file with the graph, as a script because scripts can also be loaded from local files."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return f'kbGraphData("{base64.b64encode(zlib.compress(text, 9)).decode()}")\n'.encode()


def _groups(values: list[str], words: Words) -> tuple[list[str], list[int]]:
    """Labels, those of most pages first, and the label number of each page."""
    counts = Counter(values)
    order = sorted(counts, key=lambda v: (-counts[v], v))
    number = {value: i for i, value in enumerate(order)}
    return [_shown(v) or words("None") for v in order], [number[v] for v in values]


def _shown(text: str) -> str:
    return unicodedata.normalize("NFC", clean(text))
