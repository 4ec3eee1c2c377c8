"""Several values for one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

V = TypeVar("V", str, tuple[str, str])


class MultiMap(Generic[V]):
    """Values by key, in the order in which they were added. Values are no lists.

    The only value of a key is stored without a list: most keys have one, and creating the lists would take most of the
    time and memory.
    """

    def __init__(self) -> None:
        self._held: dict[str, V | list[V]] = {}

    def add(self, key: str, value: V) -> None:
        held = self._held.get(key)
        if held is None:
            self._held[key] = value
        elif isinstance(held, list):
            held.append(value)
        else:
            self._held[key] = [held, value]

    def discard(self, key: str, value: V) -> None:
        held = self._held.get(key)
        if held == value:
            del self._held[key]
        elif isinstance(held, list) and value in held:
            held.remove(value)
            if len(held) == 1:
                self._held[key] = held[0]

    def __getitem__(self, key: str) -> Sequence[V]:
        """The values of a key; none for a key that was never added."""
        held = self._held.get(key)
        return () if held is None else held if isinstance(held, list) else (held,)
