"""Cache version: kb's own code, Python, and the packages and shells that findings depend on."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import kbtools

_DECIDING = ("yaml", "jsonschema_rs", "rapidfuzz")
"""Packages that have a say in what is found."""
_JUDGES = ("bash", "zsh")
"""Programs that have one."""


def parts(without: frozenset[str]) -> Iterator[str]:
    """The parts of the cache version, except the packages of kbtools in ``without``."""
    yield kbtools.__version__
    yield sys.version
    yield from map(str, _code(without))


def _code(without: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """The files of the program, by time and size: an edited or upgraded one is another program."""
    stack = [str(Path(kbtools.__file__).parent)]
    while stack:
        with os.scandir(stack.pop()) as found:
            for entry in sorted(found, key=lambda e: e.name):
                if entry.name.endswith((".py", ".json")):
                    status = entry.stat()
                    yield entry.name, status.st_mtime_ns, status.st_size
                elif entry.is_dir() and entry.name not in without:
                    stack.append(entry.path)
    folders = [f for f in os.environ.get("PATH", os.defpath).split(os.pathsep) if f]
    for name in _JUDGES:
        yield from islice((told for folder in folders for told in _stat_of(f"{folder}/{name}")), 1)
    for folder in sys.path:  # what is installed there may bring languages along
        yield from _stat_of(folder) if folder.endswith("-packages") else _announced(folder)
    for name in _DECIDING:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            yield from _stat_of(spec.origin)


def _announced(folder: str) -> Iterator[tuple[str, int, int]]:
    """Entry points of packages installed in a folder of ``sys.path`` other than site-packages."""
    with suppress(OSError):
        for name in sorted(os.listdir(folder or ".")):  # noqa: PTH208 - this is done at every start
            if name.endswith((".dist-info", ".egg-info")):
                yield from _stat_of(f"{folder or '.'}/{name}/entry_points.txt")


def _stat_of(file: str) -> Iterator[tuple[str, int, int]]:
    with suppress(OSError):
        status = Path(file).stat()
        yield file, status.st_mtime_ns, status.st_size
