"""What a run shows while it goes on: on a terminal of any width, and where there is none."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from kbtools.cli.progress import Progress
from kbtools.output.text import width
from kbtools.run.results.outcomes import Outcome, Status


def on_terminal(words: list[str], cwd: Path, columns: int) -> str:
    """What a command writes to a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_") and k not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "kbtools.cli", *words],
        cwd=cwd,
        env={**clean, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        told = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # how Linux says that nobody holds the other end any more
                data = b""
            if not data:
                break
            told += data
    os.close(ours)
    return told.decode()


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki/자동 미분.md").write_text(
        "```python {#first}\nx = 1\n```\n\n"
        "```python {#fails}\nimport time\ntime.sleep(0.6)\nraise ValueError('no')\n```\n"
    )
    (tmp_path / "wiki/Other.md").write_text("```python {#one}\nx = 1\n```\n")
    return tmp_path


@pytest.mark.parametrize("columns", [120, 40, 16])
def test_no_line_is_wider_than_the_terminal_and_failures_stay(wiki: Path, columns: int) -> None:
    told = on_terminal(["run", "--device", "cpu", "-n", "1"], wiki, columns)
    drawn = [re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", part) for part in re.split(r"\r\x1b\[K", told)[1:]]
    lines = [part.split("\r\n")[0] for part in drawn[:-1]]
    assert any(line.startswith("[3/3]") for line in lines), lines
    assert all(width(line) <= columns for line in lines), lines
    assert any(line.startswith("failed ") for line in lines), "as it comes"
    assert told.rindex("\x1b[K") < told.index("2 pages · 3 snippets"), "the line is gone before the summary"
    if columns == 120:
        assert any("cpu" in line and "1 failed" in line and "slowest" in line for line in lines), lines


def test_a_build_shows_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(3):
        (tmp_path / f"docs/page{number}.md").write_text(f"# Page {number}\n\n<script>x</script>\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: Wiki\ntheme: {name: material, font: false}\nplugins: [kbtools]\n")
    told = on_terminal(["build"], tmp_path, 40)
    drawn = [re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", part) for part in re.split(r"\r\x1b\[K", told)[1:]]
    lines = [part.split("\r\n")[0] for part in drawn]
    assert any(re.fullmatch(r"\[\d+/\d+\] pages put into the theme", line) for line in lines), lines
    assert all(width(line) <= 40 for line in lines[:-1] if line.startswith("[")), lines
    assert any(line.startswith("warning: page0.md:3: not published") for line in lines), "warnings stay"
    assert "\x1b[K" not in told[told.index(" pages in site/") :], "the line is gone before the summary"


def test_nothing_is_drawn_where_there_is_no_terminal(wiki: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kbtools.cli", "run", "--device", "cpu", "-n", "1"],
        cwd=wiki,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "[1/" not in done.stderr


@pytest.mark.parametrize("columns", range(1, 130, 3))
def test_a_line_fits_whatever_the_width(columns: int) -> None:
    progress = Progress(12, io.StringIO())
    for name in ("topics/텐서 연산.md::긴-이름[cpu]", "topics/Autograd.md::backward[cuda]"):
        status = Status.PASSED
        outcome = Outcome(name, name.partition("::")[0], 3, name[-5:-1].strip("["), status, seconds=12.3)
        progress.seen(outcome)
    progress.failed = 2
    assert width(progress.line(outcome, columns)) <= max(columns, 1)
