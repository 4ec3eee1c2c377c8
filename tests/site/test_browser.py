"""The site in a browser without a network: with this project's own mkdocs.yml, on a screen and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_browser import served, tab
from small_site import CONFIG, make

from kbtools.site.build import build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_diagrams_are_drawn_without_a_network(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        page.wait_for_function("() => document.querySelector('div.mermaid')?.shadowRoot || window.mermaid")
        page.wait_for_function("() => !document.querySelector('pre.mermaid')")
        assert page.evaluate("document.querySelectorAll('div.mermaid').length") == 1
    with tab(browser, site, "topics/Tensor/") as page:
        assert page.evaluate("typeof mermaid") == "undefined"  # three megabytes only where they are needed


def test_folds_open_by_keyboard_and_show_focus(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        summary = page.locator(".kb-hidden > summary")
        page.locator(".kb-infobox summary").focus()
        page.keyboard.press("Tab")
        for _ in range(30):
            if summary.evaluate("e => e === document.activeElement"):
                break
            page.keyboard.press("Tab")
        assert summary.evaluate("e => e === document.activeElement")
        assert summary.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.locator(".kb-hidden").evaluate("e => e.open")


def test_wikilinks_and_backlinks_can_be_walked(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        page.locator(".admonition a.kb-link").click()
        page.wait_for_url("**/topics/Tensor/")
        page.locator(".kb-notice a").click()
        page.wait_for_url("**/topics/Autograd/")
        page.locator(".kb-backlinks a").first.click()
        page.wait_for_url("**/topics/Tensor/")


def test_a_wide_diagram_is_read_by_scrolling_on_a_phone(browser: Any, tmp_path: Path) -> None:
    chain = "".join(f' --> C{{i}}{j}["걸음 {j}"]' for j in range(20))  # wider still in the other direction
    wide = "flowchart TD\n" + "".join(
        f'    A["처음"] --> B{i}["{i}번째 갈래의 시작"]{chain.format(i=i)}\n' for i in range(8)
    )
    body = f"```mermaid\n{wide}```\n\n```mermaid\nflowchart TD\n    C --> D\n```\n"
    site = build(make(tmp_path, {"a.md": f"# A\n\n{body}"}))
    with served(site) as address, tab(browser, address, "a/", "phone") as page:
        page.wait_for_function("() => document.querySelectorAll('div.mermaid').length == 2")
        page.wait_for_selector("div.mermaid[tabindex='0']")
        large, small = page.locator("div.mermaid").all()
        assert large.evaluate("e => e.scrollWidth > 2 * e.clientWidth")
        assert large.evaluate("e => e.scrollLeft > 50")  # the first node stands in the middle
        assert large.get_attribute("aria-label") == "옆으로 넘겨 보는 그림"
        assert small.evaluate("e => e.scrollWidth <= e.clientWidth && !e.hasAttribute('tabindex')")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        sides = "['--kb-before', '--kb-beyond']"
        faded = f"e => {sides}.map((side) => parseFloat(getComputedStyle(e).getPropertyValue(side)) > 1)"
        assert large.evaluate(faded) == [True, True]
        assert small.evaluate(faded) == [False, False]
        large.evaluate("e => { e.scrollLeft = 0 }")
        page.wait_for_function(f"e => String(({faded})(e)) === 'false,true'", arg=large.element_handle())


@pytest.mark.parametrize(("size", "stands"), [("screen", False), ("phone", True)])
def test_a_flowchart_runs_the_way_that_fits(browser: Any, tmp_path: Path, size: str, stands: bool) -> None:
    words = [f'N{i}["{i}번째 단계"]' for i in range(6)]
    row = f"%% a comment\nflowchart LR\n    {' --> '.join(words)}\n"
    tree = "graph TD\n" + "".join(f'    A["처음"] --> B{i}["{i}번째 갈래의 끝"]\n' for i in range(5))
    body = f"```mermaid\n{row}```\n\n```mermaid\n{tree}```\n"
    site = build(make(tmp_path, {"a.md": f"# A\n\n{body}"}))
    with served(site) as address, tab(browser, address, "a/", size) as page:
        page.wait_for_function("() => document.querySelectorAll('div.mermaid').length == 2")
        rest = page.evaluate(
            """() => [...document.querySelectorAll("div.mermaid")]
                 .map((e) => [e.scrollWidth <= e.clientWidth, e.offsetHeight])"""
        )
        assert [fits for fits, _ in rest] == [True, True]
        assert [height > 300 for _, height in rest] == [stands, stands]


def test_the_page_for_lost_addresses_has_the_search(browser: Any, tmp_path: Path) -> None:
    site = build(make(tmp_path, {"a.md": "# A\n\n고래\n"}, CONFIG.replace("  - search\n", "")))
    with served(site) as address, tab(browser, address, "404.html") as page:
        assert page.locator(".md-header [data-kb-search]").count() == 1
        page.locator("article [data-kb-search]").click()
        page.keyboard.type("고래")
        page.wait_for_selector(".kb-search-page")


def test_the_mark_behind_a_heading_takes_no_line(browser: Any, tmp_path: Path) -> None:
    text = f"{CONFIG}\nextra_css: [assets/kb-text.css]\n"
    site = build(make(tmp_path, {"a.md": "# Gradient Accumulation\n\n글\n"}, text))
    with served(site) as address, tab(browser, address, "a/", "phone") as page:
        lines = page.evaluate(
            """() => {
              const heading = document.querySelector("h1"), { lineHeight } = getComputedStyle(heading)
              const heights = []
              for (let width = 150; width < 330; width++) {
                heading.style.width = `${width}px`
                const whole = heading.offsetHeight
                heading.querySelector(".headerlink").hidden = true
                heights.push(whole - heading.offsetHeight)
                heading.querySelector(".headerlink").hidden = false
              }
              return heights
            }"""
        )
        assert set(lines) == {0}


OPEN_SHADOWS = """(() => {
  const attach = Element.prototype.attachShadow
  Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: "open" }) }
})()"""


def test_a_sequence_is_read_from_its_first_actor_on(browser: Any, tmp_path: Path) -> None:
    actors = "".join(f"    participant P{i} as {i}번째 참여자의 이름\n" for i in range(6))
    body = f"```mermaid\nsequenceDiagram\n{actors}    P0->>P5: 보냅니다\n```\n"
    site = build(make(tmp_path, {"a.md": f"# A\n\n{body}"}))
    with served(site) as address, tab(browser, address, "a/", "phone") as page:
        page.wait_for_selector("div.mermaid[tabindex='0']")
        diagram = page.locator("div.mermaid")
        assert diagram.evaluate("e => e.scrollWidth > 2 * e.clientWidth && e.scrollLeft < 50")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_timeline_is_legible_in_light_and_dark(browser: Any, tmp_path: Path, scheme: str) -> None:
    body = "```mermaid\ntimeline\n    2011 : 하나\n    2015 : 둘\n    2017 : 셋\n```\n"
    config = CONFIG.replace(
        "palette: {scheme: default}", f"palette: {{scheme: {'slate' if scheme == 'dark' else 'default'}}}"
    )
    site = build(make(tmp_path, {"a.md": f"# A\n\n{body}"}, config))
    with served(site) as address, tab(browser, address, "", scheme=scheme) as page:
        page.add_init_script(OPEN_SHADOWS)
        page.goto(f"{address}a/")
        page.wait_for_function(
            "() => document.querySelector('div.mermaid')?.shadowRoot?.querySelector('.timeline-node')"
        )
        ratios = page.evaluate(
            """() => {
              const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
              const page = getComputedStyle(document.body).backgroundColor
              const rgb = (colours) => {
                for (const colour of [page, ...colours]) {
                  canvas.fillStyle = colour
                  canvas.fillRect(0, 0, 1, 1)
                }
                return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
              }
              const light = (colours) => rgb(colours).map((c) => c / 255)
                .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
              const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05)
              const root = document.querySelector("div.mermaid").shadowRoot
              return [...root.querySelectorAll(".timeline-node")].map((node) => {
                const behind = getComputedStyle(node.querySelector("path")).fill
                return ratio([behind, getComputedStyle(node.querySelector("text")).fill], [behind])
              }).concat([...root.querySelectorAll(".lineWrapper line")]
                .map((line) => ratio([getComputedStyle(line).stroke], [])))
            }"""
        )
        assert len(ratios) == 10  # a title and an event of each of three times, their lines, and the line of time
        assert min(ratios) > 4.5
