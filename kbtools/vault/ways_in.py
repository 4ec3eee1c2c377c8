"""Pages that something other than a page links to: navigation, or an Obsidian canvas."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from kbtools.config.project import Project

CANVAS = ".canvas"


def ways_in(project: Project, pages: Collection[str], attachments: Iterable[str]) -> frozenset[str]:
    """The paths of such pages. A canvas that cannot be read is ignored."""
    mkdocs = project.config.mkdocs
    found: set[str] = set()
    for entry in mkdocs.nav if mkdocs is not None else ():
        path = posixpath.normpath(entry.partition("#")[0])
        found.add(path)
        if entry.endswith("/"):  # a folder, for plugins that support such entries
            found.update(p for p in pages if p.startswith(f"{path}/"))
    canvases = [path for path in attachments if path.endswith(CANVAS)]
    for path in canvases:
        found.update(named_in_canvas(project.vault / path))
    return frozenset(found.intersection(pages))


def named_in_canvas(file: Path) -> Iterator[str]:
    """The paths of the files in a canvas (JSON Canvas 1.0: nodes of type ``file``)."""
    import json

    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    nodes = data.get("nodes") if isinstance(data, dict) else None
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict) and node.get("type") == "file" and isinstance(node.get("file"), str):
            yield node["file"]
