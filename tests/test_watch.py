"""``kb check --watch``: checks now, again when a page changes, and ends on Ctrl-C with the last result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import LIMIT, until


def told(log: Path, checks: int) -> str:
    """What the last check printed, once so many are done."""

    def find() -> list[str]:
        *done, _ = log.read_text(encoding="utf-8").split("watching; Ctrl-C ends\n")
        return done[checks - 1 :]

    return until(find, f"check {checks}")[-1]


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
        assert "1 broken" in told(log, 1)
        (tmp_path / "new.md").write_text("[[a]]\n")
        (tmp_path / "new.md").rename(vault / "Nope.md")  # whole, in one event
        assert "nothing to report" in told(log, 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 0
    finally:
        process.kill()
    assert "Traceback" not in log.read_text(encoding="utf-8")
