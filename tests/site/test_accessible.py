"""What keyboards, fingers and screen readers need, and how axe-core is asked (``test_screens``: of every page)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from in_browser import SIZES, at_rest, served, tab
from small_site import make

from kbtools.site.build import build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
RUN = """async (tags) => {
  const what = { exclude: [".md-copyright"] } // Material's own
  const found = await axe.run(what, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] })
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.html.slice(0, 120)}: ${
    n.any.concat(n.all, n.none).map((c) => c.message).join("; ").slice(0, 200)}`))
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core (MPL 2.0), as axe-playwright-python carries it."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-playwright-python is not installed")
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    found: list[str] = page.evaluate(RUN, RULES)
    return found


def test_axe_would_tell(browser: Any, site: str, axe: str) -> None:
    with tab(browser, site, "health/") as page:
        page.add_style_tag(content=".kb-tiles > li { color: #ccc !important }")
        page.evaluate("document.querySelector('.kb-bar').removeAttribute('aria-label')")
        kinds = {found.partition(":")[0] for found in violations(page, axe)}
        assert kinds == {"color-contrast", "svg-img-alt"}


def focused(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => {
          const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect()
          return { name: `${e.tagName}.${e.className} ${(e.textContent || "").trim().slice(0, 20)}`,
            body: e === document.body,
            outlined: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0, wide: r.width, high: r.height,
            seen: r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth }
        }"""
    )
    return found


def test_the_first_key_leads_past_the_navigation(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Exercises/") as page:
        page.keyboard.press("Tab")
        assert page.locator(".md-skip").evaluate("e => e === document.activeElement")
        assert focused(page)["seen"]
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.md-content') !== null")


@pytest.mark.parametrize("path", ["topics/Autograd/", "topics/Exercises/", "paths/first/", "health/"])
def test_the_focus_is_always_seen(browser: Any, site: str, path: str) -> None:
    with tab(browser, site, path) as page:
        for folded in page.query_selector_all(".md-content details:not([open])"):
            folded.evaluate("e => { e.open = true }")
        hidden, seen = [], 0
        for _ in range(120):
            page.keyboard.press("Tab")
            at = focused(page)
            if at["body"]:
                break
            seen += 1
            if not at["seen"] or not at["outlined"]:
                hidden.append(at)
        assert seen > 10
        assert hidden == []


def test_a_table_wider_than_the_screen_is_scrolled_by_keyboard(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/", "phone") as page:
        wrap = page.locator(".md-typeset__scrollwrap").first
        assert wrap.get_attribute("tabindex") == "0"
        wrap.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.querySelector('.md-typeset__scrollwrap').scrollLeft > 0")


def test_code_wider_than_the_screen_is_scrolled_by_keyboard(browser: Any, tmp_path: Path, axe: str) -> None:
    """Material sees to that only where code has a button to copy it."""
    wide, narrow = f"```text\n{'wide ' * 40}\n```\n", "```text\nnarrow\n```\n"
    folded = f"> [!note]- 접힌 것\n> {wide.replace(chr(10), chr(10) + '> ').rstrip('> ')}"
    project = make(tmp_path, {"index.md": f"# 코드\n\n{wide}\n{narrow}\n{folded}\n"})
    build(project)
    with served(tmp_path / "site") as address, tab(browser, address, "", "phone") as page:
        code = page.locator(".md-content pre > code")
        assert [code.nth(n).get_attribute("tabindex") for n in range(2)] == ["0", None]
        page.locator(".md-content summary").click()
        page.wait_for_function("() => document.querySelectorAll('.md-content pre > code')[2].tabIndex === 0")
        assert violations(page, axe) == []
        code.first.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.querySelector('.md-content pre > code').scrollLeft > 0")


def test_targets_are_large_enough_for_a_finger(browser: Any, site: str) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 CSS pixels, for what we add."""
    with tab(browser, site, "paths/first/", "phone") as page:
        page.locator(".kb-path-tools summary").click()
        for selector in (".kb-done:visible", ".kb-button:visible", ".kb-path-tools summary"):
            for box in page.locator(selector).all():
                found = box.bounding_box()
                assert found["height"] >= 24, (selector, found)
                assert found["width"] >= 24, (selector, found)


@pytest.mark.parametrize(("touch", "pixels"), [(False, 24), (True, 36)])
def test_the_button_to_copy_code_is_large_enough(browser: Any, site: str, touch: bool, pixels: int) -> None:
    """Material's is 19 pixels wide, and so it is without this wiki's own style sheet."""
    with tab(browser, site, "topics/Autograd/", "phone", touch=touch) as page:
        found = page.locator(".md-code__button").first.bounding_box()
        assert min(found["height"], found["width"]) >= pixels, found
        beyond = """() => [...document.querySelectorAll("pre:has(.md-code__nav)")].filter((e) =>
          e.querySelector(".md-code__nav").getBoundingClientRect().bottom > e.getBoundingClientRect().bottom).length"""
        assert page.evaluate(beyond) == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_words_of_charts_are_not_too_small(browser: Any, site: str, size: str) -> None:
    with tab(browser, site, "health/", size) as page:
        heights = page.evaluate(
            """() => [...document.querySelectorAll(".md-content svg text")].map((e) =>
                 parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a)"""
        )
        assert min(heights, default=0) >= 11, heights


@pytest.mark.parametrize("path", ["health/", "runs/", "categories/", "recent/"])
def test_tables_of_generated_pages_are_whole(browser: Any, site: str, path: str) -> None:
    """Their last column does not fade as if something followed it, and dates stay in one line."""
    with tab(browser, site, path) as page:
        tables = page.evaluate(
            """() => [...document.querySelectorAll(".kb-generated, .kb-generated .md-typeset__scrollwrap")]
                 .map((e) => [e.scrollWidth, e.clientWidth])"""
        )
        assert tables
        assert [(all_, seen) for all_, seen in tables if all_ > seen] == []
        page.add_style_tag(content=".kb-generated table { width: 10rem }")
        lines = page.evaluate('() => [...document.querySelectorAll("td time")].map((e) => e.getClientRects().length)')
        assert set(lines) <= {1}
        assert lines or path == "health/"


def test_motion_stops_for_those_who_ask(browser: Any, site: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(site + "topics/Autograd/")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("[class*=kb-]")]
            .flatMap((e) => ["", "::before"].map((p) => getComputedStyle(e, p)))
            .filter((s) => s.transitionDuration.split(",").some((d) => parseFloat(d) > 0)).length"""
    )
    assert moving == 0
    context.close()


BUDGET = 150_000
"""Bytes, uncompressed, of the scripts a page loads before its reader does anything, the theme's own left out."""


def test_scripts_stay_within_their_budget(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Exercises/") as page:
        wait = at_rest(page)
        page.reload()
        wait()
        sizes = page.evaluate(
            """async () => Object.fromEntries(await Promise.all(performance.getEntriesByType("resource")
                .filter((r) => new URL(r.name).pathname.endsWith(".js") && !r.name.includes("/assets/javascripts/"))
                .map(async (r) => [r.name, (await (await fetch(r.name)).blob()).size])))"""
        )
        assert any("kb-learn" in name for name in sizes)
        assert sum(sizes.values()) < BUDGET, sizes
