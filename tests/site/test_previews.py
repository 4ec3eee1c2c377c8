# ruff: noqa: E501
"""Previews of pages on hover, focus and long press; and the whole site without a network, from a folder, from disk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from in_browser import SIZES, served, tab
from small_site import CONFIG, make, topic

from kbtools.site.build import build
from kbtools.site.html.urls import preview_of as place_of

BODY = """[[Target]] 그리고 [[Target#둘째 절|절]]과 [[없는 것]]과 [[#끝]]입니다.

{}

끝에서 다시 [[Target|마지막]].

## 끝
"""
TARGET = "첫 문단은 **굵고** [[Page|이어집니다]] <b>태그</b>.\n\n둘째 문단.\n\n## 둘째 절\n\n절의 글.\n"
PAGES = {
    "topics/Page.md": topic("Page", BODY.format("긴 글입니다. " * 400)),
    "topics/Target.md": topic("'Target <b>'", TARGET, source_trust_level="A", aliases="[Target]").replace(
        "# Target <b>", "# Target"
    ),
    "topics/Old.md": topic("Old", "옛 글", status="duplicate", duplicate_of='"[[Page]]"'),
}
PALETTE = CONFIG.replace("  palette: {scheme: default}", "  palette:\n    - {media: '(prefers-color-scheme: light)', scheme: default, toggle: {icon: material/weather-night, name: a}}\n    - {media: '(prefers-color-scheme: dark)', scheme: slate, toggle: {icon: material/weather-night, name: b}}")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(make(tmp_path_factory.mktemp("previews"), PAGES, PALETTE))


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[str]:
    with served(folder.parent) as address:  # the site stands in a folder of the server
        yield f"{address}site/"


def test_what_is_told(folder: Path) -> None:
    data = json.loads((folder / "topics/Target/preview.json").read_text(encoding="utf-8"))
    assert data == {
        "title": "Target <b>",
        "status": ["검증됨", "verified"],
        "trust": ["A", "공식 문서와 직접 실행", "a"],
        "text": "첫 문단은 굵고 이어집니다 태그.",
        "parts": {"둘째-절": ["둘째 절", "절의 글."]},
    }
    assert (
        json.loads((folder / "topics/Old/preview.json").read_text(encoding="utf-8"))["instead"]
        == "‘Page’ 문서가 대신합니다"
    )
    assert place_of("") == "preview.json"
    assert place_of("a/B.html") == "a/B.preview.json"
    assert "kb-preview.js" not in (folder / "runs/index.html").read_text(encoding="utf-8")


def card(page: Any) -> Any:
    return page.locator(".kb-preview")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("size", "scheme"), [("screen", "light"), ("phone", "dark")])
def test_hover(browser: Any, base: str, size: str, scheme: str) -> None:
    with tab(browser, base, "topics/Page/", size, scheme) as page:
        link = page.locator("article a.kb-link").first
        before = page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]")
        place = link.bounding_box()
        link.hover()
        card(page).wait_for(state="visible")
        assert card(page).locator(".kb-preview-title").inner_text() == "Target <b>"
        assert "첫 문단은 굵고 이어집니다" in card(page).inner_text()
        assert card(page).locator(".kb-status").inner_text() == "검증됨"
        assert page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]") == before
        assert link.bounding_box() == place  # nothing moves
        box = card(page).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SIZES[size][0]
        assert link.get_attribute("aria-describedby") == "kb-preview"
        if shots := os.environ.get("KB_SCREENSHOTS"):
            page.screenshot(path=f"{shots}/preview-{size}.png")
        card(page).hover()
        page.wait_for_timeout(400)
        assert card(page).is_visible()  # it can be pointed at
        page.keyboard.press("Escape")
        assert card(page).is_hidden()
        assert link.get_attribute("aria-describedby") is None
        last = page.locator("article a.kb-link", has_text="마지막")
        last.scroll_into_view_if_needed()
        page.evaluate(
            "e => scrollTo(0, scrollY + e.getBoundingClientRect().bottom - innerHeight + 4)", last.element_handle()
        )
        last.hover()
        card(page).wait_for(state="visible")
        assert card(page).bounding_box()["y"] < last.bounding_box()["y"]  # above, where there is no room below
        page.mouse.move(1, 1)
        card(page).wait_for(state="hidden")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_keyboard(browser: Any, base: str) -> None:
    with tab(browser, base, "topics/Page/") as page:
        section = page.locator("article a.kb-link", has_text="절").first
        page.locator("article a.kb-link").first.focus()
        page.keyboard.press("Tab")
        assert section.evaluate("e => e === document.activeElement")
        card(page).wait_for(state="visible")
        assert "절의 글." in card(page).inner_text()
        assert "Target <b> › 둘째 절" in card(page).inner_text()
        page.keyboard.press("Escape")
        assert card(page).is_hidden()
        assert section.evaluate("e => e === document.activeElement")
        page.keyboard.press("Enter")
        page.wait_for_url("**/topics/Target/#*")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_long_press(browser: Any, base: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.clock.install()  # how long a finger stays is for the test to say, not for the machine
    page.goto(f"{base}topics/Page/")
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    link = page.locator("article a.kb-link").first
    touch = {"pointerType": "touch", "bubbles": True, "clientX": 30, "clientY": 300}
    link.dispatch_event("pointerdown", touch)
    link.dispatch_event("pointerup", touch)
    page.clock.run_for(10_000)
    assert card(page).count() == 0  # a tap is a tap
    link.dispatch_event("pointerdown", touch)
    link.dispatch_event("pointermove", {**touch, "clientY": 340})
    page.clock.run_for(10_000)
    assert card(page).count() == 0  # so is scrolling
    link.dispatch_event("pointerdown", touch)
    page.clock.run_for(1000)
    card(page).wait_for(state="visible")
    link.dispatch_event("pointerup", touch)
    link.dispatch_event("click", {"bubbles": True, "cancelable": True})
    assert page.url.endswith("topics/Page/")
    page.locator("h1").dispatch_event("pointerdown", touch)
    assert card(page).is_hidden()
    page.clock.resume()
    link.tap()
    page.wait_for_url("**/topics/Target/")
    context.close()


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_less_motion(browser: Any, base: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{base}topics/Page/")
    page.locator("article a.kb-link").first.hover()
    card(page).wait_for(state="visible")
    assert card(page).evaluate("e => getComputedStyle(e).animationName") == "none"
    context.close()


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_from_disk(browser: Any, tmp_path: Path) -> None:
    site = build(make(tmp_path, PAGES, f"{PALETTE}use_directory_urls: false\n"))
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.goto((site / "topics/Page.html").as_uri())
    page.locator("article a.kb-link").first.hover()
    page.wait_for_timeout(800)
    assert card(page).count() == 0
    page.locator("article a.kb-link").first.click()
    page.wait_for_url("**/Target.html")
    assert wrong == []
    context.close()


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_no_page_asks_elsewhere(browser: Any, site_folder: Path) -> None:
    """Every page of a site with everything in it, served from a folder, with the network off but for the server."""
    context = browser.new_context(locale="ko-KR")
    page = context.new_page()
    wrong: list[str] = []
    with served(site_folder.parent) as address:
        root = f"{address}{quote(site_folder.name)}/"
        page.on("request", lambda r: r.url.startswith((root, "data:", "blob:")) or wrong.append(f"{page.url}: {r.url}"))
        page.on("response", lambda r: r.status >= 400 and wrong.append(f"{page.url}: {r.status} {r.url}"))
        page.on("pageerror", lambda e: wrong.append(f"{page.url}: {e}"))
        files = sorted(f for f in site_folder.rglob("*.html") if f.name != "404.html")
        assert len(files) > 15
        for file in files:
            here = root + quote(file.relative_to(site_folder).as_posix())
            page.goto(here, wait_until="load")
            if 'http-equiv="refresh"' in file.read_text(encoding="utf-8"):  # which would cut the next visit short
                page.wait_for_url(lambda url, left=here: url != left)
        assert wrong == []
    context.close()
