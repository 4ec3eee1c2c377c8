"""Finds the interpreter that a project's code would run with, and which packages it has."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

OLDEST = (3, 11)
"""The oldest Python version that snippets can run with."""


def environment_of(root: Path) -> str | None:
    """The interpreter of a virtual environment in the project that kb does not run with and can run code with."""
    for name in (".venv", "venv", "env"):
        settings = root / name / "pyvenv.cfg"
        if not settings.is_file() or not (root / name / "bin/python").exists() or _is_ours(root / name):
            continue
        text = settings.read_text(encoding="utf-8", errors="replace")
        version = re.search(r"(?m)^version(?:_info)?\s*=\s*(\d+)\.(\d+)", text)
        if version is not None and (int(version[1]), int(version[2])) >= OLDEST:
            return f"{name}/bin/python"
    return None


class Packages:
    """The top-level packages that the project's code can import, found by listing files; nothing is imported."""

    def __init__(self, root: Path) -> None:
        python = environment_of(root)
        self._folders = None if python is None else list(_path(root / python, root))
        self.has = cache(self._has)

    def _has(self, name: str) -> bool:
        if name in sys.stdlib_module_names:
            return True
        try:
            if self._folders is None:
                return importlib.util.find_spec(name) is not None
            return PathFinder.find_spec(name, self._folders) is not None
        except (ImportError, ValueError):
            return False


def _path(python: Path, root: Path) -> list[str]:
    """Folders of an environment's packages: its site-packages, and those that editable installations add."""
    folders = sorted(python.parent.parent.glob("lib/python3*/site-packages"))
    editable = [
        Path(line)
        for folder in folders
        for file in sorted(folder.glob("*.pth"))
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        if line and not line.startswith(("#", "import "))
    ]
    finders = any(True for folder in folders for _ in folder.glob("__editable__*"))
    # An import hook is not executed here: the project itself is searched instead.
    own = [root, root / "src"] if finders else []
    return [str(folder) for folder in (*folders, *editable, *own) if folder.is_dir()]


def _is_ours(folder: Path) -> bool:
    return folder.resolve() == Path(sys.prefix).resolve()
