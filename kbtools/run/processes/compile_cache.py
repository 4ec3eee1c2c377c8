"""Cache of torch.compile: its location, and which session may read it.

Inductor and Triton store code, and torch unpickles it. So a session may read only what the very same session (same
page, code, options and packages) has written: such code could do nothing that the session cannot do itself. In
strict mode nothing is stored.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path

from kbtools.run.job import Job
from kbtools.run.results import packages
from kbtools.state.user_folder import user_folder

_VARIABLES = {"TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}
_STALE = 3600.0
"""Seconds after which the compiled code of a changed page is deleted: no run uses it any more."""


def server_cache() -> tuple[tuple[str, str], ...]:
    """The variable for the fork server's own part, which stores what it detects about this machine's compiler.

    In the user's folder: the server is not confined and loads the libraries that it finds, so they must not come with
    a vault, and workers cannot write there.
    """
    folder = user_folder() / "compiler"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ()
    return (("TORCHINDUCTOR_CACHE_DIR", str(folder.resolve())),)


def session_cache(state: Path, job: Job) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The folders to which a session may write compiled code, and the environment variables for them
    (``ProcessSettings``).

    None if the session compiles nothing, or the folder cannot be created: compiled code is then written to the
    scratch folder. Concurrent runs may share the folders: Inductor and Triton use locks, and replace files by
    renaming.
    """
    if "torch.compile" not in job.preload:
        return (), ()
    page = hashlib.sha256(job.id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    imports = sorted({name for step in job.steps for name in step.imports})
    made_from = [[step.key for step in job.steps], packages.environment(job.device), packages.versions(imports)]
    key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:32]
    folder = state / "cache" / "compiled" / f"{page}-{key}"
    folders = {variable: folder / name for variable, name in _VARIABLES.items()}
    try:
        for each in folders.values():
            each.mkdir(parents=True, exist_ok=True)
        folder.touch()
    except OSError:
        return (), ()
    _forget_older(folder, page)
    made = {variable: str(each.resolve()) for variable, each in folders.items()}
    return tuple(made.values()), tuple(made.items())


def _forget_older(folder: Path, page: str) -> None:
    """Deletes what the same session had compiled before its code changed."""
    from kbtools.run.processes.removal import remove

    for other in folder.parent.glob(f"{page}-*"):
        with suppress(OSError):
            if other != folder and time.time() - other.lstat().st_mtime > _STALE:
                remove(other)
