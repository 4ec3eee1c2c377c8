"""Finds names within one edit of each other, without comparing all pairs."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable

from kbtools.text.multimap import MultiMap

_NO_SIGNS = str.maketrans("", "", string.punctuation + " ")
_NUMBER = re.compile(r"[0-9]+")
_SIGNED_ENDS = re.compile(r"\A[-+#*=~^&@_]+|[-+#*=~^&@_]+\Z")
_WORDS = 12
"""Words of a name that are looked at; so a name of a thousand words costs no million characters."""
_FEW = 24
"""Up to this many names, all are compared; more are looked up by parts of their words."""
_FAMILY = 64
"""Names that differ in the same character alone: of more, none is more likely to be meant than another."""
_SHORTEST = 5
"""Letters of a name that is found again without its gaps and signs: ``C``, ``C++`` and ``C#`` are three names."""
_SHORTEST_WORD = {1: 7, 2: 5}
"""Letters of a word in which two neighbours may be swapped, or one letter be missing, doubled or another: by the words
of the name, the others of which are right."""
_SHORTEST_OF_MANY = 4
_SHORTEST_PLURAL = 10
"""Endings of singular and plural names that may be exchanged."""
_SHORTEST_HANGUL = 4
"""Syllables of a name in which one letter of a syllable may be another."""
_SYLLABLES = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3]")
"""Characters that are no letters of an alphabet: Hangul, kana, ideographs."""
_SOUND_ALIKE = frozenset(map(frozenset, ("ᅢᅦ", "ᅤᅨ", "ᅫᅬ", "ᅫᅰ", "ᅬᅰ")))
"""Vowels that are pronounced alike, and so put for each other in words of any length."""


class NearNames:
    """Folded names by what a slip of the fingers leaves of them.

    A slip falls into one word, so the others lead to the name: each name is listed under itself with one word left
    out. A gap or sign too many, too few or in the wrong place is found by the name without them. Where many names
    differ in the same word alone, that word is found by its forms with one character left out (symmetric deletion,
    as in SymSpell, of W. Garbe).
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_key = MultiMap[str]()
        self._by_form: dict[str, MultiMap[str]] = {}
        """For keys of many names: the names by the forms of the word that is left out."""
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Add a name that is not listed yet."""
        for i, key in enumerate(_keys(name), -1):
            self._by_key.add(key, name)
            if (table := self._by_form.get(key)) is not None:
                _add_forms(table, name, i)

    def discard(self, name: str) -> None:
        for i, key in enumerate(_keys(name), -1):
            self._by_key.discard(key, name)
            if (table := self._by_form.get(key)) is not None:
                for form in _forms(name.split(" ")[i]):
                    table.discard(form, name)

    def nearest(self, name: str) -> tuple[str, ...]:
        """The names one slip away from a folded one that is none of them, sorted; of several, those that need no
        letter to change."""
        words = name.split(" ")
        joined, *keys = _keys(name)
        alike = {n for n in self._by_key[joined] if n != name and _same_letters(name, n)}
        if alike:
            return tuple(sorted(alike))
        seen: set[str] = set()
        for i, (key, word) in enumerate(zip(keys, words, strict=False)):
            held = self._by_key[key]
            if len(held) <= _FEW:
                seen.update(held)
                continue
            table = self._by_form.get(key)
            if table is None:
                table = self._by_form[key] = MultiMap[str]()
                for other in held:
                    _add_forms(table, other, i)
            for form in _forms(word):
                family = table[form]
                if len(family) <= _FAMILY:
                    seen.update(family)
        return tuple(sorted(n for n in seen if n != name and is_slip(name, n)))


def _add_forms(table: MultiMap[str], name: str, at: int) -> None:
    for form in _forms(name.split(" ")[at]):
        table.add(form, name)


def _same_letters(a: str, b: str) -> bool:
    """Whether two names that are the same without gaps and signs are likely to be one: not where they are short, where
    a number is cut otherwise, or where a sign at an end makes another name: *Haskell +*."""
    letters = a.translate(_NO_SIGNS)
    shortest = _SHORTEST if _without_accents(letters).isascii() else 2
    alike = _NUMBER.findall(a) == _NUMBER.findall(b) and _SIGNED_ENDS.findall(a) == _SIGNED_ENDS.findall(b)
    return len(letters) >= shortest and alike


def is_slip(a: str, b: str) -> bool:
    """Whether one folded name is another but for one letter of one word, and likely to be meant for it.

    Long words, or words of long names: short ones that differ in a letter are most often two words (*money*,
    *monkey*). The first letter is right, and numbers are never slips.
    """
    if _NUMBER.findall(a) != _NUMBER.findall(b):
        return False
    ours, theirs = a.split(" "), b.split(" ")
    if len(ours) != len(theirs):
        return False
    differing = [(x, y) for x, y in zip(ours, theirs, strict=True) if x != y]
    if len(differing) != 1:
        return False
    x, y = differing[0]
    if _SYLLABLES.search(x + y):
        return _is_hangul_slip(a, x, y)
    if x[:1] != y[:1] or not (x + y).isalpha():
        return False
    shorter, longer = sorted((x, y), key=len)
    if longer == f"{shorter}s":
        return len(a) >= _SHORTEST_PLURAL
    return len(longer) >= _SHORTEST_WORD.get(len(ours), _SHORTEST_OF_MANY) and _is_letter_slip(x, y)


def _is_letter_slip(x: str, y: str) -> bool:
    from rapidfuzz.distance import OSA

    # The last letter is right, too, unless it is one of two that are swapped: endings make other words.
    return OSA.distance(x, y, score_cutoff=1) == 1 and (x[-1] == y[-1] or sorted(x) == sorted(y))


def _is_hangul_slip(a: str, x: str, y: str) -> bool:
    from rapidfuzz.distance import OSA

    ours, theirs = unicodedata.normalize("NFD", x), unicodedata.normalize("NFD", y)
    if len(ours) != len(theirs) or OSA.distance(ours, theirs, score_cutoff=1) != 1:
        return False
    changed = frozenset(p for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1] for p in pair)
    if any("\u3400" <= p <= "\u9fff" for p in changed):
        return False  # another ideograph is another word
    return changed in _SOUND_ALIKE or len(a.replace(" ", "")) >= _SHORTEST_HANGUL


def _keys(name: str) -> list[str]:
    """The name without gaps and signs, then the name without each of its words; folded names hold no line ends."""
    words = name.split(" ")
    joined = "".join(words)
    if not joined.isalnum():
        joined = joined.translate(_NO_SIGNS)
    if not joined.isascii():
        joined = _without_accents(joined)
    if len(words) == 1:
        return [joined, "\n"]
    keys = [joined]
    for i in range(min(len(words), _WORDS)):
        word, words[i] = words[i], "\n"
        keys.append(" ".join(words))
        words[i] = word
    return keys


def _without_accents(name: str) -> str:
    """A Latin name without its accents; other names unchanged, because in other scripts marks make different
    letters."""
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return plain if plain.isascii() else name


def _forms(word: str) -> set[str]:
    """A word, and what is left of it without one character; of Hangul also without one letter of a syllable."""
    forms = {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}
    if not word.isascii():
        letters = unicodedata.normalize("NFD", word)
        if letters != word:
            forms |= {letters[:i] + letters[i + 1 :] for i in range(len(letters))}
    return forms
