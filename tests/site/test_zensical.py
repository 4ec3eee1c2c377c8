"""Zensical, which runs Python-Markdown extensions and no MkDocs plugins, renders kb's pages behind ``kb gate``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from small_site import broken_links, make, read, topic

from kbtools.cli import main

CONFIG = """
site_name: A wiki
theme: {name: material, font: false}
plugins: [kbtools]
extra_css: [kb/kb.css]
extra_javascript: [kb/kb.js]
markdown_extensions:
  - pymdownx.highlight
  - pymdownx.superfences
  - kbtools
"""
PAGES = {
    "topics/A.md": topic(
        "A",
        '[[B|the other]] [md](B.md) <a href="B.md">raw</a> [[nowhere]] <script>x</script>\n\n'
        "```python\nprint(6 * 7)  # 42\n```\n\n![[B#Part]]\n",
    ),
    "topics/B.md": topic("B", "## Part\n\nEmbedded.\n"),
    "index.md": "# Start\n\n[[A]]\n",
}


def test_the_gate_and_what_stands_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zensical = Path(sys.executable).with_name("zensical")
    if not zensical.is_file():
        pytest.skip("zensical is not installed")
    make(tmp_path, PAGES, CONFIG)
    monkeypatch.chdir(tmp_path)
    rules = "\n[rules]\nbroken-link = 'off'\n"
    (tmp_path / "kb.toml").write_text((tmp_path / "kb.toml").read_text().replace('= "topic"', '= "none"') + rules)
    assert main(["gate", "--assets", "docs/kb", "--", str(zensical), "build"]) == 0
    page = read(tmp_path / "site/topics/A/index.html")
    assert page.all("a", "kb-link")[0]["href"] == "../B/"
    assert not [told for told in broken_links(tmp_path / "site") if told.startswith("topics/A")]
    assert page.all("span", "kb-is-passed")
    assert page.all("span", "kb-missing")
    assert "Pages that link here" in page.text
    assert "Embedded." in page.text
    assert not any(tag == "script" and not a.get("src") and not a.get("id") and a == "x" for tag, a in page.elements)
    assert (tmp_path / "site/kb/kb.css").is_file()


def test_nothing_stands_behind_a_gate_that_is_shut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path, {"index.md": "# A\n\n```python\nassert False\n```\n"}, CONFIG)
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')"
    assert main(["gate", "--root", str(tmp_path), "--", sys.executable, "-c", code]) == 1
    assert not ran.exists()
    assert "the command was not run" in capsys.readouterr().err
    (tmp_path / "docs/index.md").write_text("# A\n\n```python\nassert True\n```\n")
    assert main(["gate", "--root", str(tmp_path), "--", sys.executable, "-c", code]) == 0
    assert ran.exists()
    assert main(["gate", "--root", str(tmp_path), "--", sys.executable, "-c", "raise SystemExit(7)"]) == 7
