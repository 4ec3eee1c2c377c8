"""``kb serve``: from a save to the page, its findings and its results; and what must not end it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_site import CONFIG, make, topic

PAGES = {"topics/A.md": topic("A", "First."), "topics/B.md": topic("B", "Second.\n\n```python\nprint(6 * 7)\n```")}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    make(tmp_path, PAGES, CONFIG.replace("  - search\n", ""))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "kbtools.cli", "serve", "--root", str(tmp_path), "--port", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/"
        assert server.poll() is None
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address: str, text: str) -> None:
    """Ask for a page until it holds a text. An answer without it says nothing yet: the build may be under way."""
    shown = ""
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        with contextlib.suppress(OSError), urllib.request.urlopen(address) as page:
            shown = page.read().decode()
        if text in shown:
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} never appeared in {shown}")


def test_a_day_with_the_preview(tmp_path: Path, address: str) -> None:
    docs = tmp_path / "docs/topics"
    wait_for(f"{address}topics/B/", "kb-is-unknown")  # nothing runs before it is edited
    a = (docs / "A.md").read_text("utf-8")
    (docs / "A.md").write_text(a + "\nA sentence, and [[Nowhere]].\n", "utf-8")
    wait_for(f"{address}topics/A/", "A sentence, and")
    wait_for(f"{address}topics/A/", "no page is called &quot;Nowhere&quot;")
    (docs / "B.md").write_text((docs / "B.md").read_text("utf-8").replace("6 * 7", "7 * 6"), "utf-8")
    wait_for(f"{address}topics/B/", "kb-is-passed")
    (docs / "B.md").write_text(topic("B", "```python\nimport os\n\nos._exit(9)\n```"), "utf-8")
    wait_for(f"{address}topics/B/", "kb-is-error")
    config = (tmp_path / "mkdocs.yml").read_text("utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: [", "utf-8")
    wait_for(f"{address}topics/A/", "not built:")
    (tmp_path / "mkdocs.yml").write_text(config.replace("작은 위키", "Another name"), "utf-8")
    wait_for(f"{address}topics/A/", "Another name")
    (docs / "A.md").rename(docs / "C.md")
    wait_for(f"{address}topics/C/", "A sentence, and")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{address}topics/A/")
