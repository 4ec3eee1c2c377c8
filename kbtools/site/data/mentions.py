"""Unlinked mentions: pages that contain the name of another page and do not link to it.

A name is found as whole words: Latin ones between word boundaries and regardless of case, Hangul ones at the start of
a word, with a particle or nothing behind: ``텐서를`` mentions ``텐서``, ``텐서보드`` does not. Code, links, headings
and comments hold no mentions. One pass over the words of a page: time is proportional to the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.suggest import AFTER_NOUNS
from kbtools.vault.page import Page

COMMON = 0.25
"""A name that occurs on more than this share of the pages, and on more than ``FEW`` pages, is ignored."""
FEW = 12
_SHORTEST_LATIN, _SHORTEST_HANGUL = 3, 2
_LONGEST = 8
"""Maximum number of words of a name that is searched."""

_WORD = re.compile(r"[가-힣ㄱ-ㆎ]+|[^\W가-힣ㄱ-ㆎ]+")
_HANGUL = re.compile(r"[가-힣]+")
_GAP = re.compile(r"[\s_\-\u2010-\u2015]+")
_LINK = re.compile(r"!?\[[^\[\]\n]*\](?:\([^()\n]*\)|\[[^\[\]\n]*\])|<?\b[a-z][a-z0-9+.-]{0,15}://[^\s<>]+")


@dataclass(frozen=True, slots=True)
class Mention:
    """Mentions of a page on another page: the first position, and the number of mentions."""

    path: str
    span: Span
    count: int


@dataclass(frozen=True, slots=True)
class _Name:
    words: tuple[str, ...]
    gaps: tuple[str, ...]
    tail: str
    page: str


def mentions(index: Index, pages: Iterable[Page]) -> Mapping[str, tuple[Mention, ...]]:
    """For each page, the other pages that mention it without a link; the most frequent first."""
    listed = tuple(pages)
    names = _names(index, listed)
    linking = {path: {other for other, _ in links} for path, links in index.graph.backlinks.items()}
    found: dict[_Name, list[Mention]] = defaultdict(list)
    seen: dict[str, tuple[str, ...]] = {}
    for page in listed:
        first: dict[_Name, Span] = {}
        counts: dict[_Name, int] = defaultdict(int)
        for name, span in _in_page(page, names, seen):
            first.setdefault(name, span)
            counts[name] += 1
        for name, span in first.items():
            found[name].append(Mention(page.path, span, counts[name]))
    most = max(FEW, COMMON * len(listed))
    by_page: dict[str, dict[str, Mention]] = defaultdict(dict)
    for name, held in found.items():
        if len(held) > most:
            continue
        for mention in held:
            if mention.path == name.page or mention.path in linking.get(name.page, ()):
                continue
            if index.final(mention.path) == name.page:
                continue
            by_page[name.page][mention.path] = _joined(by_page[name.page].get(mention.path), mention)
    return {path: tuple(sorted(held.values(), key=lambda m: (-m.count, m.path))) for path, held in by_page.items()}


def _joined(old: Mention | None, new: Mention) -> Mention:
    """Merges mentions on one page under two names."""
    return new if old is None else Mention(old.path, min(old.span, new.span), old.count + new.count)


def _longest_first(name: _Name) -> tuple[int, int, int, str]:
    return -len(name.words), -len(name.words[-1]), -len(name.tail), name.page


def _names(index: Index, pages: tuple[Page, ...]) -> Mapping[str, tuple[_Name, ...]]:
    """The searched names, by first word. Names of two pages are ignored."""
    holders: dict[tuple[tuple[str, ...], tuple[str, ...], str], set[str]] = defaultdict(set)
    for page in pages:
        for text in (page.title, *page.aliases):
            key = _read(text)
            if key is not None:
                holders[key].add(index.final(page.path))
    by_first: dict[str, list[_Name]] = defaultdict(list)
    for (words, gaps, tail), held in holders.items():
        if len(held) == 1:
            by_first[words[0]].append(_Name(words, gaps, tail, next(iter(held))))
    return {word: tuple(sorted(held, key=_longest_first)) for word, held in by_first.items()}


def _read(name: str) -> tuple[tuple[str, ...], tuple[str, ...], str] | None:
    name = unicodedata.normalize("NFC", name).strip()
    found = list(_WORD.finditer(name))
    if not found or len(found) > _LONGEST or found[0].start() > 0:
        return None
    letters = sum(len(m[0]) for m in found)
    shortest = _SHORTEST_HANGUL if any(_HANGUL.match(m[0]) for m in found) else _SHORTEST_LATIN
    if letters < shortest or all(m[0].isdigit() for m in found):
        return None
    gaps = tuple(_even(name[a.end() : b.start()]) for a, b in pairwise(found))
    return tuple(m[0].casefold() for m in found), gaps, name[found[-1].end() :]


def _even(gap: str) -> str:
    return _GAP.sub(" ", gap)


def _in_page(
    page: Page, names: Mapping[str, tuple[_Name, ...]], seen: dict[str, tuple[str, ...]]
) -> Iterator[tuple[_Name, Span]]:
    text = page.source.text
    prose = _prose(page)
    words = list(_WORD.finditer(prose))
    texts = [m[0] for m in words]
    for word in set(texts).difference(seen):
        seen[word] = tuple(w for w in _beginnings(word) if w in names)
    starts = [(number, firsts) for number, word in enumerate(texts) if (firsts := seen[word])]
    done = 0
    for number, firsts in starts:
        if number < done:
            continue
        for name in (n for first in firsts for n in names[first]):
            end = _match(name, words, number, prose)
            if end:
                done = number + len(name.words)
                yield name, Span(words[number].start(), min(end, len(text)))
                break


def _beginnings(word: str) -> Iterator[str]:
    """The first words of names that a word of the text may match: itself, or itself without a particle."""
    folded = unicodedata.normalize("NFC", word).casefold()
    yield folded
    if _HANGUL.fullmatch(folded):
        for length in range(min(5, len(folded) - 1), 0, -1):
            if folded[-length:] in AFTER_NOUNS:
                yield folded[:-length]


def _match(name: _Name, words: list[re.Match[str]], at: int, prose: str) -> int:
    """The end of a name that begins at a word; 0 if it does not match."""
    if at + len(name.words) > len(words) or not _starts_here(prose, words[at].start()):
        return 0
    last = at + len(name.words) - 1
    for n, wanted in enumerate(name.words[:-1]):
        m, following = words[at + n], words[at + n + 1]
        if m[0].casefold() != wanted or _even(prose[m.end() : following.start()]) != name.gaps[n]:
            return 0
    m, wanted = words[last], name.words[-1]
    word = m[0].casefold()
    if name.tail:
        end = m.end() + len(name.tail)
        fits = word == wanted and prose.startswith(name.tail, m.end())
    elif word == wanted:
        end, fits = m.end(), True
    else:
        end = m.start() + len(wanted)
        fits = bool(_HANGUL.fullmatch(word)) and word.startswith(wanted) and word[len(wanted) :] in AFTER_NOUNS
        return end if fits else 0
    return end if fits and _ends_here(prose, end) else 0


def _starts_here(prose: str, at: int) -> bool:
    """Whether a word begins at a position and is not part of ``torch.tensor``, ``@name``, ``C:name`` or a Hangul
    word."""
    before = prose[at - 1 : at]
    return not before or not (before.isalnum() or before in "._@/\\$#&")


def _ends_here(prose: str, at: int) -> bool:
    """Whether a name may end at a position: not before the signs of ``C++`` or before ``.nn``, and only before
    Hangul that is a particle."""
    following = prose[at : at + 1]
    if not following or following.isspace():
        return True
    if _HANGUL.match(following):
        m = _HANGUL.match(prose, at)
        return m is not None and m[0] in AFTER_NOUNS
    if following.isalnum() or following in "_+#/\\@":
        return False
    return not (following in ".:(" and prose[at + 1 : at + 2].isalnum() and prose[at + 1 : at + 2].isascii())


def _prose(page: Page) -> str:
    """The page's text with everything but prose replaced by blanks, so that positions are unchanged."""
    text = page.source.text
    holes = [(s.start, s.end) for s in page.structure.opaque]
    holes += [(h.span.start, h.span.end) for h in page.structure.headings]
    holes += [(link.span.start, link.span.end) for link in page.links]
    if "](" in text or "][" in text or "://" in text:
        holes += [m.span() for m in _LINK.finditer(text)]
    holes.sort()
    kept: list[str] = []
    at = 0
    for start, end in holes:
        if end > at:
            begin = max(start, at)
            kept += (text[at:begin], "\x00" * (end - begin))
            at = end
    return "".join((*kept, text[at:]))
