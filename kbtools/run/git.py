"""Queries git: top of the repository, changes since a revision, files at a revision."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from kbtools.errors import KbError


def top(folder: Path) -> Path | None:
    """The top folder of the repository that contains a folder; None outside of a repository. Starts no process."""
    start = folder.resolve()
    return next((f for f in (start, *start.parents) if (f / ".git").exists()), None)


def prefix(vault: Path, otherwise: Path) -> str:
    """The path from the top of the repository to the vault, ending in ``/``: a prefix that turns vault paths into the
    paths of a code host. Outside of a repository, relative to the folder ``otherwise``."""
    base = top(vault) or otherwise.resolve()
    inner = vault.resolve()
    return inner.relative_to(base).as_posix() + "/" if inner != base and inner.is_relative_to(base) else ""


def _git(folder: Path, *words: str) -> bytes:
    # In a hook, git sets variables such as GIT_DIR, which may refer to another repository.
    clean = {
        k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    }
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotepath=off", *words], cwd=folder, env=clean, capture_output=True, check=False
        )
    except OSError as e:
        raise KbError(
            "git cannot be run", "comparing with a revision needs git; without one, leave --changed-since out"
        ) from e
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise KbError(f"git {words[0]}: {said}", "in a shallow clone, fetch the revision first (fetch-depth: 0)")
    return done.stdout


def commit(folder: Path, revision: str) -> str:
    """The full hash of a revision's commit. Raises KbError if it is not in the repository."""
    if top(folder) is None:
        raise KbError(f"{folder} is in no git repository", "--changed-since compares with a revision of one")
    try:
        return (
            _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
            .decode()
            .strip()
        )
    except KbError as e:
        raise KbError(
            f'there is no revision "{revision}" here',
            "name a branch, a tag or a commit; in a shallow clone, fetch it first (actions/checkout: fetch-depth: 0)",
        ) from e


def changed(folder: Path, revision: str) -> frozenset[str]:
    """Files that differ between a revision and the working tree, including untracked ones, relative to the
    repository's top. A renamed file is listed under both names.

    The comparison is with the merge base of the revision and this branch, as in a pull request. Raises KbError.
    """
    base = merge_base(folder, revision)
    where = top(folder)
    assert where is not None
    tracked = _git(where, "diff", "--name-only", "-z", "--no-renames", base, "--")
    untracked = _git(where, "ls-files", "--others", "--exclude-standard", "-z")
    return frozenset(os.fsdecode(name) for name in (tracked + untracked).split(b"\0") if name)


def merge_base(folder: Path, revision: str) -> str:
    """The merge base of this branch and a revision; the revision itself if they have none."""
    since = commit(folder, revision)
    try:
        return _git(folder, "merge-base", since, "HEAD").decode().strip() or since
    except KbError:
        return since


def show(folder: Path, revision: str, path: str) -> bytes | None:
    """A file as of a revision; None if it did not exist. ``path`` is relative to the repository's top."""
    where = top(folder)
    assert where is not None
    try:
        return _git(where, "cat-file", "blob", f"{revision}:{path}")
    except KbError:
        return None
