"""``kb serve``: from a save to the page, its findings and its results; and what must not end it."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import pytest
from preview import previewed
from small_site import CONFIG, make, topic

from kbtools.cli.commands.serve import Runs
from kbtools.run.processes.launchers import ForkServerLauncher

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


_SAVES_A_PAGE = """
from pathlib import Path

def on_post_build(config):
    page = Path(config.docs_dir, "topics/A.md")
    text = page.read_text("utf-8")
    if "Saved meanwhile" not in text:
        page.write_text(text + "\\nSaved meanwhile.\\n", "utf-8")
"""


def test_what_is_saved_during_the_first_build_is_shown(tmp_path: Path) -> None:
    make(tmp_path, PAGES, CONFIG.replace("  - search\n", "") + "hooks: [hook.py]\n")
    (tmp_path / "hook.py").write_text(_SAVES_A_PAGE, "utf-8")
    with previewed(tmp_path, "--no-run") as preview:
        preview.wait_for("topics/A/", "Saved meanwhile")


def test_a_file_that_was_not_there_is_noticed(tmp_path: Path) -> None:
    make(tmp_path, PAGES, CONFIG.replace("  - search\n", ""))
    hidden = (tmp_path / "kb.toml").read_text("utf-8")
    (tmp_path / "kb.toml").unlink()
    with previewed(tmp_path, "--no-run") as preview:
        assert 'class="kb-infobox' not in preview.get("topics/A/")
        (tmp_path / "kb.toml").write_text(hidden, "utf-8")
        preview.wait_for("topics/A/", 'class="kb-infobox')


def test_one_fork_server_runs_every_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make(tmp_path, PAGES)
    page = project.vault / "topics/B.md"
    started = []
    start = ForkServerLauncher._start_server
    monkeypatch.setattr(ForkServerLauncher, "_start_server", lambda *args: started.append(args) or start(*args))
    runs = Runs(project)
    try:
        runs.run(["topics/B.md"])
        assert "1 snippet: 1 passed" in capsys.readouterr().err
        page.write_text(page.read_text("utf-8").replace("6 * 7", "1 / 0"), "utf-8")
        runs.run(["topics/B.md", "topics/Gone.md"])
        assert "ZeroDivisionError" in capsys.readouterr().err
        assert len(started) == 1
        monkeypatch.setattr("kbtools.state.program.installed", lambda: iter([Path("torch-9.dist-info")]))
        page.write_text(page.read_text("utf-8").replace("1 / 0", "2 / 1"), "utf-8")
        runs.run(["topics/B.md"])
        assert "1 passed" in capsys.readouterr().err
        assert len(started) == 2, "another version may be installed"
    finally:
        runs.close()
