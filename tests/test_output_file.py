"""Files a command line asks for: links are followed, modes stay, and what a killed command left is taken over."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from kbtools.cli.output_file import write_output


def test_a_link_and_the_mode_of_its_file_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "there/report.json", tmp_path / "link.json"
    write_output(file, b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_output(link, b"new")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    assert os.listdir(file.parent) == ["report.json"]  # noqa: PTH208


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_output(pipe, b"report")
    reader.join()
    assert read == [b"report"]
    assert pipe.is_fifo()
