"""Terms of a text for the search index; ``assets/search/query.js`` makes the same terms of a query.

Words in letters are terms as they stand, lower case; names are also found by their parts (``requires_grad``,
``DataLoader``), and names with dots by each two that stand together (``torch.utils``, ``loss.backward``). Two words
with a hyphen are one as well (``pre-trained``). Hangul, and other scripts that are written without spaces or with
endings on their words, is cut in pairs of characters: 자동미분을 is 자동, 동미, 미분, 분을. So parts of compounds are
found, endings need no grammar, and the number of terms stays bounded, where suffixes of words would grow with every
new form.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import pairwise

_PAIRED = "가-힣ㄱ-ㅎㅏ-ㅣ々〆ぁ-ヿ㐀-䶿一-鿿"
_RUN = re.compile(rf"[{_PAIRED}]+|[^\W{_PAIRED}]+")
_PAIRED_RUN = re.compile(rf"[{_PAIRED}]")
_HANGUL = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ]")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_DOTTED = re.compile(r"(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
_HYPHENATED = re.compile(r"(?<![\w-])[A-Za-z]{2,}-[A-Za-z]{2,}(?![A-Za-z0-9_-])")
_SEPARATORS = re.compile(r"[\W_]+")
LONGEST = 40
"""Longer runs are no words: hashes, tables of characters."""
SHORTEST_PART = 3
NAME_MARK = "="
"""Before a whole name in the list of terms: no term of a text begins with it."""


def normal(text: str) -> str:
    """NFC without what UTF-8 or UTF-16 cannot hold alike."""
    text = unicodedata.normalize("NFC", text)
    return text if text.isascii() else "".join(c if c < "\ud800" or "\uf900" <= c <= "\uffff" else " " for c in text)


def terms(text: str) -> Counter[str]:
    """How often each term occurs in a text; a name's part counts half of the name."""
    counts: Counter[str] = Counter()
    text = normal(text)
    for name, n in Counter(_DOTTED.findall(text)).items():
        for term in _pairs_of(name):
            counts[term] += n
    for two, n in Counter(_HYPHENATED.findall(text)).items():
        if len(two) <= LONGEST:
            counts[two.replace("-", "").lower()] += n
    for run, n in Counter(_RUN.findall(text)).items():
        whole, parts = _of_run(run)
        for term in whole:
            counts[term] += 2 * n
        for term in parts:
            counts[term] += n
    return counts


@lru_cache(maxsize=200_000)
def _of_run(run: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(run) > LONGEST:
        return (), ()
    if _PAIRED_RUN.match(run):
        if len(run) == 1:
            return (run,), ()
        # One character is a word in Chinese and Japanese: the last of a run begins no pair.
        last = () if _HANGUL.match(run[-1]) else (run[-1],)
        return tuple(run[i : i + 2] for i in range(len(run) - 1)), last
    trimmed = run.strip("_")
    word = trimmed.lower()
    if not word:
        return (), ()
    parts = {p.lower() for piece in trimmed.split("_") for p in (piece, *_CAMEL.findall(piece))}
    return (word,), tuple(sorted(p for p in parts if len(p) >= SHORTEST_PART and p != word))


@lru_cache(maxsize=20_000)
def _pairs_of(dotted: str) -> tuple[str, ...]:
    parts = dotted.lower().split(".")
    return tuple({f"{a}.{b}" for a, b in pairwise(parts) if len(a) + len(b) < LONGEST})


def name_key(name: str) -> str:
    """A whole name as one term, without spaces, case and punctuation: ``torch.compile`` is ``=torchcompile``."""
    return NAME_MARK + _SEPARATORS.sub("", normal(name).lower())
