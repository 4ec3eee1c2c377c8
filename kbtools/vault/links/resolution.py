"""Resolution of a link as a value: resolved, alias, ambiguous, missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["exact", "variant", "path", "self", "attachment", "name", "address"]
"""``name``: a Markdown link resolved by file name only, as in Obsidian; ``address``: resolved by the page's address
on the site. The others are defined in the contract."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A link that resolves to one page, or one attachment."""

    page: str
    how: How


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A link that matches two or more pages."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """A link that uses an alias. The site follows it if exactly one page has the alias; otherwise readers must
    choose."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A broken link: nothing matches."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A Markdown link that leads out of the vault, or that only a server or a template can resolve."""

    is_outside: bool = False
    """The path leads out of the vault with ``..``."""


Resolution = Resolved | Ambiguous | Alias | Missing
FileResolution = Resolved | Ambiguous | Missing | Elsewhere


def target_page(resolution: Resolution | FileResolution) -> str | None:
    """The target page of a link; for an alias, only if exactly one page has it."""
    if isinstance(resolution, Resolved):
        return None if resolution.how == "attachment" else resolution.page
    if isinstance(resolution, Alias) and len(resolution.candidates) == 1:
        return resolution.candidates[0]
    return None
