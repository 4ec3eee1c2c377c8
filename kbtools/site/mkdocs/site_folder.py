"""The site's files while it is built: new files are in a folder of their own, unchanged ones stay in place.

Until the build succeeds, the old site is not touched. Then the new folder replaces it as a whole, or, if old files
are kept, the new files replace theirs one by one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from kbtools.site.mkdocs.work_folder import OLD


class SiteFile(NamedTuple):
    """A file of a built site, as the build left it."""

    digest: str
    modified: int
    """In nanoseconds."""
    size: int
    key: str = ""
    """The fingerprint of its inputs; "" if there is none."""


def digest_of(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


class SiteFolder:
    """The output of one build. ``old`` are the files of the site as the last build left them."""

    def __init__(self, fresh: Path, target: Path | None = None, old: Mapping[str, SiteFile] | None = None) -> None:
        self.fresh = fresh
        self.target = target
        self.old = old or {}
        self.taken: frozenset[str] = frozenset()
        """Paths of the wiki's own pages and files."""
        self.redirects: set[str] = set()
        """Files that only redirect to others."""
        self.kept: set[str] = set()
        self.keys: dict[str, str] = {}
        """Fingerprints of the inputs of files, for the next build."""
        self._written: dict[str, str] = {}

    def keep(self, path: str) -> bool:
        """Keeps a file of the old site if it is unchanged since the last build."""
        known = self.old.get(path)
        if known is None or self.target is None or _stamp(f"{self.target}/{path}") != (known.modified, known.size):
            return False
        self.kept.add(path)
        return True

    def put(self, path: str, content: bytes) -> None:
        """Writes a file, or keeps the old one if it has this content."""
        digest = digest_of(content)
        if path in self.old and self.old[path].digest == digest and self.keep(path):
            return
        self.kept.discard(path)
        place = self.fresh / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        self._written[path] = digest

    def offer(self, path: str, make: Callable[[], bytes], key: str = "") -> None:
        """Writes a file unless the site already has it. If the old one was made from the same inputs (``key``), it
        is kept, and the content is not computed."""
        if path in self.taken or os.path.lexists(f"{self.fresh}/{path}"):
            return
        if key and path in self.old and self.old[path].key == key and self.keep(path):
            self.keys[path] = key
            return
        self.put(path, make())
        self.keys[path] = key

    def kept_content(self, path: str) -> bytes | None:
        """The content of an old file that is kept; None for other files."""
        return (self.target / path).read_bytes() if path in self.kept and self.target is not None else None

    def paths(self) -> Iterator[str]:
        """All files, kept and new."""
        yield from self.kept
        yield from self._new()

    def _new(self) -> Iterator[str]:
        base = len(str(self.fresh)) + 1
        for at, _, names in os.walk(self.fresh):
            folder = at[base:].replace(os.sep, "/")
            yield from (f"{folder}/{name}" if folder else name for name in names)

    def finish(self) -> dict[str, SiteFile]:
        """Moves the site into place. Returns its files."""
        assert self.target is not None
        digests = {path: self._digest(path) for path in self._new()}
        for path, digest in digests.items():
            known = self.old.get(path)
            if known is not None and known.digest == digest and self.keep(path):
                (self.fresh / path).unlink()
        if self.kept:
            self._merge(digests.keys() - self.kept)
        else:
            self.fresh.chmod(0o755)
            swap(self.fresh, self.target)
        files = {path: self.old[path]._replace(key=self.keys.get(path, "")) for path in self.kept}
        for path in digests.keys() - self.kept:
            stamp = _stamp(self.target / path)
            if stamp is not None:
                files[path] = SiteFile(digests[path], *stamp, self.keys.get(path, ""))
        return files

    def _digest(self, path: str) -> str:
        return self._written.get(path) or digest_of((self.fresh / path).read_bytes())

    def _merge(self, new: set[str]) -> None:
        assert self.target is not None
        wanted = self.kept | new
        needed = {path[:at] for path in wanted for at, letter in enumerate(path) if letter == "/"}
        base = len(str(self.target)) + 1
        for at, folders, names in os.walk(self.target, topdown=False):
            inside = f"{at[base:]}/".replace(os.sep, "/").lstrip("/")
            for name in names:
                if inside + name not in wanted:
                    os.unlink(f"{at}/{name}")  # noqa: PTH108
            for name in folders:
                if os.path.islink(f"{at}/{name}"):  # noqa: PTH114
                    os.unlink(f"{at}/{name}")  # noqa: PTH108
                elif inside + name not in needed:
                    os.rmdir(f"{at}/{name}")  # noqa: PTH106
        for path in sorted(new):
            place = self.target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.fresh / path, place)  # noqa: PTH105


def _stamp(file: Path | str) -> tuple[int, int] | None:
    try:
        status = os.lstat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def swap(fresh: Path, target: Path) -> None:
    """Replaces a folder by another. Between the two renames there is no site, but never a partial one: after a kill,
    the old one is in the work folder, where the next build finds it."""
    old = fresh.with_name(OLD)
    if there := target.exists():
        target.replace(old)
    try:
        fresh.replace(target)
    except OSError:
        if there:
            old.replace(target)
        raise
