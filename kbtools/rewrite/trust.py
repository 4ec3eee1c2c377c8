"""Origin of a run: a mark outside the vault records that it was made on this machine by this user.

The folder of runs is in the project, so a commit can add a run whose manifest names any file. A run is accepted only
if it has a mark in the user's state folder (XDG Base Directory Specification; on Windows the local application data),
which a commit cannot change.
"""

# ruff: noqa: PTH103, PTH112, PTH113, PTH118

from __future__ import annotations

import os

from kbtools.errors import KbError
from kbtools.state.user_folder import user_folder


def marks() -> str:
    """The folder of marks."""
    return str(user_folder() / "runs")


def is_trusted(run: str) -> bool:
    """Whether a run has a mark."""
    return os.path.isfile(os.path.join(marks(), run))


def trust(run: str) -> None:
    """Mark a run, durably. Raises KbError on failure, since a run without a mark could not be undone."""
    folder = marks()
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700, exist_ok=True)
        descriptor = os.open(os.path.join(folder, run), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KbError(
            f"what is written could not be undone: no mark can be left in {folder}: {error.strerror or error}",
            "name a folder of yours that can be written: XDG_STATE_HOME=DIR",
        ) from error
