"""Hangul for the search: syllables, word endings, initial consonants.

The tables are in ``assets/search/hangul.json``, which the browser reads too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

HANGUL: dict[str, Any] = json.loads(
    (resources.files("kbtools.site") / "assets/search/hangul.json").read_text(encoding="utf-8")
)
INITIALS_MARK = "^"
"""Before the initial consonants of a name in the list of terms."""
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_ENDINGS = frozenset(HANGUL["endings"])
_LONGEST_ENDING = max(map(len, _ENDINGS))
_RUN = re.compile("[가-힣]+")
_BETWEEN = re.compile("(?<=[가-힣]) (?=[가-힣])")
_FIRST, _SYLLABLES, _FINALS = 0xAC00, 588, 28


def joined(text: str) -> str:
    """A text whose neighbouring words in Hangul are one."""
    return _BETWEEN.sub("", text)


def runs(text: str) -> list[str]:
    """Words in Hangul, as they stand."""
    return _RUN.findall(text)


def _follows(ending: str, word: str) -> bool:
    """Whether an ending may stand behind the syllable that is before it: some only behind a final consonant."""
    closed = (ord(word[-len(ending) - 1]) - _FIRST) % _FINALS > 0
    return ending not in HANGUL["after"]["vowel" if closed else "consonant"]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word without its endings; at least two syllables are left."""
    for _ in range(2):
        for length in range(min(_LONGEST_ENDING, len(word) - 2), 0, -1):
            ending = word[-length:]
            if ending in _ENDINGS and _follows(ending, word):
                word = word[:-length]
                break
        else:
            break
    return word


def syllables(word: str) -> Iterator[tuple[int, int]]:
    """The numbers of the initial and the final consonant of each syllable."""
    for character in word:
        number = ord(character) - _FIRST
        yield number // _SYLLABLES, number % _FINALS


def initials(name: str) -> tuple[str, ...]:
    """The initial consonants of a name in Hangul, from each of its words to the end: the first is that of all of it."""
    words = ["".join(INITIALS[initial] for initial, _ in syllables(run)) for run in runs(name)]
    tails = ("".join(words[i:]) for i in range(len(words)))
    return tuple(INITIALS_MARK + tail for tail in tails if len(tail) > 1)
