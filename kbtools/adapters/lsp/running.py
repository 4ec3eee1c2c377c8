"""Runs snippets for an editor: ``kb run`` in a process of its own, which can be cancelled."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

from kbtools.config.project import Project

_SUMMARY = re.compile(r"^[\d,]+ pages? · .*$", re.MULTILINE)


async def run(project: Project, what: str, *, update: bool = False) -> str:
    """Run a page, or one snippet of it (``topics/A.md::id``), from the disk; results are kept as by ``kb run``. Returns
    its summary: what passed and what failed.

    Cancelled, the run is interrupted as with Ctrl-C and waited for.
    """
    place = ["--vault", str(project.vault)] if project.foreign else ["--root", str(project.root)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kbtools.cli", "run", what, *place),
        *(["--update"] if update else []),
        cwd=project.root,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, output = await process.communicate()
    except asyncio.CancelledError:
        process.send_signal(signal.SIGINT)
        await process.wait()
        raise
    text = output.decode("utf-8", "replace")
    summary = _SUMMARY.search(text)
    return summary[0] if summary else text.strip() or f"kb run ended with {process.returncode}"
