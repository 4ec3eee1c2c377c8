"""Finds names within one edit of each other, without comparing all pairs."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable

from kbtools.text.multimap import MultiMap

_NO_SIGNS = str.maketrans("", "", string.punctuation + " ")
_DOUBLE = re.compile(r"(.)\1+")
_NUMBER = re.compile(r"[0-9]+")
_SIGNED_ENDS = re.compile(r"\A[-+#*=~^&@_]+|[-+#*=~^&@_]+\Z")
_WORDS = 12
"""Words of a name that are considered, so that very long names take little time."""
_FEW = 24
"""Up to this many names, all are compared; more are looked up by parts of their words."""
_FAMILY = 64
"""Names that differ in the same character only: if there are more, none is more likely to be meant than another."""
_SHORTEST = 5
"""Letters from which on a name is also found without blanks and punctuation: ``C``, ``C++`` and ``C#`` are three
names."""
_SHORTEST_WORD = {1: 7, 2: 5}
"""Letters from which on a word may have two neighbours swapped, or one letter missing, doubled or replaced, by
number of words of the name; the other words must be equal."""
_SHORTEST_OF_MANY = 4
_SHORTEST_EXTRA = 9
"""Letters from which on a name of one word may have one too many that is no double: *GraphiQL* is not *GraphQL*."""
_SHORTEST_PLURAL = 10
"""Endings of singular and plural names that may be exchanged."""
_SHORTEST_HANGUL = 4
"""Syllables of a name in which one letter of a syllable may be another."""
_SYLLABLES = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3]")
"""Characters that are no letters of an alphabet: Hangul, kana, ideographs."""
_SOUND_ALIKE = frozenset(map(frozenset, ("ᅢᅦ", "ᅤᅨ", "ᅫᅬ", "ᅫᅰ", "ᅬᅰ")))
"""Vowels that are pronounced alike and often confused, in words of any length."""


class NearNames:
    """Index of folded names for typing errors.

    A typing error usually affects one word, so each name is indexed under its text with one word left out.
    Differences in blanks and punctuation are found by the name without them. If many names differ in the same word
    only, that word is found by its forms with one character deleted (symmetric deletion, as in SymSpell by W.
    Garbe).
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_key = MultiMap[str]()
        self._by_form: dict[str, MultiMap[str]] = {}
        """For keys with many names: the names by the forms of the omitted word."""
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Adds a name that is not in the index yet."""
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
        """The names one typing error away from a folded name that is not in the index, sorted; names that need no
        changed letter take precedence."""
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
    """Whether two names that are equal without blanks and punctuation are likely to mean the same: not if they are
    short, if a number is split differently, or if punctuation at an end makes another name: *Haskell +*."""
    letters = a.translate(_NO_SIGNS)
    shortest = _SHORTEST if _without_accents(letters).isascii() else 2
    alike = _NUMBER.findall(a) == _NUMBER.findall(b) and _SIGNED_ENDS.findall(a) == _SIGNED_ENDS.findall(b)
    return len(letters) >= shortest and alike


def is_slip(a: str, b: str) -> bool:
    """Whether the first of two folded names differs from the second in one letter of one word, probably by mistake.

    Only for long words, or words of long names: short words that differ in a letter are usually different words
    (*money*, *monkey*). The first letter must be equal, and numbers are never typing errors.
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
    shortest = _SHORTEST_WORD.get(len(ours), _SHORTEST_OF_MANY)
    if len(ours) == 1 and len(x) > len(y) and _undoubled(x) != _undoubled(y):
        shortest = _SHORTEST_EXTRA
    return len(longer) >= shortest and _is_letter_slip(x, y)


def _undoubled(word: str) -> str:
    return _DOUBLE.sub(r"\1", word)


def _is_letter_slip(x: str, y: str) -> bool:
    from rapidfuzz.distance import OSA

    # The last letter must be equal too, unless two are swapped: endings make other words.
    return OSA.distance(x, y, score_cutoff=1) == 1 and (x[-1] == y[-1] or sorted(x) == sorted(y))


def _is_hangul_slip(a: str, x: str, y: str) -> bool:
    from rapidfuzz.distance import OSA

    ours, theirs = unicodedata.normalize("NFD", x), unicodedata.normalize("NFD", y)
    if len(ours) != len(theirs) or OSA.distance(ours, theirs, score_cutoff=1) != 1:
        return False
    changed = frozenset(p for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1] for p in pair)
    if any("\u3400" <= p <= "\u9fff" for p in changed):
        return False  # a different ideograph is a different word
    return changed in _SOUND_ALIKE or len(a.replace(" ", "")) >= _SHORTEST_HANGUL


def _keys(name: str) -> list[str]:
    """The name without blanks and punctuation, and the name without each of its words."""
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
    """A Latin name without accents; other names unchanged, because in other scripts marks make different letters."""
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return plain if plain.isascii() else name


def _forms(word: str) -> set[str]:
    """A word, and its forms with one character deleted; for Hangul also with one letter of a syllable deleted."""
    forms = {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}
    if not word.isascii():
        letters = unicodedata.normalize("NFD", word)
        if letters != word:
            forms |= {letters[:i] + letters[i + 1 :] for i in range(len(letters))}
    return forms
