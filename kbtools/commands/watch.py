"""Run something again whenever a page changes: the loop behind ``--watch``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from kbtools.commands import project, say

_PAUSE = 0.3
"""Seconds between looks: short against typing, long against the cost of a stat a file."""


def watch(args: SimpleNamespace, work: Callable[[], int]) -> int:
    """Work now and after every change, until interrupted. Returns the last exit code."""
    found = project(args)
    code = work()
    seen = _state(found.vault)
    say("watching; Ctrl-C ends")
    try:
        while True:
            time.sleep(_PAUSE)
            now = _state(found.vault)
            if now != seen:
                seen = now
                say()
                code = work()
    except KeyboardInterrupt:
        return code


def _state(folder: Path) -> dict[str, object]:
    """What is there, and how each file would be known to have changed."""
    from kbtools.vault.listing import look

    entries, attachments = look(folder)
    told: dict[str, object] = {**entries.stamps, **entries.odd}
    for path in attachments:
        try:
            status = (folder / path).stat()
        except OSError:
            continue
        told[path] = (status.st_mtime_ns, status.st_size)
    return told
