"""Pages or files with the same name, distinguished by their folders without a scan of all of them for every link.

Thousands of pages may be called ``index``. Each kind of query has its own index, built once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal

from kbtools.links import fold_title
from kbtools.vault.names import NameTable, casefolded

NameKind = Literal["stem", "title", "fold", "folded stem", "file", "folded file"]
"""Kinds of names: ``stem`` and ``title`` as written, ``fold`` for both after folding, ``folded stem`` ignoring case
only; ``file`` and ``folded file`` for attachments."""

Norm = Callable[[str], str]
"""Normalization of path segments for comparison."""


class Homonyms:
    """Paths that end in the same name, sorted."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        self._below: dict[tuple[Norm, int], dict[tuple[str, ...], Homonyms]] = {}
        self._at: dict[Norm, dict[str, str]] = {}

    def below(self, folders: Sequence[str], norm: Norm) -> Homonyms:
        """The paths whose folders end in these (already normalized) folders; exact matches only, if there are any."""
        depth = len(folders)
        table = self._below.get((norm, depth))
        if table is None:
            ending: dict[tuple[str, ...], list[str]] = {}
            whole: dict[tuple[str, ...], list[str]] = {}
            for path in self.paths:
                have = path.split("/")[:-1]
                if len(have) >= depth:
                    key = tuple(norm(s) for s in have[len(have) - depth :])
                    ending.setdefault(key, []).append(path)
                    if len(have) == depth:
                        whole.setdefault(key, []).append(path)
            table = {key: Homonyms(tuple(whole.get(key, paths))) for key, paths in ending.items()}
            self._below[norm, depth] = table
        return table.get(tuple(folders), NONE)

    def at(self, path: str, norm: Norm) -> str | None:
        """The first path that equals this one after normalization."""
        table = self._at.get(norm)
        if table is None:
            table = self._at[norm] = {}
            for held in self.paths:
                table.setdefault(norm(held), held)
        return table.get(path)

    def in_folder(self, folder: str) -> str | None:
        """The only path in a folder; None when there is none or more than one."""
        return self._in_folder.get(folder)

    @cached_property
    def _in_folder(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for path in self.paths:
            folder = path.rpartition("/")[0]
            found[folder] = None if folder in found else path
        return found


NONE = Homonyms(())


class Lookup:
    """The pages and files of a vault by name."""

    def __init__(self, names: NameTable) -> None:
        self._names = names
        self._found: dict[tuple[NameKind, str], Homonyms] = {}

    def called(self, by: NameKind, key: str) -> Homonyms:
        """The pages or files with a name."""
        held = self._found.get((by, key))
        if held is None:
            paths = self._paths(by, key)
            held = self._found[by, key] = Homonyms(paths) if paths else NONE
        return held

    def _paths(self, by: NameKind, key: str) -> tuple[str, ...]:
        names = self._names
        match by:
            case "stem":
                return names.by_stem.get(key, ())
            case "title":
                return names.by_title.get(key, ())
            case "fold":
                return names.by_fold.get(key, ())
            case "folded stem":
                return tuple(p for p in names.by_fold.get(fold_title(key), ()) if casefolded(_stem(p)) == key)
            case "file":
                return names.files.by_name.get(key, ())
            case "folded file":
                return names.files.by_folded_name.get(key, ())


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")
