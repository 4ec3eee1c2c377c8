"""Assigns stable ids to snippets: the author's own, else the heading's slug with an ordinal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """The inputs of a fence's id."""

    explicit: str | None
    """``#id`` as the author wrote it."""
    base: str
    """The slug of the heading before it, or of the page."""
    owner: int | None
    """For an output fence, the fence whose output it shows: its id is derived from that one's and takes no ordinal."""


def assign(wishes: Sequence[Wish]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """A unique id for every fence, and pairs of fences with the same explicit id: the first, the later.

    Explicit ids are assigned first, so that no generated one takes them; of two equal ones the later gets an
    ordinal.
    """
    first: dict[str, int] = {}
    clashes: list[tuple[int, int]] = []
    for at, wish in enumerate(wishes):
        if wish.explicit is not None and first.setdefault(wish.explicit, at) != at:
            clashes.append((first[wish.explicit], at))
    free = _Free(set(first))
    ids: list[str] = []
    for at, wish in enumerate(wishes):
        if wish.explicit is not None:
            ids.append(wish.explicit if first[wish.explicit] == at else free.take(wish.explicit, 2))
        elif wish.owner is not None:
            ids.append(free.take(f"{ids[wish.owner]}-output", 1))
        else:
            ids.append(free.take(_clean(wish.base) or "snippet", 1))
    return tuple(ids), tuple(clashes)


class _Free:
    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.next: dict[str, int] = {}

    def take(self, base: str, ordinal: int) -> str:
        """The base with the next free ordinal; the search continues after the last one used."""
        number = max(self.next.get(base, ordinal), ordinal)
        while (name := base if number == 1 else f"{base}-{number}") in self.taken:
            number += 1
        self.next[base] = number + 1
        self.taken.add(name)
        return name


def _clean(slug: str) -> str:
    """A slug as an id: characters with a meaning in outcome ids and command lines become hyphens."""
    return re.sub(r"[\[\]\s\x00-\x1f\x7f\ud800-\udfff]+|::+", "-", slug)
