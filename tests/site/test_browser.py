"""The site in a browser without a network: with this project's own mkdocs.yml, on a screen and on a phone."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_site import make, store, topic

from kbtools.execution.outcomes import Status
from kbtools.site.build import build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"screen": (1280, 900), "phone": (360, 740)}

CODE = """
```mermaid
flowchart LR
    A --> B
```

```python {#setup .hidden}
import math
```

```python {#printed}
print("a line of output that is much wider than any phone's screen, on purpose, to see that it does not push the page")
for i in range(40): print(i)
```

```python {#raising raises="ValueError"}
math.sqrt(-1)  # a comment that makes this line of code far wider than the screen of a telephone is, as code often is
```

```python {#gpu device="cuda"}
x = 1
```

| 아주 긴 표 | 둘째 열 | 셋째 열 | 넷째 열 | 다섯째 열 |
|---|---|---|---|---|
| `torch.nn.functional.scaled_dot_product_attention` | [[없는 문서]] | [[Tensor]] | ![[Tensor]] | 값 |

`a_very_long_identifier_without_any_place_to_break_it_which_a_phone_has_to_break_somewhere_all_the_same`

!!! note "알림"
    [[Tensor|텐서]]에서 requires_grad를 켭니다. torch.utils.data도 있습니다.
"""
FIELDS = {
    "confidence_score": "0.9",
    "source_trust_level": "A",
    "verification_status": "applied",
    "last_reinforced": "2026-05-01",
    "tags": "[자동 미분, a-tag-with-a-rather-long-name, pytorch]",
    "aliases": "[자동 미분, 오토그래드]",
    "raw_sources": "[https://example.org/a/very/long/address/that/cannot/be/broken/except/by/force/index.html]",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("site")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {
        "guide/index.md": "# 안내\n",
        "assets/kb-favicon.svg": (ROOT / "docs/assets/kb-favicon.svg").read_text(encoding="utf-8"),
        "topics/Autograd.md": topic("Autograd", CODE, **FIELDS),
        "topics/Tensor.md": topic(
            "Tensor", "[[Autograd]]가 기록합니다.", status="duplicate", duplicate_of='"[[Autograd]]"'
        ),
    }
    project = make(root, pages, config)
    store(
        project,
        printed={"stdout": "wide " * 60 + "\n" + "\n".join(map(str, range(40)))},
        raising={"outcome": Status.PASSED, "message": "ValueError: math domain error"},
    )
    folder = build(project, strict=True)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: sh tests/site/install-browser.sh")
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Tab:
    """A page, and all that went wrong while it was open."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []

    def watch(self, base: str) -> None:
        def route(route: Any) -> None:
            if route.request.url.startswith(base):
                route.continue_()
            else:
                self.wrong.append(f"asked for {route.request.url}")
                route.abort()

        self.page.route("**/*", route)
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)


@contextlib.contextmanager
def tab(browser: Any, base: str, path: str, size: str = "screen", scheme: str = "light") -> Iterator[Any]:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="ko-KR")
    try:
        opened = Tab(context.new_page())
        opened.watch(base)
        opened.page.goto(base + path)
        opened.page.wait_for_load_state("networkidle")
        yield opened.page
        assert opened.wrong == []
    finally:
        context.close()


# Contrast as WCAG 2 defines it, of every text of ours that is shown, against the first opaque background behind it.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor)
      if (color[3] > 250) return color
    }
    return [255, 255, 255]
  }
  const poor = []
  for (const e of document.querySelectorAll("[class*=kb-], [class*=kb-] *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())
    if (!own || !e.checkVisibility({ opacityProperty: true }) || e.closest(".highlight, .kb-sr")) continue
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    if (ratio < 4.5) poor.push(`${e.className || e.tagName} ${e.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`)
  }
  return poor
}"""


@pytest.mark.parametrize(("size", "scheme"), [("screen", "light"), ("phone", "dark")])
@pytest.mark.parametrize("path", ["", "topics/Autograd/", "topics/Tensor/", "all/", "tags/", "categories/", "runs/"])
def test_pages_fit_and_can_be_read(browser: Any, site: str, path: str, size: str, scheme: str) -> None:
    with tab(browser, site, path, size, scheme) as page:
        for folded in page.query_selector_all(".md-content details:not([open])"):
            folded.evaluate("e => { e.open = true }")
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        wide = page.evaluate(
            """() => [...document.querySelectorAll(".md-content [class*=kb-]")]
                .filter((e) => !e.closest("table, pre, .kb-sr") && e.getBoundingClientRect().right > innerWidth)
                .map((e) => e.className)"""
        )
        assert wide == []
        assert page.evaluate(CONTRAST) == []
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_poor_contrast_would_be_seen(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        page.add_style_tag(content=".kb-badge { color: #ccc !important } .kb-snippet { width: 2000px }")
        assert any("kb-badge" in found for found in page.evaluate(CONTRAST))


def test_diagrams_are_drawn_without_a_network(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        page.wait_for_function("document.querySelector('div.mermaid')?.shadowRoot || window.mermaid")
        page.wait_for_function("!document.querySelector('pre.mermaid')")
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


@pytest.mark.parametrize("query", ["utils", "grad", "기록합니다", "오토그래드"])
def test_search_finds_parts_of_names(browser: Any, site: str, query: str) -> None:
    with tab(browser, site, "") as page:
        page.locator(".md-search__input").click()
        page.wait_for_function("document.querySelector('.md-search-result__meta').textContent.includes('검색어를')")
        page.keyboard.type(query)
        page.keyboard.press("End")  # Hangul is inserted without the key events Material listens for
        page.wait_for_selector(".md-search-result__item")
        assert "Autograd" in page.locator(".md-search-result__list").inner_text()


def test_wikilinks_and_backlinks_can_be_walked(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        page.locator(".admonition a.kb-link").click()
        page.wait_for_url("**/topics/Tensor/")
        page.locator(".kb-notice a").click()
        page.wait_for_url("**/topics/Autograd/")
        page.locator(".kb-backlinks a").first.click()
        page.wait_for_url("**/topics/Tensor/")
