"""The folder for the user's own state, outside of every vault: only this user's programs write there."""

from __future__ import annotations

import functools
import os
import sys
from contextlib import suppress
from pathlib import Path

_SECRET = "memo-secret"


def user_folder() -> Path:
    """``$XDG_STATE_HOME/kbtools`` or its equivalent on other systems; it may not exist yet."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~")  # noqa: PTH111 - it never raises
    else:
        base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111
    return Path(base, "kbtools")


@functools.cache
def secret() -> str:
    """A secret that a vault's files cannot contain: values of the memo whose keys are derived from it were written
    by this user. If it cannot be stored, it is different in every process."""
    file = user_folder() / _SECRET
    made = os.urandom(16).hex()  # without the imports of `secrets`, which every command would wait for
    new = file.with_name(f"{_SECRET}-{made[:8]}")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.touch(mode=0o600)
            new.write_text(made, encoding="ascii")
            with suppress(FileExistsError):  # another process created it first
                os.link(new, file)
            new.unlink()
        return file.read_text(encoding="ascii")
    except (OSError, ValueError):
        return made
