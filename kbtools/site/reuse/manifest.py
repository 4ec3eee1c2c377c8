"""Manifest of a finished site: all inputs it was made from. While they are unchanged, a build is not begun.

Neither are pages parsed nor is MkDocs imported to find that out.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Protocol

import kbtools.site
from kbtools.config.project import Project
from kbtools.incremental.fingerprint import VaultState
from kbtools.state.memo import Memo, StoredValue, consult

MANIFEST = "manifest"
"""Kind of the value in the memo."""


class Stamped(Protocol):
    """A file as it was left."""

    @property
    def modified(self) -> int: ...
    @property
    def size(self) -> int: ...


class MadeFrom(NamedTuple):
    """Fingerprints of what a site is made from; they are taken before it is read."""

    vault: VaultState
    options: str
    """``options_of``."""
    results: str
    """``results_of``."""


class Manifest(NamedTuple):
    """A finished site."""

    recent: Mapping[str, str]
    """``VaultState.recent``."""
    folder: str
    files: str
    """What its files are, by time and size."""
    results: str
    """``results_of`` the snippets it shows."""
    places: Mapping[str, str]
    """``mkdocs.yml`` and the owner's other files that it was made from, by content."""
    pages: int
    """HTML pages that are no redirects."""
    kept: int
    """Pages that the next build would keep."""
    told: list[str]
    """What was said of it."""


def options_of(strict: bool) -> str:
    """A fingerprint of kb's own templates and scripts, and of what else a build is told."""
    site = sorted(_stamps(Path(kbtools.site.__file__).parent))
    return _digest((str(strict), os.environ.get("SOURCE_DATE_EPOCH", ""), *site))


def results_of(project: Project, reports: Iterable[Path]) -> str:
    """A fingerprint of the results that are stored, of reports, and of what the baseline accepts."""
    found = sorted(_stamps(project.state / "results", (".",)))  # but the lock, and what is being written
    return _digest([*found, *map(content_of, (*reports, project.root / "kb-baseline.json"))])


def find(project: Project, now: VaultState, options: str) -> Manifest | None:
    """The site that was made of the vault as it is, if it is there and nothing else has changed but results."""
    value = consult(project.state, lambda memo: memo.get(MANIFEST, ""), []) if project.state.is_dir() else None
    if value is None or value.key != f"{now.key} {options}":
        return None
    try:
        found = Manifest(*json.loads(value.data))
        is_same = VaultState(now.key, found.recent).is_still(now, project)
        is_same = is_same and all(content_of(Path(place)) == held for place, held in found.places.items())
    except (ValueError, TypeError, AttributeError):
        return None
    return found if is_same and files_of(Path(found.folder)) == found.files else None


def remember(memo: Memo, made_from: MadeFrom, manifest: Manifest | None) -> None:
    """Keep the manifest of a site, or forget the one of a site that is no more."""
    with memo.transaction():
        if manifest is None:
            memo.put(MANIFEST, (), [""])
        else:
            key = f"{made_from.vault.key} {made_from.options}"
            memo.put(MANIFEST, [("", StoredValue(key, json.dumps(manifest).encode()))])


def files_of(site: Path) -> str:
    """A fingerprint of a site's files, by time and size."""
    return _digest(sorted(_stamps(site)))


def files_in(site: Path, files: Mapping[str, Stamped]) -> str:
    """The same of files that a build has just written or kept."""
    kept = ((path, file) for path, file in files.items() if _counts(path.rpartition("/")[2]))
    return _digest(sorted(f"{site}/{path} {file.modified} {file.size}" for path, file in kept))


def content_of(place: Path) -> str:
    """A fingerprint of a file, or of all files in a folder, by what is in them. Environment variables stand in some
    files of MkDocs (``!ENV``): they are part of it."""
    try:
        if place.is_dir():
            inside = sorted(file for file in place.rglob("*") if file.is_file())
            return _digest(f"{file.relative_to(place)} {content_of(file)}" for file in inside)
        data = place.read_bytes()
    except OSError as e:
        return str(e.strerror)
    variables = sorted(os.environ.items()) if b"!ENV" in data else ""
    return _digest((data.decode("utf-8", "backslashreplace"), str(variables)))


def _stamps(folder: Path, unless: tuple[str, ...] = ()) -> Iterator[str]:
    """The files in a folder, by time and size, without compiled code and names that begin like that."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(entry.path)
                    elif _counts(entry.name, unless):
                        yield f"{entry.path} {status.st_mtime_ns} {status.st_size}"
        except OSError:
            continue


def _counts(name: str, unless: tuple[str, ...] = ()) -> bool:
    return not name.startswith(unless) and not name.endswith(".pyc")


def _digest(parts: Iterable[str]) -> str:
    total = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()
