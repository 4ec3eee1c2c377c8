"""One known change to a link's spelling, of each kind that is seen in real wikis."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

PARTICLES = ("은", "는", "이", "가", "을", "를", "의", "에", "와", "과", "도", "로", "으로", "에서", "까지", "부터")

_GAP = re.compile(r"(?<=[^\W_])[ _-](?=[^\W_])")

Damage = Callable[[random.Random, str], str]
"""The damaged spelling; the same one where this kind has nothing to damage."""


def decomposed(rng: random.Random, name: str) -> str:
    return unicodedata.normalize("NFD", name)


def case(rng: random.Random, name: str) -> str:
    return rng.choice((str.upper, str.lower, str.swapcase, str.title))(name)


def gaps(rng: random.Random, name: str) -> str:
    """Blanks, hyphens and underscores between words for each other; none that stands alone or ends a word."""
    found = sorted({m[0] for m in _GAP.finditer(name)})
    if not found:
        return name
    old = rng.choice(found)
    new = rng.choice([c for c in " -_" if c != old])
    return _GAP.sub(lambda m: new if m[0] == old else m[0], name)


def ending(rng: random.Random, name: str) -> str:
    return name + rng.choice((".md", ".md", ".MD"))


def folder(rng: random.Random, name: str) -> str:
    """The folders of a qualified name, left out."""
    return name.rpartition("/")[2]


def letter(rng: random.Random, name: str) -> str:
    """One letter left out, doubled, put for another, or exchanged with the next."""
    places = [i for i, c in enumerate(name) if c.isalnum() and i > name.rfind("/")]
    if len(places) < 2:
        return name
    i = rng.choice(places)
    other = (
        chr(ord("가") + rng.randrange(11172)) if "가" <= name[i] <= "힣" else rng.choice("abcdefghijklmnopqrstuvwxyz")
    )
    swapped = name[:i] + name[i + 1 : i + 2] + name[i] + name[i + 2 :]
    return rng.choice((name[:i] + name[i + 1 :], name[: i + 1] + name[i:], name[:i] + other + name[i + 1 :], swapped))


def particle(rng: random.Random, name: str) -> str:
    return name + rng.choice(PARTICLES)


FOLDABLE: dict[str, Damage] = {"NFD": decomposed, "case": case, "space - _": gaps, ".md": ending}
"""Spellings that mean the same name: each is to be resolved."""
OTHER: dict[str, Damage] = {"dropped folder": folder, "one letter": letter, "particle inside": particle}
"""Spellings that are another name, or less of one: never applied."""
