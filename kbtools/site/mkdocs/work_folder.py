"""Temporary folder of a build, beside the site: removed when the build ends, and by the next one if it was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kbtools.state.lock import take

OLD = "old"
"""The previous site, while another replaces it."""


@contextlib.contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """An empty folder, removed at the end. Folders of killed builds are removed as well, and a site that they had
    moved away is restored. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".kb-{target.name}-"
    with _held(target.parent, wait=True) as alone:
        if alone:
            for left in sorted(f for f in target.parent.iterdir() if f.name.startswith(prefix)):
                _clear(left, target)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
        holding = contextlib.ExitStack()
        holding.enter_context(_held(folder))
    with holding:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _clear(left: Path, target: Path) -> None:
    """Removes a folder that no running build has locked."""
    with _held(left) as abandoned:
        if abandoned:
            if not target.exists() and (left / OLD).is_dir():
                (left / OLD).replace(target)
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: Path, wait: bool = False) -> Iterator[bool]:
    """A lock that ends with its holder; yields whether it was acquired. Not on Windows, where folders cannot be
    opened: folders of killed builds remain there."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | (0 if wait else getattr(os, "O_NOFOLLOW", 0))
        descriptor = os.open(folder, flags)
    except OSError:
        yield False
        return
    try:
        try:
            alone = take(descriptor, wait=wait)
        except OSError:
            alone = False
        yield alone
    finally:
        os.close(descriptor)
