"""Garbage collection of the store and the compile cache."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kbtools.run.results.store import VERSION, Store

_UNFINISHED = 3600.0
"""Seconds after which an unfinished temporary file is considered abandoned."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Size of the stored data."""

    pages: int
    results: int
    result_bytes: int
    compiled_files: int
    compiled_bytes: int


def usage(state: Path) -> Usage:
    """Size of the data in a project's state folder."""
    store = Store(state)
    results = pages = 0

    for file in store.folder.glob("*.json"):
        pages += 1
        results += len(_results(file))
    kept = [size for _, size, _ in _files(store.folder)]
    compiled = [size for _, size, _ in _files(state / "cache")]
    return Usage(pages, results, sum(kept), len(compiled), sum(compiled))


def prune(state: Path, pages: Collection[str], older_than: float | None = None) -> Usage:
    """Removes results of pages that are not in ``pages``, results of other versions of kb, and unfinished files.
    With ``older_than`` (seconds) also results and compiled code that are older. Returns what was removed.

    Safe beside runs: if a run misses a result that was just removed, it runs the snippet. Raises OSError.
    """
    before = usage(state)
    store = Store(state)
    keep = {store.file(path).name for path in pages}
    now = time.time()

    def fitting(file: Path, data: dict[str, Any]) -> dict[str, Any] | None:
        results = data.get("results")
        if file.name not in keep or data.get("version") != VERSION or not isinstance(results, dict):
            return None
        if older_than is None:
            return data
        young = {id: entry for id, entry in results.items() if _age(entry, now) <= older_than}
        if not young:
            return None
        return data if len(young) == len(results) else {**data, "results": young}

    store.rewrite(fitting)
    for file, _, changed in tuple(_files(store.folder)):
        if file.name.startswith(".new-") and now - changed > _UNFINISHED:
            file.unlink(missing_ok=True)
    if older_than is not None:
        for file, _, changed in tuple(_files(state / "cache")):
            if now - changed > older_than:
                file.unlink(missing_ok=True)
        _remove_empty(state / "cache")
    after = usage(state)
    return Usage(*(getattr(before, n) - getattr(after, n) for n in Usage.__dataclass_fields__))


def _results(file: Path) -> dict[str, Any]:

    try:
        results = json.loads(file.read_bytes())["results"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return results if isinstance(results, dict) else {}


def _age(entry: object, now: float) -> float:
    """Seconds since a result was obtained; infinite if unknown."""
    try:
        when = datetime.fromisoformat(entry["date"])  # type: ignore[index]
        return now - (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (KeyError, TypeError, ValueError):
        return float("inf")


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Every file below a folder, with its size in bytes and modification time."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place) / name
            try:
                stat = file.lstat()
            except OSError:
                continue
            yield file, stat.st_size, stat.st_mtime


def _remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        if Path(place) != folder and not os.listdir(place):  # noqa: PTH208
            try:
                Path(place).rmdir()
            except OSError:
                continue
