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
    """Call ``work`` now and after every change until interrupted. It receives the changed paths, or None if any file
    may have changed. In between, ``prepare`` is called until it returns False. Returns the last exit code.

    Raises KbError if the system cannot watch the folder or the first ``work`` fails. Later errors, such as a
    configuration that is being edited, are printed, and any change starts the next ``work``.
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
                say(f"kb: {error}")
                code, is_known = 2, False
    except KeyboardInterrupt:
        return code
    finally:
        events.stop()


def _within(folder: Path, changed: Changed) -> frozenset[str] | None:
    """The vault paths of changed files; None if files outside the vault changed too."""
    if changed is None or not all(path.is_relative_to(folder) for path in changed):
        return None
    return frozenset(path.relative_to(folder).as_posix() for path in changed)
