"""One page of every kind, on a screen and on a phone, light and dark: that it fits, can be read and is not blank, and
that axe-core finds nothing against WCAG 2.2 AA.

Its picture is for people to look at: ``KB_SCREENSHOTS=DIR pytest tests/site/test_screens.py``.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from in_browser import CONTRAST, SIZES, at_rest, tab
from pages_of_every_kind import PAGES
from test_accessible import axe, violations  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COLORS = """async (png) => {
  const image = new Image()
  image.src = `data:image/png;base64,${png}`
  await image.decode()
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d")
  context.drawImage(image, 0, 0)
  const data = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)
  const counts = new Map()
  for (let at = 0; at < data.length; at += 7) counts.set(data[at], (counts.get(data[at]) ?? 0) + 1)
  return { colors: counts.size, most: Math.max(...counts.values()) / Math.ceil(data.length / 7) }
}"""
"""How many colours every seventh pixel of a picture has, and the share of the most frequent one."""
WIDE = """() => [...document.querySelectorAll(".md-content [class*=kb-]")]
  .filter((e) => !e.closest("table, pre, .kb-sr") && e.getBoundingClientRect().right > innerWidth)
  .map((e) => e.className)"""
TWICE = """() => [...document.querySelectorAll(".md-content :has(.md-typeset__scrollwrap)")]
  .filter((e) => getComputedStyle(e).overflowX === "auto" && e.scrollWidth > e.clientWidth)
  .map((e) => e.className)"""
"""What scrolls sideways around a table, which does so by itself."""
WITH_AXE = (("screen", "light"), ("phone", "dark"))
"""Where axe-core, which takes as long as opening the page, is asked too."""
UNFOLD = "document.querySelectorAll('.md-content details').forEach((e) => { e.open = true })"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wanted = os.environ.get("KB_SCREENSHOTS")
    found = Path(wanted) if wanted else tmp_path_factory.mktemp("screens")
    found.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture(scope="module")
def blank(browser: Any) -> Any:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read(
    browser: Any,
    site: str,
    folder: Path,
    blank: Any,
    axe: str,  # noqa: F811
    size: str,
    scheme: str,
) -> None:
    with tab(browser, site, "", size, scheme) as page:
        wait = at_rest(page)
        for path in PAGES:
            page.goto(site + path)
            wait()
            picture = page.screenshot()
            name = path.strip("/").replace("/", "-") or "home"
            (folder / f"{name}-{size}-{scheme}.png").write_bytes(picture)
            seen = blank.evaluate(COLORS, base64.b64encode(picture).decode())
            assert seen["colors"] > 20, (path, seen)
            assert 0.2 < seen["most"] < 0.99, (path, seen)
            page.evaluate(UNFOLD)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], path
            assert page.evaluate(WIDE) == [], path
            assert page.evaluate(TWICE) == [], path
            assert page.evaluate(CONTRAST) == [], path
            if (size, scheme) in WITH_AXE:
                assert violations(page, axe) == [], path
            background = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(255, 255, 255)") == (scheme == "light"), path


def test_poor_contrast_would_be_seen(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        page.add_style_tag(content=".kb-badge { color: #ccc !important } .kb-snippet { width: 2000px }")
        assert any("kb-badge" in found for found in page.evaluate(CONTRAST))


def test_a_blank_page_would_be_told(blank: Any) -> None:
    seen = blank.evaluate(COLORS, base64.b64encode(blank.screenshot()).decode())
    assert seen["most"] > 0.99
