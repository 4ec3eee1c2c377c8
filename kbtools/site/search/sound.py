"""Phonetic keys: the same key for a foreign word in Hangul and in Latin letters (소프트맥스, softmax).

A key is the word's consonants, each as the class of those that a loanword may have in its place (``SPTMKS``). Vowels
are too uncertain to look up by; the reader's half (``assets/search/sound.js``) compares them afterwards. Latin letters
that are spoken in several ways give several keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from kbtools.site.search.hangul import HANGUL, stem, syllables

SOUND_MARK = "~"
"""Before a key in the list of terms, in which a space and the spelling follow it."""
_MOST_KEYS = 4
_LENGTHS = range(2, 11)
_LATIN = re.compile("[a-z_]{3,24}")
_HANGUL = re.compile("[가-힣]{2,12}")
_LOOKS_FOREIGN = re.compile("[카-핗]")
_RULES = [(re.compile(pattern), keys.split("|")) for pattern, keys, _ in HANGUL["latin"]]


def latin_keys(word: str) -> set[str]:
    """The keys of a lower-case word in Latin letters."""
    text = word.replace("_", "")
    keys, at = {""}, 0
    while at < len(text):
        for pattern, heard in _RULES:
            if m := pattern.match(text, at):
                keys = set(sorted(key + one for key in keys for one in heard)[:_MOST_KEYS])
                at = m.end()
                break
        else:
            at += 1
    return keys


def hangul_key(word: str) -> str:
    """The key of a word in Hangul. A doubled ㄹ is one consonant."""
    out: list[str] = []
    for initial, final in syllables(word):
        key = HANGUL["initials"][initial]
        if not (key == "L" and out and out[-1] == "L"):
            out.append(key)
        out.append(HANGUL["finals"][final])
    return "".join(out).replace("-", "")


@lru_cache(maxsize=200_000)
def _entries(word: str) -> tuple[str, ...]:
    keys = latin_keys(m[0]) if (m := _LATIN.match(word)) else {hangul_key(word)}
    return tuple(f"{SOUND_MARK}{key} {word}" for key in sorted(keys) if len(key) in _LENGTHS)


def sound_entries(terms: Iterable[str], hangul: Mapping[str, int]) -> Iterator[str]:
    """Keys with spellings, for the list of terms.

    ``terms`` are the index's own, of which those in Latin letters are taken. ``hangul`` are runs of Hangul with the
    number of their pages. Of those on a single page, which are many, only such are taken as have a consonant that is
    rare outside foreign words.
    """
    for term in terms:
        if _LATIN.match(term) and "." not in term:
            yield from _entries(term)
    stems: Counter[str] = Counter()
    for run, pages in hangul.items():
        stems[stem(run)] += pages
    for word, pages in stems.items():
        if _HANGUL.fullmatch(word) and (pages > 1 or _LOOKS_FOREIGN.search(word)):
            yield from _entries(word)
