"""``--watch``: repeats a command whenever a file of the vault changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from kbtools.cli.workspace import project, say
from kbtools.vault.file_events import FileEvents


def watch(
    args: SimpleNamespace, work: Callable[[frozenset[str] | None], int], prepare: Callable[[], bool] = lambda: False
) -> int:
    """Work now and after every change, until interrupted. ``work`` gets the paths that have changed, or None where any
    may have. In between, ``prepare`` is called until it returns False. Returns the last exit code.

    Raises KbError where the system cannot watch the folder.
    """
    folder = project(args).vault
    events = FileEvents()
    events.follow(folder)
    events.start()
    code = 0
    paths: frozenset[str] | None = None
    try:
        while True:
            code = work(paths)
            say("watching; Ctrl-C ends")
            while not events.is_waiting and prepare():
                pass
            changed = events.wait()
            paths = None if changed is None else frozenset(Path(os.path.relpath(p, folder)).as_posix() for p in changed)
            say()
    except KeyboardInterrupt:
        return code
    finally:
        events.stop()
