"""What a link that resolves to nothing was probably meant to say. Suggestions are shown, never applied unasked."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from kbtools.index import Alias, Ambiguous, Index, Missing, Resolution, Resolved
from kbtools.links import WikiLink, fold_title
from kbtools.page import Page

# Postpositions that get caught inside the brackets, longest first.
_PARTICLES = """
은 는 이 가 을 를 의 에 와 과 도 만 로 으로 에서 에게 한테 께 까지 부터 처럼 보다 마다
조차 밖에 이나 나 이란 란 이라는 라는 이며 며 이고 라고 이라고 에는 에도 에서는 에서의
으로는 로는 으로의 로의 와의 과의 들 들은 들의 들을 들이
"""
PARTICLES = tuple(sorted(_PARTICLES.split(), key=len, reverse=True))
AFTER_NOUNS = frozenset((*PARTICLES, "이다", "입니다", "인", "일", "임", "과는", "과의", "와는", "만의", "고", "란"))
"""What may stand behind a noun in one word with it: particles, and forms of the copula."""

_NO_SIGNS = str.maketrans("", "", string.punctuation + " ")
_NUMBER = re.compile(r"[0-9]+")
_WORDS = 12
"""Words of a name that are looked at; so a name of a thousand words costs no million characters."""
_FEW = 24
"""Names that are compared one by one rather than listed under parts of a word."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A spelling that would work, and why it is offered."""

    target: str
    page: str
    why: str


class Suggester:
    """Suggestions for one index. Its table of near names is made on the first link that needs it."""

    def __init__(self, index: Index, style: str = "title") -> None:
        self.index = index
        self.style = style

    def suggest(self, link: WikiLink, page: Page, resolution: Resolution) -> Suggestion | None:
        """The best guess for a link that did not resolve, or None."""
        if isinstance(resolution, Alias):
            if len(resolution.candidates) != 1:
                return None
            return self._to(resolution.candidates[0], page, f'"{link.target}" is an alias of this page')
        if not isinstance(resolution, Missing):
            return None
        guesses = (self._particle, self._folder, self._near, self._heading)
        return next((s for guess in guesses if (s := guess(link, page)) is not None), None)

    def choices(self, resolution: Ambiguous, page: Page) -> tuple[str, ...]:
        """The spellings that tell the candidates of an ambiguous link apart."""
        named = (
            self.index.qualified(c, page.path) or self.index.spelling(c, page.path, self.style)
            for c in resolution.candidates
            if c in self.index.outlines
        )
        return tuple(n for n in named if n)

    def _to(self, path: str, page: Page, why: str) -> Suggestion | None:
        target = self.index.spelling(self.index.final(path), page.path, self.style)
        return Suggestion(target, self.index.final(path), why) if target else None

    def _particle(self, link: WikiLink, page: Page) -> Suggestion | None:
        name = link.name
        for particle in PARTICLES if not name.isascii() else ():
            if not name.endswith(particle) or len(name) == len(particle):
                continue
            hit = self.index.resolve_name(name[: -len(particle)], page.path)
            if isinstance(hit, Alias) and len(hit.candidates) == 1:
                return self._to(hit.candidates[0], page, f'the particle "{particle}" belongs behind the brackets')
            if isinstance(hit, Resolved) and hit.page in self.index.outlines:
                return self._to(hit.page, page, f'the particle "{particle}" belongs behind the brackets')
        return None

    def _folder(self, link: WikiLink, page: Page) -> Suggestion | None:
        head, slash, last = link.name.rpartition("/")
        if not slash:
            return None
        hit = self.index.resolve_name(last, page.path)
        if isinstance(hit, Resolved) and hit.page in self.index.outlines:
            return self._to(hit.page, page, f'there is no "{last}" in a folder "{head}"')
        return None

    def _near(self, link: WikiLink, page: Page) -> Suggestion | None:
        head, _, last = link.name.rpartition("/")
        paths = {p for name in self._near_names.nearest(fold_title(last)) for p in self._names[name]}
        if head and len(paths) > 1:
            folders = [fold_title(s) for s in head.split("/") if s not in ("", ".", "..")]
            paths = {p for p in paths if _folders(p)[-len(folders) :] == folders} or paths
        if len(paths) > 1:
            paths = {p for p in paths if p.rpartition("/")[0] == page.folder}
        return self._to(next(iter(paths)), page, "the spelling is close") if len(paths) == 1 else None

    def _heading(self, link: WikiLink, page: Page) -> Suggestion | None:
        found = self._headings.get(fold_title(link.name), ())
        if len(found) != 1:
            return None
        path, text = found[0]
        if set("[]|#^") & set(text):
            return None
        target = self.index.spelling(path, page.path, self.style)
        return Suggestion(f"{target}#{text}", path, "it is a section there") if target else None

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        names = dict(self.index.by_fold)
        for name, paths in self.index.by_alias.items():
            names[name] = tuple(dict.fromkeys((*names.get(name, ()), *paths)))
        if self.index.redirects:
            return {n: tuple(dict.fromkeys(self.index.final(p) for p in paths)) for n, paths in names.items()}
        return names

    @cached_property
    def _near_names(self) -> NearNames:
        return NearNames(self._names)

    @cached_property
    def _headings(self) -> dict[str, list[tuple[str, str]]]:
        table: dict[str, list[tuple[str, str]]] = {}
        for path, page in self.index.outlines.items():
            for h in page.headings:
                if h.text.strip():
                    table.setdefault(fold_title(h.text), []).append((path, h.text))
        return table


def _folders(path: str) -> list[str]:
    return [fold_title(s) for s in path.split("/")[:-1]]


class NearNames:
    """Folded names by what a slip of the fingers leaves of them.

    A slip falls into one word, so the others lead to the name: each name is listed under itself with one word left
    out. A gap or sign too many, too few or in the wrong place is found by the name without them. Where many names
    differ in the same word alone, that word is found by its forms with one character left out (symmetric deletion,
    as in SymSpell, of W. Garbe). Two edits are bridged where one deletion on either side is enough; numbers are
    never taken for slips: ``Chapter 12`` is not ``Chapter 13``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._listed: dict[str, str | list[str]] = {}
        """A name alone stands for a list of one: most keys hold one, and lists cost more than all else here."""
        self._by_word: dict[str, dict[str, list[str]]] = {}
        listed = self._listed
        for name in names:
            for key in _keys(name):
                held = listed.get(key)
                if held is None:
                    listed[key] = name
                elif isinstance(held, str):
                    listed[key] = [held, name]
                else:
                    held.append(name)

    def _under(self, key: str) -> Sequence[str]:
        held = self._listed.get(key, ())
        return (held,) if isinstance(held, str) else held

    def nearest(self, name: str) -> tuple[str, ...]:
        """The names closest to a folded one that is none of them; more than one when they are equally close."""
        words = name.split(" ")
        joined, *keys = _keys(name)
        seen = set(self._under(joined))
        for i, (key, word) in enumerate(zip(keys, words, strict=False)):
            held = self._under(key)
            if len(held) <= _FEW:
                seen.update(held)
                continue
            table = self._by_word.get(key)
            if table is None:
                table = self._by_word[key] = _deleted(held, i)
            for form in _forms(word):
                seen.update(table.get(form, ()))
        numbers = _NUMBER.findall(name)
        scored = sorted((d, n) for n in seen if (d := _distance(name, n)) is not None and _NUMBER.findall(n) == numbers)
        return tuple(n for d, n in scored if d == scored[0][0])


def _keys(name: str) -> list[str]:
    """The name without gaps and signs, then the name without each of its words; folded names hold no line ends."""
    words = name.split(" ")
    joined = "".join(words)
    if not joined.isalnum():
        joined = joined.translate(_NO_SIGNS)
    if len(words) == 1:
        return [joined, "\n"]
    keys = [joined]
    for i in range(min(len(words), _WORDS)):
        word, words[i] = words[i], "\n"
        keys.append(" ".join(words))
        words[i] = word
    return keys


def _deleted(names: Iterable[str], at: int) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for name in names:
        for form in _forms(name.split(" ")[at]):
            table.setdefault(form, []).append(name)
    return table


def _forms(word: str) -> set[str]:
    """A word, and what is left of it without one character; of Hangul also without one letter of a syllable."""
    forms = {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}
    if not word.isascii():
        letters = unicodedata.normalize("NFD", word)
        if letters != word:
            forms |= {letters[:i] + letters[i + 1 :] for i in range(len(letters))}
    return forms


def _distance(a: str, b: str) -> tuple[int, int] | None:
    """Edits between two names, in characters and in letters of Hangul; None where they are too many to be a slip.

    One edit is a slip from three characters on, two from eight on; one letter within a syllable in any two syllables.
    """
    from rapidfuzz.distance import OSA

    allowed = 0 if len(a) < 3 else 1 if len(a) < 8 else 2
    edits = OSA.distance(a, b, score_cutoff=2)
    if a.isascii() or b.isascii():
        return (edits, edits) if edits <= allowed else None
    letters_a, letters_b = unicodedata.normalize("NFD", a), unicodedata.normalize("NFD", b)
    letters = OSA.distance(letters_a, letters_b)
    if edits <= allowed or (letters <= 1 and len(letters_a) > 3 and a != letters_a):
        return edits, letters
    return None
