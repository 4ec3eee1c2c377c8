"""Search index for ``assets/search/``: static files of which a query loads only a few.

All weighing is done here, once: a posting is a page and a level from 1 to 15, so that a query only adds numbers and
knows nothing of fields or lengths. The weights follow BM25F (Robertson, Zaragoza and Taylor, 2004): fields are added up
before a term's frequency is damped; names count outside the damping, because a page named as the query is what was
meant.

Files, each a script so that a site opened from a disk can load them too (``fetch`` cannot):

- ``index.js``: ``kbSearch("index", "", BASE64)``, a ``Manifest`` as JSON.
- ``t<n>.js``: terms in the order of UTF-16 units, cut in shards; ``d<n>.js``: pages with their text, a few in each.
  ``kbSearch("<name>", "<version>", BASE64)``; BASE64 is what zlib made of the content.

A shard of terms is, in variable-length integers (LEB128) unless said otherwise: the length in bytes of the list of
terms; that list in UTF-8, divided by line feeds; for each term the length in bytes of its postings; the postings. A
posting is ``gap * 16 + level``, the gap being the distance from the page before.

Terms with a mark before them are no words of a text: ``=`` a whole name, ``^`` a name's initial consonants, ``~`` a
key of ``sound`` with a spelling, which has no postings.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kbtools.site.search.hangul import INITIALS_MARK, initials, joined, runs
from kbtools.site.search.search_terms import NAME_MARK, name_key, terms
from kbtools.site.search.search_text import SearchSection
from kbtools.site.search.sound import SOUND_MARK, sound_entries

LEVELS = 15
SHARD = 48_000
"""Bytes of terms and postings at which a shard ends, before compression."""
MARKED_SHARD = 8_000
"""The same of names, initial consonants and words by their sound, of which a query reads a few here and there."""
PAGES_A_FILE = 4

# What an occurrence is worth, and where more of them stop to matter.
_HEADING = 3  # beside those of the text, and of sentences that link here
_DAMPING, _LENGTH_SHARE = 1.2, 0.6
_TITLE, _ALIAS, _KEYWORD, _TAG = 5.0, 4.0, 3.0, 1.5
_STEP = 0.5
_STANDING = 0.5
_WHOLE_TITLE, _WHOLE_ALIAS, _WHOLE_KEYWORD = 15, 13, 10
_INITIALS_OF_HEADING, _INITIALS_OF_KEYWORD = 6, 5
_MOST_TAILS = 8
_MARKS = NAME_MARK + INITIALS_MARK + SOUND_MARK


class Weighed(NamedTuple):
    """What a page brings to the index by itself."""

    body: Mapping[str, int]
    """How often its text has each term; headings count more."""
    names: Mapping[str, float]
    """What its names give to their terms."""
    keys: Mapping[str, int]
    """Levels of whole names and of initial consonants."""
    hangul: Sequence[str]
    """Its words in Hangul."""


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """A page as search finds and shows it."""

    url: str
    """Its address, relative to the site's root."""
    title: str
    sections: tuple[SearchSection, ...]
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    boost: float = 1.0
    linked: tuple[str, ...] = ()
    """The sentences of other pages that link here, one a page."""
    keywords: tuple[str, ...] = ()
    """Words and phrases that the page is found by though it does not say them."""
    weighed: Weighed | None = None
    """What ``weigh`` makes of the rest, where that is known."""


def weigh(entry: SearchEntry) -> Weighed:
    """Everything of a page's postings that does not hang on other pages."""
    keys = _whole_names(entry) | _initials(entry)
    return Weighed(_body(entry), _names(entry), keys, sorted(set(runs("\n".join(_texts(entry))))))


def _body(entry: SearchEntry) -> Mapping[str, int]:
    # One text each: no term goes over the end of a line.
    out = terms("\n".join([*entry.linked, *(section.text for section in entry.sections)]))
    for term, n in terms("\n".join(section.heading for section in entry.sections)).items():
        out[term] += n * _HEADING
    return out


def _names(entry: SearchEntry) -> Mapping[str, float]:
    """What a page's names give to their terms: the more of a name a term is, the more. Words may stand joined."""
    out: dict[str, float] = {}
    groups = ((_TITLE, (entry.title,)), (_ALIAS, entry.aliases), (_KEYWORD, entry.keywords), (_TAG, entry.tags))
    for worth, names in groups:
        for name in names:
            found = terms(name)
            share = worth / max(1, len(found)) ** 0.5
            for term in found | terms(joined(name)):
                out[term] = max(out.get(term, 0.0), share)
    return out


def _standing(links: int, most: int) -> float:
    """What a page is worth for the number of pages that link to it, beside the one with the most."""
    return 1 + _STANDING * (math.log1p(links) / math.log1p(most) - 0.5) if most else 1.0


def _postings(entries: Sequence[SearchEntry]) -> Mapping[str, list[tuple[int, int]]]:
    all_weighed = [entry.weighed or weigh(entry) for entry in entries]
    lengths = [sum(weighed.body.values()) for weighed in all_weighed]
    average = max(1.0, sum(lengths) / max(1, len(lengths)))
    out: dict[str, list[tuple[int, int]]] = defaultdict(list)
    most = max((len(e.linked) for e in entries), default=0)
    for number, (entry, weighed, length) in enumerate(zip(entries, all_weighed, lengths, strict=True)):
        damping = 2 * _DAMPING * (1 - _LENGTH_SHARE + _LENGTH_SHARE * length / average)
        boost = entry.boost * _standing(len(entry.linked), most)
        weights = {term: 3 * n / (n + damping) for term, n in weighed.body.items()}
        for term, worth in weighed.names.items():
            weights[term] = weights.get(term, 0.0) + worth
        share = boost / _STEP
        for term, weight in weights.items():
            level = round(weight * share)
            out[term].append((number, 1 if level < 1 else LEVELS if level > LEVELS else level))
        for key, level in weighed.keys.items():
            out[key].append((number, level))
    hangul = Counter(run for weighed in all_weighed for run in weighed.hangul)
    for spelling in sound_entries(list(out), hangul):
        out[spelling] = []
    return out


def _whole_names(entry: SearchEntry) -> dict[str, int]:
    """A page's names as one term each, and from each of their words to the end, with their levels."""
    out: dict[str, int] = {}
    for level, names in (
        (_WHOLE_TITLE, [entry.title]),
        (_WHOLE_ALIAS, entry.aliases),
        (_WHOLE_KEYWORD, entry.keywords),
    ):
        for name in names:
            words = name.split()
            for place in range(min(len(words), _MOST_TAILS)):
                key = name_key("".join(words[place:]))
                out[key] = max(out.get(key, 0), level // 2 if place else level)
    out.pop(NAME_MARK, None)
    return out


def _initials(entry: SearchEntry) -> dict[str, int]:
    """Initial consonants of a page's names, keywords and headings, with their levels."""
    out: dict[str, int] = {}
    headings = [section.heading for section in entry.sections]
    for level, names in (
        (_WHOLE_TITLE, [entry.title]),
        (_WHOLE_ALIAS, entry.aliases),
        (_INITIALS_OF_HEADING, headings),
        (_INITIALS_OF_KEYWORD, entry.keywords),
    ):
        for name in names:
            for place, key in enumerate(initials(name)):
                out[key] = max(out.get(key, 0), level // 2 if place else level)
    return out


def _texts(entry: SearchEntry) -> Iterator[str]:
    yield from (entry.title, *entry.aliases, *entry.keywords, *entry.tags)
    for section in entry.sections:
        yield section.heading
        yield section.text


def _number(value: int, out: bytearray) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _packed(postings: Iterable[tuple[int, int]]) -> bytes:
    out = bytearray()
    before = 0
    for number, level in postings:
        value = (number - before) * 16 + level
        if value > 127:
            _number(value, out)
        else:
            out.append(value)
        before = number
    return bytes(out)


def _shards(postings: Mapping[str, list[tuple[int, int]]]) -> Iterator[tuple[str, bytes]]:
    """Each shard's first term and content."""
    held: list[tuple[str, bytes]] = []
    size = 0
    for term in sorted(postings, key=lambda t: t.encode("utf-16-be")):
        packed = _packed(postings[term])
        full = size + len(packed) > (MARKED_SHARD if _mark(term) else SHARD)
        if held and (full or _mark(term) != _mark(held[0][0])):
            yield held[0][0], _shard(held)
            held, size = [], 0
        held.append((term, packed))
        size += len(packed) + len(term.encode()) + 2
    if held:
        yield held[0][0], _shard(held)


def _mark(term: str) -> str:
    return term[0] if term[0] in _MARKS else ""


def _shard(held: Sequence[tuple[str, bytes]]) -> bytes:
    names = "\n".join(term for term, _ in held).encode()
    out = bytearray()
    _number(len(names), out)
    out += names
    for _, packed in held:
        _number(len(packed), out)
    for _, packed in held:
        out += packed
    return bytes(out)


def _shown(entry: SearchEntry) -> list[object]:
    names = [*entry.aliases, *entry.keywords]
    return [entry.url, entry.title, [[s.anchor, s.heading, s.text] for s in entry.sections], names]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def files(entries: Iterable[SearchEntry]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the index. The same pages give the same bytes."""
    ordered = sorted(entries, key=lambda e: e.url)
    contents: list[tuple[str, bytes]] = []
    first: list[str] = []
    for number, (term, content) in enumerate(_shards(_postings(ordered))):
        first.append(term)
        contents.append((f"t{number}", content))
    for number, at in enumerate(range(0, len(ordered), PAGES_A_FILE)):
        contents.append((f"d{number}", _json([_shown(e) for e in ordered[at : at + PAGES_A_FILE]])))
    digest = hashlib.sha256()
    for _, content in contents:
        digest.update(content)
    version = digest.hexdigest()[:12]
    manifest = {"version": version, "pages": len(ordered), "pagesAFile": PAGES_A_FILE, "terms": first}
    yield "index.js", _script("index", "", _json(manifest))
    for name, content in contents:
        yield f"{name}.js", _script(name, version, content)


def _script(name: str, version: str, content: bytes) -> bytes:
    return f'kbSearch("{name}","{version}","{base64.b64encode(zlib.compress(content, 9)).decode()}")\n'.encode()
