"""Sessions at a terminal, kept as Markdown: files to begin with, commands, and what they print.

A block titled with a path puts that file in an empty folder; a console block runs each ``$ command`` there and
compares what follows. ``[1]`` on a last line is the exit code, where it is not 0. ``--update-golden`` rewrites.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.terminal import run_bash

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.md"))
_BLOCK = re.compile(
    r"^(?P<marks>`{3,})(?P<kind>console|[a-z]+ title=\"(?P<file>[^\"]+)\")\n(?P<body>.*?)^(?P=marks)$",
    re.MULTILINE | re.DOTALL,
)
_VARIABLE = (
    # What a kernel offers is its own; test_run_escapes tells of it.
    (re.compile(r"^(each session|not confined here): .*\n", re.MULTILINE), ""),
    (re.compile(r"\b\d+\.\d+ (s|min)\b"), "0.0 s"),
    (re.compile(r'"seconds": ?[\d.]+'), '"seconds": 0.0'),
    (re.compile(r'\btime="[\d.]+"'), 'time="0.000"'),
    (re.compile(r"\b\d{8}T\d{6}-[0-9a-f]+\b"), "20260101T000000-0000"),
    (re.compile(r"\b\d{8}T\d{6}[0-9a-f.Z-]*\b"), "20260101T000000-0000"),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?"), "2026-01-01 00:00"),
)


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda f: f.stem)
def test_transcript(file: Path, tmp_path: Path, update_golden: bool) -> None:
    text = file.read_text(encoding="utf-8")
    folder = tmp_path / "w"
    folder.mkdir()
    seen: list[tuple[str, str]] = []

    def replay(block: re.Match[str]) -> str:
        if block["file"]:
            target = folder / block["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(block["body"].encode())
            return block[0]
        commands = re.findall(r"^\$ (.*)$", block["body"], re.MULTILINE)
        now = "".join(_shown(command, folder, tmp_path) for command in commands)
        seen.append((block["body"], now))
        return f"{block['marks']}console\n{now}{block['marks']}"

    replayed = _BLOCK.sub(replay, text)
    if update_golden:
        file.write_bytes(replayed.encode())
    else:
        assert seen, "a transcript without a command proves nothing"
        for before, now in seen:
            assert now == before


def _shown(command: str, folder: Path, tmp_path: Path) -> str:
    done = run_bash(command, folder, _environment(tmp_path))
    out = done.stdout.replace(str(folder), "/wiki")
    for pattern, constant in _VARIABLE:
        out = pattern.sub(constant, out)
    if out and not out.endswith("\n"):
        out += "\n"
    return f"$ {command}\n{out}" + (f"[{done.returncode}]\n" if done.returncode else "")


def _environment(tmp_path: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    ours = {"NO_COLOR": "1", "COLUMNS": "100", "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONUNBUFFERED": "1"}
    return {**clean, **ours}
