"""A real browser without a network: tabs that note what goes wrong, and a server for a built site."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.waiting import LIMIT

_PROGRAMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)  # the first takes a third of the time
CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
# The last: a page that rests is the same to the pixel in every picture.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-partial-raster"]
SIZES = {"screen": (1280, 900), "phone": (360, 740)}

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


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on loopback."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = False  # a free port could be given to two servers before the first listens

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


_SCRIPTS_REST = "() => new Promise((done) => requestIdleCallback(() => setTimeout(done), { timeout: 1000 }))"


def at_rest(page: Any) -> Callable[[], None]:
    """Called before a page goes somewhere. What it gives waits until that is loaded, its scripts have nothing to do
    and none of its requests is under way. Playwright's ``networkidle`` is half a second later at best, and never where
    the headless shell draws diagrams.
    """
    under_way: set[Any] = set()

    def begins(request: Any) -> None:  # Playwright takes no method of a set
        under_way.add(request)

    def ends(request: Any) -> None:
        under_way.discard(request)

    page.on("request", begins)
    page.on("requestfinished", ends)
    page.on("requestfailed", ends)

    def wait() -> None:
        page.wait_for_load_state("load")
        quiet = 0
        while quiet < 3:
            page.evaluate(_SCRIPTS_REST)
            quiet = 0 if under_way else quiet + 1

    return wait


class Tab:
    """A page, and all that went wrong while it was open."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []

    def watch(self, base: str) -> None:
        def note(request: Any) -> None:
            if not request.url.startswith((base, "data:", "blob:")):
                self.wrong.append(f"asked for {request.url}")

        def route(route: Any) -> None:
            if route.request.url.startswith(base):
                route.continue_()
            else:
                self.wrong.append(f"asked for {route.request.url}")
                route.abort()

        if base.startswith("file:"):
            # Held up and let go on, requests for files now and then never end, and closing the tab waits for them.
            self.page.context.set_offline(True)
            self.page.on("request", note)
        else:
            self.page.route("**/*", route)
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)


@contextlib.contextmanager
def tab(
    browser: Any, base: str, path: str, size: str = "screen", scheme: str = "light", *, touch: bool = False
) -> Iterator[Any]:
    """A page of its own browser profile; what it asks for elsewhere, logs or fails to find fails the test."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="ko-KR", has_touch=touch
    )
    context.set_default_timeout(LIMIT * 1000)
    try:
        opened = Tab(context.new_page())
        opened.watch(base)
        wait = at_rest(opened.page)
        opened.page.goto(base + path)
        wait()
        yield opened.page
        assert opened.wrong == [], opened.wrong
    finally:
        for left in context.pages:
            left.unroute_all(behavior="ignoreErrors")
            with contextlib.suppress(Exception):  # closing in the middle of a way elsewhere may never end
                left.goto("about:blank", timeout=10_000)
        context.close()
