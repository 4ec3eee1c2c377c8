"""Runs snippets for an editor: ``kb run`` in a process of its own, which can be cancelled."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from kbtools.config.project import Project


class Ran(NamedTuple):
    """How a run ended."""

    summary: str
    """Its last line: what passed and what failed."""
    failed: int


async def run(project: Project, what: str, *, update: bool = False) -> Ran:
    """Run a page, or one snippet of it (``topics/A.md::id``), from the disk; results are kept as by ``kb run``.

    Cancelled, the run is interrupted as with Ctrl-C and waited for.
    """
    with tempfile.TemporaryDirectory(prefix="kb-lsp-") as folder:
        report = Path(folder, "report.json")
        place = ["--vault", str(project.vault)] if project.foreign else ["--root", str(project.root)]
        command = [sys.executable, "-m", "kbtools.cli", "run", what, *place, "--report", str(report)]
        process = await asyncio.create_subprocess_exec(
            *command,
            *(["--update"] if update else []),
            cwd=project.root,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, told = await process.communicate()
        except asyncio.CancelledError:
            process.send_signal(signal.SIGINT)
            await process.wait()
            raise
        lines = [line for line in told.decode("utf-8", "replace").splitlines() if line.strip()]
        failed = 0
        if report.is_file():
            outcomes = json.loads(report.read_bytes())["outcomes"]
            failed = sum(outcome["outcome"] in ("failed", "error") for outcome in outcomes)
        return Ran(lines[-1] if lines else f"kb run ended with {process.returncode}", failed)
