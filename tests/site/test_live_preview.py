"""``kb serve``: from a save to the page, its findings and its results; and what must not end it."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import pytest
from preview import previewed
from small_site import CONFIG, make, topic

PAGES = {"topics/A.md": topic("A", "First."), "topics/B.md": topic("B", "Second.\n\n```python\nprint(6 * 7)\n```")}


def test_a_day_with_the_preview(tmp_path: Path) -> None:
    make(tmp_path, PAGES, CONFIG.replace("  - search\n", ""))
    docs = tmp_path / "docs/topics"
    with previewed(tmp_path) as preview:
        preview.wait_for("topics/B/", "kb-is-unknown")  # nothing runs before it is edited
        a = (docs / "A.md").read_text("utf-8")
        (docs / "A.md").write_text(a + "\nA sentence, and [[Nowhere]].\n", "utf-8")
        preview.wait_for("topics/A/", "A sentence, and")
        preview.wait_for("topics/A/", "no page is called &quot;Nowhere&quot;")
        (docs / "B.md").write_text((docs / "B.md").read_text("utf-8").replace("6 * 7", "7 * 6"), "utf-8")
        preview.wait_for("topics/B/", "kb-is-passed")
        (docs / "B.md").write_text(topic("B", "```python\nimport os\n\nos._exit(9)\n```"), "utf-8")
        preview.wait_for("topics/B/", "kb-is-error")
        config = (tmp_path / "mkdocs.yml").read_text("utf-8")
        (tmp_path / "mkdocs.yml").write_text("site_name: [", "utf-8")
        preview.wait_for("topics/A/", "not built:")
        (tmp_path / "mkdocs.yml").write_text(config.replace("작은 위키", "Another name"), "utf-8")
        preview.wait_for("topics/A/", "Another name")
        (docs / "A.md").rename(docs / "C.md")
        preview.wait_for("topics/C/", "A sentence, and")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            preview.get("topics/A/")
