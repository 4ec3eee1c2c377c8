"""Cache version: kb's own code, Python, and the packages and shells that findings depend on.

``parts`` uses the timestamps of files, which is fast and valid on one machine only. ``contents`` uses their content,
so that cached values are valid on every machine with the same program.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import kbtools

_DECIDING = ("yaml", "jsonschema_rs", "rapidfuzz")
"""Packages that affect findings."""
_JUDGES = ("bash", "zsh")
"""Programs that affect findings."""


def parts(without: frozenset[str]) -> Iterator[str]:
    """The parts of the cache version, except the packages of kbtools in ``without``."""
    yield kbtools.__version__
    yield sys.version
    yield from map(str, _code(without))


def _code(without: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """The files of the program, by timestamp and size: edited or upgraded code has another version."""
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
    for folder in sys.path:  # packages installed there may add languages
        yield from _stat_of(folder) if folder.endswith("-packages") else _announced(folder)
    for name in _DECIDING:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            yield from _stat_of(spec.origin)


@functools.cache
def contents() -> tuple[str, ...]:
    """Identifies the program on any machine: Python, the files of kb, and the installed packages, by the hashes that
    installers record. Computed once per process, because imported code stays the same."""
    return (sys.version, *_contents())


def _contents() -> Iterator[str]:
    root = Path(kbtools.__file__).parent
    for file in sorted(root.rglob("*")):
        if file.suffix not in (".pyc", ".pyo") and file.is_file():
            yield f"{file.relative_to(root).as_posix()} {blake2b(file.read_bytes(), digest_size=16).hexdigest()}"
    for entry in installed():
        with suppress(OSError):
            yield f"{entry.name} {blake2b((entry / 'RECORD').read_bytes(), digest_size=16).hexdigest()}"


def installed() -> Iterator[Path]:
    """The metadata folders of installed packages; their names contain the versions."""
    for folder in sys.path:
        if folder.endswith("-packages"):
            with suppress(OSError):
                names = sorted(os.listdir(folder))  # noqa: PTH208 - this is done at every start
                yield from (Path(folder, name) for name in names if name.endswith((".dist-info", ".egg-info")))


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
