"""What a link that resolves to nothing was probably meant to say. Suggestions are shown, never applied unasked."""

from __future__ import annotations

from collections.abc import Iterator
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
            if c in self.index.pages
        )
        return tuple(n for n in named if n)

    def _to(self, path: str, page: Page, why: str) -> Suggestion | None:
        target = self.index.spelling(self.index.final(path), page.path, self.style)
        return Suggestion(target, self.index.final(path), why) if target else None

    def _particle(self, link: WikiLink, page: Page) -> Suggestion | None:
        for particle in PARTICLES:
            if not link.name.endswith(particle) or len(link.name) == len(particle):
                continue
            hit = self.index.resolve_name(link.name[: -len(particle)], page.path)
            if isinstance(hit, Alias) and len(hit.candidates) == 1:
                return self._to(hit.candidates[0], page, f'the particle "{particle}" belongs behind the brackets')
            if isinstance(hit, Resolved) and hit.page in self.index.pages:
                return self._to(hit.page, page, f'the particle "{particle}" belongs behind the brackets')
        return None

    def _folder(self, link: WikiLink, page: Page) -> Suggestion | None:
        head, slash, last = link.name.rpartition("/")
        if not slash:
            return None
        hit = self.index.resolve_name(last, page.path)
        if isinstance(hit, Resolved) and hit.page in self.index.pages:
            return self._to(hit.page, page, f'there is no "{last}" in a folder "{head}"')
        return None

    def _near(self, link: WikiLink, page: Page) -> Suggestion | None:
        from rapidfuzz.distance import OSA

        name = fold_title(link.name)
        allowed = _distance(name)
        if not allowed:
            return None
        seen = {n for d in (name, *_deletions(name)) for n in self._deleted.get(d, ())}
        scored = sorted((OSA.distance(name, n, score_cutoff=allowed), n) for n in seen)
        scored = [s for s in scored if s[0] <= allowed]
        paths = {p for d, n in scored if d == scored[0][0] for p in self._names[n]}
        if len(paths) != 1:
            return None
        return self._to(next(iter(paths)), page, "the spelling is close")

    def _heading(self, link: WikiLink, page: Page) -> Suggestion | None:
        found = self._headings.get(fold_title(link.name), ())
        if len(found) != 1:
            return None
        path, text = found[0]
        target = self.index.spelling(path, page.path, self.style)
        return Suggestion(f"{target}#{text}", path, "it is a section there") if target else None

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        for table in (self.index.by_fold, self.index.by_alias):
            for name, paths in table.items():
                names[name] = tuple(dict.fromkeys((*names.get(name, ()), *(self.index.final(p) for p in paths))))
        return names

    @cached_property
    def _deleted(self) -> dict[str, list[str]]:
        """Names by themselves and by each form with one character left out (symmetric deletion, as in SymSpell)."""
        table: dict[str, list[str]] = {}
        for name in self._names:
            if _distance(name):
                for form in (name, *_deletions(name)):
                    table.setdefault(form, []).append(name)
        return table

    @cached_property
    def _headings(self) -> dict[str, list[tuple[str, str]]]:
        table: dict[str, list[tuple[str, str]]] = {}
        for path, page in self.index.pages.items():
            for h in page.structure.headings:
                if h.text.strip():
                    table.setdefault(fold_title(h.text), []).append((path, h.text))
        return table


def _distance(name: str) -> int:
    """How many edits apart two names of this length may be and still be taken for the same."""
    return 0 if len(name) < 3 else 1 if len(name) < 8 else 2


def _deletions(name: str) -> Iterator[str]:
    return (name[:i] + name[i + 1 :] for i in range(len(name)))
