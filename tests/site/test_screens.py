"""Pictures of one page of every kind, for people to look at: ``KB_SCREENSHOTS=DIR pytest tests/site/test_screens.py``.

What can be said without looking is asserted: that there is something to be seen, in its colours, and nothing beyond
the right edge.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from in_browser import SIZES, tab
from pages_of_every_kind import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COLORS = """async (png) => {
  const image = new Image()
  image.src = `data:image/png;base64,${png}`
  await image.decode()
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d")
  context.drawImage(image, 0, 0)
  const data = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)
  const counts = new Map()
  for (const color of data) counts.set(color, (counts.get(color) ?? 0) + 1)
  return { colors: counts.size, most: Math.max(...counts.values()) / data.length }
}"""


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


@pytest.mark.parametrize(
    ("size", "scheme"), [("screen", "light"), ("screen", "dark"), ("phone", "light"), ("phone", "dark")]
)
def test_there_is_something_to_be_seen(
    browser: Any, site: str, folder: Path, blank: Any, size: str, scheme: str
) -> None:
    with tab(browser, site, "", size, scheme) as page:
        for path in PAGES:
            page.goto(site + path)
            page.wait_for_load_state("load")
            picture = page.screenshot()
            name = path.strip("/").replace("/", "-") or "home"
            (folder / f"{name}-{size}-{scheme}.png").write_bytes(picture)
            seen = blank.evaluate(COLORS, base64.b64encode(picture).decode())
            assert seen["colors"] > 20, (path, seen)
            assert 0.2 < seen["most"] < 0.99, (path, seen)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], path


def test_a_blank_page_would_be_told(blank: Any) -> None:
    seen = blank.evaluate(COLORS, base64.b64encode(blank.screenshot()).decode())
    assert seen["most"] > 0.99
