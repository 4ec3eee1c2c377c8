"""The state folder ``.kb``, which keeps itself out of version control."""

from __future__ import annotations

import contextlib
from pathlib import Path

NAME = ".kb"


def make(folder: Path) -> None:
    """Creates the state folder, or a folder in it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    top = next((f for f in (folder, *folder.parents) if f.name == NAME), None)
    if top is None or (ignore := top / ".gitignore").exists():
        return
    # Another process may create it first; without the file nothing is lost.
    with contextlib.suppress(OSError), ignore.open("x", encoding="utf-8") as file:
        file.write("*\n")
