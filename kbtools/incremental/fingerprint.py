"""What an index was made from besides the pages: the code that read them, and the configuration."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import kbtools
from kbtools.config import SCHEMAS, Project

_DECIDING = ("yaml", "jsonschema_rs", "rapidfuzz")
"""Packages that have a say in what is found."""
_JUDGES = ("bash", "zsh")
"""Programs that have one."""
_NOT_DECIDING = frozenset({"commands", "execution", "output", "rewrite", "site"})
"""Parts of the program that have none."""


def fingerprint(project: Project) -> str:
    """Equal where an index made then says what a check says now. Anything else makes it worthless."""
    parts = [kbtools.__version__, sys.version, repr(project.config), *map(str, _code())]
    for name in dict.fromkeys(name for _, name in project.config.schema if name not in SCHEMAS):
        try:
            parts.append(digest(Path(name).read_bytes()))
        except OSError as e:
            parts.append(f"{name}: {e.strerror}")
    return digest("\n".join(parts).encode("utf-8", "surrogateescape"))


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _code() -> Iterator[tuple[str, int, int]]:
    """The files of the program, by time and size: an edited or upgraded one is another program."""
    stack = [str(Path(kbtools.__file__).parent)]
    while stack:
        with os.scandir(stack.pop()) as found:
            for entry in sorted(found, key=lambda e: e.name):
                if entry.name.endswith((".py", ".json")):
                    status = entry.stat()
                    yield entry.name, status.st_mtime_ns, status.st_size
                elif entry.is_dir() and entry.name not in _NOT_DECIDING:
                    stack.append(entry.path)
    folders = [f for f in os.environ.get("PATH", os.defpath).split(os.pathsep) if f]
    for name in _JUDGES:
        yield from islice((told for folder in folders for told in _told(f"{folder}/{name}")), 1)
    for folder in sys.path:
        if folder.endswith("-packages"):  # what is installed there may bring languages along
            yield from _told(folder)
    for name in _DECIDING:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            yield from _told(spec.origin)


def _told(file: str) -> Iterator[tuple[str, int, int]]:
    with suppress(OSError):
        status = Path(file).stat()
        yield file, status.st_mtime_ns, status.st_size
