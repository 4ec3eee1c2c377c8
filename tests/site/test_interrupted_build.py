"""A build that is interrupted keeps the pages it has rendered, and the next one continues there."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from small_site import CONFIG, make, topic

from kbtools.config.project import Project
from kbtools.state.memo import FILE

PAGES = 60
SLOW = """
import os, time

def on_page_markdown(markdown, **_):
    time.sleep(float(os.environ.get("A_PAGE_TAKES", "0")))
    return markdown
"""


def rendered(project: Project) -> int:
    try:
        with closing(sqlite3.connect(f"file:{project.state / FILE}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM value WHERE kind = 'body'").fetchone()[0])
    except sqlite3.Error:
        return 0


def build(project: Project, *more: str, seconds_a_page: float = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "KB_JOBS": "2", "A_PAGE_TAKES": str(seconds_a_page)}
    command = [sys.executable, "-m", "kbtools.cli", "build", "--no-run", *more]
    return subprocess.Popen(
        command,
        cwd=project.root,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # Started in the background, a process may ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_is_continued(tmp_path: Path, by: signal.Signals) -> None:
    pages = {
        f"topics/Page {n}.md": topic(f"Page {n}", f"It leads to [[Page {(n + 1) % PAGES}]].") for n in range(PAGES)
    }
    config = CONFIG.replace("  - search\n  - kbtools\n", "  - kbtools: {per_page: [slow.py]}\nhooks: [slow.py]\n")
    project = make(tmp_path, pages, config)
    (tmp_path / "kb.toml").write_text('docs = "docs"\n')
    (tmp_path / "slow.py").write_text(SLOW)
    with build(project, seconds_a_page=0.15) as first:
        limit = time.monotonic() + 120
        while not rendered(project) and first.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)
        first.send_signal(by)
        assert first.wait(60), "it did not end by itself"
    kept = rendered(project)
    assert 0 < kept < PAGES
    assert not (tmp_path / "site").exists()
    with build(project, "--paranoid") as second:
        told = second.communicate(timeout=300)[1]
    assert second.returncode == 0, told
    found = re.search(r"(\d+) rendered .*?, (\d+) put into the theme again", told)
    assert found is not None, told
    assert int(found[2]) >= kept
    assert int(found[1]) <= PAGES + 20 - kept
