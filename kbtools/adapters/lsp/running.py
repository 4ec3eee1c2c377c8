"""Runs snippets for an editor: ``kb run`` in a process of its own, which can be cancelled."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from threading import Thread
from typing import NamedTuple

from kbtools.config.project import Project
from kbtools.run.processes.starter import environment

_SUMMARY = re.compile(r"^[\d,]+ pages? · .*$", re.MULTILINE)


class RunEnd(NamedTuple):
    """What came of a run."""

    summary: str
    """What passed and what failed; else why nothing was run."""
    is_failure: bool = False
    """Whether it could not be done."""


class Run:
    """A run of a page, or of one snippet of it (``topics/A.md::id``), from the disk; results are kept as by ``kb run``.

    ``ended`` is called on a thread of the run's own, with what came of it. The run ends with the server, even if that
    is killed.
    """

    def __init__(self, project: Project, what: str, ended: Callable[[RunEnd], None], *, update: bool = False) -> None:
        place = ["--vault", str(project.vault)] if project.foreign else ["--root", str(project.root)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kbtools.cli", "run", f"./{what}", *place, *(["--update"] if update else [])],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        self._is_cancelled = False
        self._ended = ended
        self._waiting = Thread(target=self._wait)
        self._waiting.start()

    def cancel(self) -> None:
        """End it; its workers end with it, and what has been stored stays.

        Not by SIGINT: what is started in the background of a shell ignores that, and so do the processes it starts.
        """
        self._is_cancelled = True
        self._process.terminate()

    def join(self) -> None:
        self._waiting.join()

    def _wait(self) -> None:
        _, output = self._process.communicate()
        text = output.decode("utf-8", "replace")
        if self._is_cancelled:
            self._ended(RunEnd("cancelled"))
        elif (summary := _SUMMARY.search(text)) is not None:
            self._ended(RunEnd(summary[0]))
        else:
            self._ended(RunEnd(text.strip() or f"kb run ended with {self._process.returncode}", is_failure=True))
