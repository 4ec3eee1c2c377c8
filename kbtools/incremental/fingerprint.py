"""Fingerprints of what an index depends on besides pages (kb's code and the configuration), and of a whole vault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from kbtools.config.project import SCHEMAS, Project
from kbtools.state import program
from kbtools.state.user_folder import secret
from kbtools.vault.listing import FileEntry, Listing, digest

_NOT_DECIDING = frozenset({"adapters", "cli", "edit", "output", "rewrite", "site"})
"""Packages of kbtools that do not affect findings."""


def fingerprint(project: Project) -> str:
    """The cache key of an index: when it differs from the stored one, the index is rebuilt."""
    parts = [*program.parts(_NOT_DECIDING), repr(project.config)]
    for name in dict.fromkeys(name for _, name in project.config.schema if name not in SCHEMAS):
        try:
            parts.append(digest(Path(name).read_bytes()))
        except OSError as e:
            parts.append(f"{name}: {e.strerror}")
    return "\n".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class VaultState(NamedTuple):
    """The state of a vault as far as it can be determined without opening pages: a cache key for results computed
    from the whole vault. Valid on one machine and one day."""

    key: str
    recent: Mapping[str, str]
    """Digests of files modified so recently that their timestamps may not reveal the next change."""

    @classmethod
    def of(cls, project: Project, listing: Listing) -> VaultState:
        parts = [secret(), str(date.today()), fingerprint(project)]
        parts += (*program.parts(frozenset()), *map(str, program.installed()))
        recent: dict[str, str] = {}
        for path in sorted((*listing.entries, *listing.attachments)):
            known = listing.entries.get(path) if path not in listing.attachments else None
            entry = known or _attachment(project, path)
            parts.append(f"{path} {entry.known_stamp}")
            if listing.is_young(entry):
                recent[path] = entry.digest()
        return cls(digest("\n".join(parts).encode("utf-8", "surrogatepass")), recent)

    def is_still(self, now: VaultState, project: Project) -> bool:
        """Whether the vault is still in this state."""
        files = {path: Path(project.vault, path) for path in self.recent}
        return self.key == now.key and all(
            FileEntry(path, str(file)).digest() == self.recent[path] for path, file in files.items()
        )


def _attachment(project: Project, path: str) -> FileEntry:
    file = project.vault / path
    try:
        status = file.stat()
    except OSError as e:
        return FileEntry(path, str(file), None, str(e.strerror))
    return FileEntry(path, str(file), (status.st_mtime_ns, status.st_ctime_ns, status.st_size))
