"""``kb check --watch``: checks now, again when a page changes, and ends on Ctrl-C with the last result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def until(log: Path, words: str, times: int) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8")
        if text.count(words) >= times:
            return text
        time.sleep(0.05)
    raise AssertionError(f"{words!r} was not said {times} times in:\n{log.read_text(encoding='utf-8')}")


def interruptible() -> None:
    """A shell has what it runs in the background ignore Ctrl-C, and tests may be run there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_change_is_checked_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    vault, log = tmp_path / "v", tmp_path / "log"
    vault.mkdir()
    (vault / "a.md").write_text("[[Nope]]\n")
    words = [sys.executable, "-m", "kbtools.cli", "check", "--no-run", "--watch", "--vault", str(vault)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            stdout=out,
            stderr=out,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=interruptible,  # noqa: PLW1509 - it takes no lock
        )
    try:
        until(log, "watching", 1)
        assert "1 broken" in until(log, "1 page ", 1)
        (vault / "Nope.md").write_text("[[a]]\n")
        text = until(log, "2 pages", 1)
        assert "nothing to report" in text.rpartition("2 pages")[2]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
    assert "Traceback" not in log.read_text(encoding="utf-8")
