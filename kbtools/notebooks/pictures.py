"""Finds the pictures of a page in the vault, for the notebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote


class Pictures:
    """Finds a picture by the name or path that a page gives: beside the page, from the vault's root, by its name."""

    def __init__(self, vault: Path, attachments: Iterable[str]) -> None:
        self._vault = vault.resolve()
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(attachments):
            self._by_name[path.rpartition("/")[2]].append(path)

    def of(self, page: str) -> Callable[[str], bytes | None]:
        """What reads the pictures of a page, by its path. None for what the vault does not hold."""
        return lambda name: self._read(page, unquote(name))

    def _read(self, page: str, name: str) -> bytes | None:
        known = self._by_name.get(name.rpartition("/")[2])
        if known is None:
            return None
        beside = (self._vault / page).parent / name
        for candidate in (beside, self._vault / name.lstrip("/"), *(self._vault / path for path in known)):
            full = candidate.resolve()
            if full.is_relative_to(self._vault) and full.is_file():
                return full.read_bytes()
        return None
