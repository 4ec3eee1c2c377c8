"""Frames of the site's graph in a real browser, drawn without a graphics processor.

``python bench/site_graph.py [NODES] [LINKS A NODE]``; by default 10,000 nodes with five links each, most of them within
groups of sixty. Needs chromium and playwright. Figures: what the layout takes, the size of the data, and the time
between frames while the graph is dragged, then zoomed.
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/site"))

from in_browser import CHROMIUM, FLAGS, served

from kbtools.site.files.graph import GRID, assets, script
from kbtools.site.files.graph_layout import layout

PAGE = """<!doctype html><meta charset="utf-8"><style>body { --md-default-bg-color: #fff; --md-default-fg-color: #222;
  --kb-line: #ddd; --md-typeset-a-color: #b83a12 } .kb-graph-canvas { height: 800px !important }</style>
<body data-md-color-scheme="default"><div data-kb-graph-all></div><script src="assets/kb-graph.js"></script>"""
# One event a frame, so that every frame is drawn anew.
RECORD = """async ([kind, count]) => {
  const canvas = document.querySelector(".kb-graph-canvas")
  const frames = []
  let last = null
  for (let i = 0; i < count; i++) {
    const at = { clientX: 640 + i % 40 * 5, clientY: 400 + i % 30 * 4, bubbles: true, cancelable: true }
    canvas.dispatchEvent(kind === "drag" ? new MouseEvent("mousemove", { ...at, view: window })
      : new WheelEvent("wheel", { ...at, deltaY: i < count / 2 ? -40 : 40 }))
    const now = await new Promise(requestAnimationFrame)
    if (last !== null) frames.push(now - last)
    last = now
  }
  return frames
}"""


def graph(nodes: int, each: int) -> tuple[list[list[int]], list[int]]:
    chance = random.Random(3)
    groups = [chance.randrange(max(1, nodes // 60)) for _ in range(nodes)]
    members: dict[int, list[int]] = {}
    for node, group in enumerate(groups):
        members.setdefault(group, []).append(node)
    links = []
    for node, group in enumerate(groups):
        targets = {
            chance.choice(members[group]) if chance.random() < 0.8 else chance.randrange(nodes) for _ in range(each)
        }
        links.append(sorted(targets - {node}))
    return links, groups


def print_frames(name: str, frames: list[float]) -> None:
    frames.sort()
    median = statistics.median(frames)
    print(f"{name}: {1000 / median:.0f} frames a second (median of {len(frames)} frames; "
          f"95th percentile {frames[int(len(frames) * 0.95)]:.0f} ms)", flush=True)  # fmt: skip


def measure(page: Any) -> None:
    page.wait_for_selector("[data-drawn=all]", timeout=120_000)
    page.mouse.move(640, 400)
    page.mouse.down()
    print_frames("dragged", page.evaluate(RECORD, ["drag", 150]))
    page.mouse.up()
    page.mouse.move(0, 0)
    print_frames("zoomed", page.evaluate(RECORD, ["zoom", 150]))


def main(nodes: int, each: int) -> None:
    from playwright.sync_api import sync_playwright

    links, groups = graph(nodes, each)
    began = time.process_time()
    places = layout(nodes, [(a, b) for a, targets in enumerate(links) for b in targets])
    print(f"{nodes:,} nodes, {sum(map(len, links)):,} links: layout {time.process_time() - began:.1f} s of CPU")
    labels = [f"분류 {i}" for i in range(max(groups) + 1)]
    content = {
        "titles": [f"문서 {i}" for i in range(nodes)],
        "urls": [f"topics/{i}/" for i in range(nodes)],
        "x": [round(x * GRID) for x, _ in places],
        "y": [round(y * GRID) for _, y in places],
        "links": links,
        "groups": {"category": {"name": "분류", "labels": labels, "of": groups}},
    }
    folder = Path(tempfile.mkdtemp())
    try:
        place, data = script(content)
        print(f"data: {len(data) / 1e3:,.0f} kB, loaded when the graph is opened")
        for name, body in {**assets(), place: data, "index.html": PAGE.encode()}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(body)
        with served(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            measure(page)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, (sys.argv[1:] + ["10000", "5"][len(sys.argv) - 1 :])[:2]))
