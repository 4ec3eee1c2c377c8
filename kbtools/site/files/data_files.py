"""JSON files with the graph and the results of a site."""

from __future__ import annotations

from kbtools.output.graph import graph
from kbtools.output.json import dumps
from kbtools.site.data.model import SiteModel
from kbtools.site.data.results import ShownOutcome
from kbtools.site.html.urls import Site
from kbtools.site.page.result_panel import LONGEST

VERSION = 1


def graph_json(wiki: SiteModel, site: Site) -> str:
    """As ``kb graph`` prints it, with each page's address."""
    found = graph(wiki.index)
    for node in found["nodes"]:
        node["url"] = site.pages.get(str(node["id"]))
    return dumps({"version": VERSION, **found}) + "\n"


def results_json(wiki: SiteModel, site: Site) -> str:
    """Every executable snippet with its outcome on each device, by page and position."""
    snippets = [
        {
            "path": path,
            "url": site.pages.get(path),
            "id": snippet.id,
            "line": snippet.line,
            "devices": list(snippet.devices),
            "runs": [_run(run) for run in wiki.results.of_snippet(path, snippet)],
        }
        for path, page in wiki.index.pages.items()
        for snippet in page.snippets
        if snippet.executable
    ]
    return dumps({"version": VERSION, "snippets": snippets}) + "\n"


def _run(run: ShownOutcome) -> dict[str, object]:
    o = run.outcome
    return {
        "device": o.device,
        "outcome": o.outcome.value,
        "fresh": run.fresh,
        "seconds": round(o.seconds, 4),
        "machine": run.machine,
        "torch": run.torch,
        "date": run.when.isoformat() if run.when else None,
        "reason": o.reason,
        "message": o.message,
        "stdout": o.stdout[:LONGEST],
    }
