"""The normalisation of names, spelled out anew from the contract: the judge may not be the judged."""

from __future__ import annotations

import unicodedata


def fold(name: str) -> str:
    """``fold_title`` of a name without ``.md``."""
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    words = name.split()
    folded = []
    for number, word in enumerate(words):
        if all(map(is_dash, word)):
            folded.append(word)  # it stands alone
            continue
        low, high = 0, len(word)
        while is_dash(word[low]):
            low += 1
        while is_dash(word[high - 1]):
            high -= 1
        inner = " ".join("".join(" " if is_dash(c) else c for c in word[low:high]).split())
        before, behind = word[:low] if number == 0 else "", word[high:] if number == len(words) - 1 else ""
        folded.append(before + inner + behind)
    return " ".join(folded)


def is_dash(c: str) -> bool:
    return c == "_" or unicodedata.category(c) == "Pd" or c == "\u2212"
