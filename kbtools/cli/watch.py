"""``--watch``: repeats a command whenever a file of the vault changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from kbtools.cli.workspace import project, say
from kbtools.errors import KbError
from kbtools.vault.file_events import Changed, FileEvents


def watch(
    args: SimpleNamespace, work: Callable[[frozenset[str] | None], int], prepare: Callable[[], bool] = lambda: False
) -> int:
    """Work now and after every change, until interrupted. ``work`` gets the paths that have changed, or None where any
    may have. In between, ``prepare`` is called until it returns False. Returns the last exit code.

    Raises KbError where the system cannot watch the folder, and what ``work`` raises at first. Later, settings may be
    wrong while somebody edits them: that is said, and the next work is after a change of anything.
    """
    found = project(args)
    events = FileEvents()
    events.follow(found.vault)
    for file in found.settings_files:
        events.follow(file)
    events.start()
    code, is_known = 0, True
    try:
        code = work(None)
        while True:
            say("watching; Ctrl-C ends")
            while is_known and not events.is_waiting and prepare():
                pass
            changed = _within(found.vault, events.wait())
            say()
            try:
                code, is_known = work(changed if is_known else None), True
            except KbError as error:
                say(f"kb: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
                code, is_known = 2, False
    except KeyboardInterrupt:
        return code
    finally:
        events.stop()


def _within(folder: Path, changed: Changed) -> frozenset[str] | None:
    """The paths of changed files in the vault; None where others have changed too."""
    if changed is None or not all(path.is_relative_to(folder) for path in changed):
        return None
    return frozenset(path.relative_to(folder).as_posix() for path in changed)
