"""Glob matching of vault paths, as the configuration writes globs."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a glob matches a vault path; ``**`` spans folders, and a folder's name matches everything in it."""
    return any(_glob(path, g) for g in globs)


def _glob(path: str, glob: str) -> bool:
    if glob == "**":
        return True
    glob = glob.strip("/")
    if fnmatch.fnmatchcase(path, glob) or path.startswith(glob + "/"):
        return True
    return glob.startswith("**/") and fnmatch.fnmatchcase(path, glob[3:])
