"""The graph of pages: where nodes stand, what the site says of them, and what a reader does with it in a browser."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from growth import assert_linear
from in_browser import CONTRAST, served, tab
from small_site import CONFIG, make, topic
from test_accessible import axe, violations  # noqa: F401
from test_search import built

from kbtools.site.files.graph_layout import layout

SCHEMES = {"light": "default", "dark": "slate"}
HOSTILE = "<img src=x onerror=alert(1)>"


# -- The layout ----------------------------------------------------------------------------------------------------


GRAPHS = st.integers(0, 12).flatmap(
    lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, max(0, n - 1))] * 2), max_size=30))
)


@settings(max_examples=25)
@given(GRAPHS)
def test_every_node_has_a_place_in_the_square(graph: tuple[int, list[tuple[int, int]]]) -> None:
    nodes, edges = graph
    places = layout(nodes, edges if nodes else [])
    assert len(places) == nodes
    assert all(0 <= v <= 1 for place in places for v in place)
    assert places == layout(nodes, edges if nodes else [])


def test_what_is_linked_stands_together() -> None:
    """Three groups with few links between them: nodes are nearer to their own group than to the others."""
    chance = random.Random(1)
    groups = [range(g * 30, g * 30 + 30) for g in range(3)]
    edges = [(a, chance.choice(groups[a // 30])) for a in range(90) for _ in range(4)] + [(0, 30), (30, 60)]
    places = layout(90, edges)
    middles = [tuple(sum(places[i][axis] for i in group) / 30 for axis in (0, 1)) for group in groups]

    def nearest(i: int) -> int:
        return min(range(3), key=lambda g: (places[i][0] - middles[g][0]) ** 2 + (places[i][1] - middles[g][1]) ** 2)

    assert sum(nearest(i) == i // 30 for i in range(90)) >= 85
    assert len({(round(x, 3), round(y, 3)) for x, y in places}) >= 85  # and hardly two on one spot


def test_the_layout_is_linear() -> None:
    def work(size: int) -> Any:
        chance = random.Random(size)
        edges = [(a, chance.randrange(size)) for a in range(size) for _ in range(3)]
        return lambda: layout(size, edges, rounds=1)

    assert_linear(work, 1000)


# -- In a browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("graph")
    pages = {
        "topics/Tensor.md": topic("Tensor", "[[Autograd]] [[Autograd]] [[없는 문서]]", category="가"),
        "topics/Autograd.md": topic("Autograd", "[[Tensor]] [[옛 문서]] [[Optimizer]]", category="가"),
        "topics/Optimizer.md": topic("Optimizer", "[[Far]]", category="나", status="draft"),
        "topics/Far.md": f'---\ntitle: "{HOSTILE} 먼 문서"\nstatus: draft\n---\n\n# 먼 문서\n',
        "topics/Old.md": topic("옛 문서", "글", duplicate_of='"[[Tensor]]"', status="duplicate"),
        "topics/Alone.md": topic("Alone", "글", category="나"),
        **{f"topics/many/{i}.md": topic(f"쪽 {i}", "[[Tensor]]", category="다") for i in range(8)},
    }
    return built(make(root, pages, CONFIG.replace("  - search\n", "")), root / "site")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(folder.parent) as root:
        yield f"{root}{folder.name}/"


def drawn(page: Any) -> None:
    page.wait_for_selector(".kb-graph-canvas[data-drawn=all]")


def said(page: Any) -> str:
    return str(page.locator(".kb-graph-status").inner_text())


@pytest.mark.browser
def test_nothing_of_the_graph_is_loaded_before_it_is_asked_for(browser: Any, address: str) -> None:
    with tab(browser, address, "topics/Autograd/") as page:
        loaded = "performance.getEntriesByType('resource').map((r) => r.name).filter((n) => n.includes('kb-graph'))"
        assert [Path(url).name for url in page.evaluate(loaded)] == ["kb-graph.js"]
        own = page.evaluate(
            """async () => {
                const own = [...document.scripts].filter((s) => s.src && !s.src.includes("/javascripts/"))
                const texts = await Promise.all(own.map((s) => fetch(s.src).then((r) => r.text())))
                return texts.reduce((sum, text) => sum + text.length, 0)
            }"""
        )
        assert own < 150_000
        page.locator("[data-kb-graph]").click()
        drawn(page)
        assert len(set(page.evaluate(loaded))) == 4


@pytest.mark.browser
def test_the_surroundings_of_a_page(browser: Any, address: str) -> None:
    with tab(browser, address, "topics/Autograd/") as page:
        button = page.get_by_role("button", name="이 문서의 연결 그래프")
        button.press("Enter")
        drawn(page)
        assert said(page) == "Autograd 가 · 검증됨 · 나가는 링크 2 · 들어오는 링크 1"  # the old page's link is Tensor's

        def rows() -> set[str]:
            page.locator(".kb-graph-table summary").click()
            page.wait_for_selector(".kb-graph-table td")
            return set(page.locator(".kb-graph-table td:first-child").all_inner_texts())

        assert rows() == {"Autograd", "Tensor", "Optimizer"}
        page.get_by_role("button", name="2단계").click()
        drawn(page)
        assert rows() == {"Autograd", "Tensor", "Optimizer", f"{HOSTILE} 먼 문서", *(f"쪽 {i}" for i in range(8))}
        page.get_by_role("link", name="전체 그래프").click()
        page.wait_for_url("**/graph/?page=*")
        drawn(page)
        assert said(page).startswith("Autograd ")


@pytest.mark.browser
def test_the_whole_graph_by_keyboard(browser: Any, address: str) -> None:
    with tab(browser, address, "graph/") as page:
        drawn(page)
        assert said(page).startswith("문서 13편, 링크 12개")  # the duplicate is none of them
        assert page.locator(".kb-graph-legend button").all_inner_texts() == ["다 8", "가 2", "나 2", "없음 1"]
        page.get_by_role("button", name="상태", exact=True).click()
        assert page.locator(".kb-graph-legend button").all_inner_texts() == ["검증됨 11", "초안 2"]
        box = page.get_by_role("combobox", name="그래프에서 문서 찾기")
        box.fill("auto")
        assert page.get_by_role("listbox", name="찾은 문서").get_by_role("option").all_inner_texts() == ["Autograd"]
        box.press("Enter")
        assert said(page).startswith("Autograd ")
        canvas = page.get_by_role("application")
        assert canvas.evaluate("e => e === document.activeElement")
        seen = {said(page)}
        for key in [f"Arrow{way}" for way in ("Left", "Up", "Right", "Down") for _ in range(4)]:
            page.keyboard.press(key)
            seen.add(said(page))
        assert len(seen) > 3
        page.keyboard.press("Escape")
        assert said(page).startswith("문서 13편")
        for key in "+-0":
            page.keyboard.press(key)
        box.fill("먼문서")
        box.press("Enter")
        page.keyboard.press("Enter")
        page.wait_for_url("**/topics/Far/")


PIXELS = """
  const canvas = [...document.querySelectorAll(".kb-graph-canvas canvas")].at(-1)
  const { width, height } = canvas
  const copy = Object.assign(document.createElement("canvas"), { width, height })
  const context = copy.getContext("2d", { willReadFrequently: true })
  context.drawImage(canvas, 0, 0)
  const { data } = context.getImageData(0, 0, width, height)
"""
BOX = (
    f"""() => {{{PIXELS}"""
    + """
  // Left, top, right and bottom of what is drawn in colour: nodes, not names. And how strongly.
  const box = [width, height, 0, 0, 0]
  for (let i = 0; i < data.length; i += 4) {
    if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) < 80) continue
    box[4] += data[i + 3]
    if (data[i + 3] < 250) continue
    const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)]
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y)
    box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y)
  }
  return box
}"""
)
COLOURS = (
    f"""() => {{{PIXELS}"""
    + """
  // How many pixels are drawn in each colour of the legend, by its number.
  const style = getComputedStyle(canvas)
  const numbers = new Map(Array.from({ length: 10 }, (_, i) => [style.getPropertyValue(`--kb-graph-${i}`).trim(), i]))
  const found = {}
  for (let i = 0; i < data.length; i += 4) {
    const colour = "#" + [...data.slice(i, i + 3)].map((v) => v.toString(16).padStart(2, "0")).join("")
    const number = data[i + 3] === 255 ? numbers.get(colour) : undefined
    if (number !== undefined) found[number] = (found[number] ?? 0) + 1
  }
  return found
}"""
)
NODES = """() => {
  // Places, in the window, where the pointer is over a node.
  const canvas = document.querySelector(".kb-graph-canvas")
  const { left, top, width, height } = canvas.getBoundingClientRect()
  const found = []
  for (let x = left; x < left + width; x += 6)
    for (let y = top; y < top + height; y += 6) {
      canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, pointerType: "mouse" }))
      if (canvas.style.cursor === "pointer") found.push([x, y])
    }
  canvas.dispatchEvent(new PointerEvent("pointerleave"))
  return found
}"""


def settled(page: Any) -> list[float]:
    """The box of what is drawn, once no transition of d3 is under way."""
    page.wait_for_function(
        """() => {
          const place = document.querySelector(".kb-graph-canvas")
          return place.dataset.drawn === "all" && !place.__transition
        }"""
    )
    return list(page.evaluate(BOX)[:4])


def middle(page: Any) -> tuple[float, float]:
    box = page.locator(".kb-graph-canvas").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def wide(box: list[float]) -> float:
    return box[2] - box[0]


@pytest.mark.browser
def test_the_whole_graph_by_mouse(browser: Any, address: str) -> None:
    with tab(browser, address, "graph/") as page:
        drawn(page)
        whole = settled(page)
        x, y = middle(page)
        page.mouse.move(x, y)
        page.mouse.wheel(0, 300)
        small = settled(page)
        assert wide(small) < wide(whole) * 0.9
        page.mouse.move(x + 300, y + 200)
        page.mouse.down()
        page.mouse.move(x + 220, y + 160, steps=4)
        page.mouse.up()
        moved = settled(page)
        assert [round(b - a) for a, b in zip(small, moved, strict=True)] == [-80, -40, -80, -40]
        assert said(page).startswith("문서 13편")  # dragging chooses nothing
        page.get_by_role("button", name="확대").click()
        assert wide(settled(page)) > wide(moved) * 1.1
        page.get_by_role("button", name="그래프 전체 보기").click()
        assert settled(page) == whole
        page.get_by_role("combobox").fill("Tensor")
        page.get_by_role("option", name="Tensor").click()
        settled(page)
        page.mouse.click(x, y)  # what is selected stands in the middle: a click opens it
        page.wait_for_url("**/topics/Tensor/")


@pytest.mark.browser
def test_the_whole_graph_by_fingers(browser: Any, address: str) -> None:
    with tab(browser, address, "graph/", "phone", touch=True) as page:
        drawn(page)
        page.locator(".kb-graph-canvas").scroll_into_view_if_needed()
        whole = settled(page)
        x, y = middle(page)
        hand = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            fingers = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
            hand.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": fingers})

        touch("Start", (x - 80, y), (x + 80, y))
        for step in range(8):
            touch("Move", (x - 80 + 5 * step, y), (x + 80 - 5 * step, y))
        touch("End")
        small = settled(page)
        assert wide(small) < wide(whole) * 0.8
        touch("Start", (x, y + 130))
        for step in range(7):
            touch("Move", (x + 5 * step, y + 130 - 5 * step))
        touch("End")
        moved = settled(page)
        assert [round(b - a) for a, b in zip(small, moved, strict=True)] == [30, -30, 30, -30]
        assert page.evaluate("scrollX") == 0
        touch("Start", (x - 30, y), (x + 30, y))
        for step in range(8):
            touch("Move", (x - 30 - 12 * step, y), (x + 30 + 12 * step, y))
        touch("End")
        settled(page)
        page.touchscreen.tap(*page.evaluate(NODES)[0])
        assert "들어오는 링크" in said(page)


@pytest.mark.browser
def test_colours_and_the_legend_that_filters(browser: Any, address: str) -> None:
    with tab(browser, address, "graph/") as page:
        drawn(page)
        settled(page)
        assert page.evaluate(COLOURS).keys() == {"0", "1", "2", "3"}  # 다, 가, 나 and none
        legend = page.get_by_role("group", name="보이는 무리")
        legend.get_by_role("button", name="가 2").click()
        settled(page)
        assert page.evaluate(COLOURS).keys() == {"1"}
        assert said(page) == "문서 13편 중 2편을 보입니다."
        legend.get_by_role("button", name="나 2").click()
        settled(page)
        assert page.evaluate(COLOURS).keys() == {"1", "2"}
        assert [b.get_attribute("aria-pressed") for b in legend.get_by_role("button").all()] == [
            "false",
            "true",
            "true",
            "false",
        ]
        page.get_by_role("combobox").fill("쪽 3")
        page.keyboard.press("Enter")  # a page that was not shown: all are again
        assert said(page).startswith("쪽 3 ")
        settled(page)
        assert page.evaluate(COLOURS).keys() >= {"0", "1"}
        page.get_by_role("button", name="상태", exact=True).click()
        page.get_by_role("button", name="그래프 전체 보기").click()
        settled(page)
        assert page.evaluate(COLOURS).keys() == {"0", "1"}


@pytest.mark.browser
def test_pointing_at_a_node_shows_its_neighbours(browser: Any, address: str) -> None:
    with tab(browser, address, "graph/") as page:
        drawn(page)
        settled(page)
        all_of_it = sum(page.evaluate(COLOURS).values())
        page.mouse.move(*page.evaluate(NODES)[0])
        settled(page)
        assert 0 < sum(page.evaluate(COLOURS).values()) < all_of_it / 2  # the rest has faded
        page.mouse.move(5, 5)
        settled(page)
        assert sum(page.evaluate(COLOURS).values()) == all_of_it


@pytest.mark.browser
def test_a_node_of_the_surroundings_can_be_pulled(browser: Any, address: str) -> None:
    with tab(browser, address, "topics/Tensor/") as page:
        page.locator("[data-kb-graph]").click()
        drawn(page)
        before = settled(page)
        x, y = page.evaluate(NODES)[0]  # the one at the left
        page.mouse.move(x + 3, y)
        page.mouse.down()
        page.mouse.move(x - 40, y - 30, steps=5)
        page.wait_for_function(f"(left) => ({BOX})()[0] < left", arg=before[0] - 20)
        page.mouse.up()
        settled(page)
        assert said(page).startswith("Tensor ")  # pulling chooses nothing


@pytest.mark.browser
@pytest.mark.parametrize(("size", "scheme"), [("screen", "light"), ("phone", "dark")])
@pytest.mark.parametrize("path", ["graph/", "topics/Tensor/"])
def test_it_fits_and_can_be_read(
    browser: Any,
    address: str,
    axe: str,  # noqa: F811
    path: str,
    size: str,
    scheme: str,
) -> None:
    with tab(browser, address, path, size, scheme) as page:
        page.evaluate(
            "(dark) => { document.body.dataset.mdColorScheme = dark ? 'slate' : 'default' }", scheme == "dark"
        )
        if path != "graph/":
            page.locator("[data-kb-graph]").click()
        drawn(page)
        page.locator(".kb-graph-table summary").click()
        page.wait_for_selector(".kb-graph-table td")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        assert page.evaluate(CONTRAST) == []
        page.evaluate("scrollTo(0, 0)")  # not half under the header, which fades back to the site's name
        page.wait_for_function("() => !document.querySelector('.md-header__title--active')")
        # What follows the scroll position instead of the time never finishes.
        page.evaluate(
            """() => {
              const timed = document.getAnimations().filter((each) => each.timeline === document.timeline)
              return Promise.all(timed.map((each) => each.finished)).then(() => null)
            }"""
        )
        assert violations(page, axe) == []
        assert page.locator(".kb-graph img").count() == 0  # titles are text


@pytest.mark.browser
def test_the_graph_works_from_a_disk(browser: Any, folder: Path) -> None:
    with tab(browser, "file://", f"{folder}/topics/Autograd/index.html") as page:
        page.locator("[data-kb-graph]").click()
        drawn(page)
        assert said(page).startswith("Autograd ")
        href = page.locator(".kb-graph-status a").get_attribute("href")
        assert unquote(href) == f"file://{folder}/topics/Autograd/index.html"
