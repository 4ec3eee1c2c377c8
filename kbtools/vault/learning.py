"""Learning paths (numbered lists of wikilinks) and exercises of pages."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kbtools.links import WikiLink
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.graph import PageLinks
from kbtools.vault.links.resolution import target_page
from kbtools.vault.page import Page

# Items of unnested numbered lists in both Python-Markdown and CommonMark.
_ITEM = re.compile(r"(?:(?<=[\r\n])|\A) {0,3}(?P<item>\d{1,9}\.[ \t]+(?P<mark>\*{1,3}|_{1,3})?(?P<rest>[^\r\n]*))")
_FOLD = re.compile(
    r"(?:(?<=[\r\n])|\A)[ \t]*(?P<fold>\?\?\?\+?)"
    r"(?P<kinds>(?:[ \t]+[\w-]+)*)(?:[ \t]+\"(?P<title>[^\"\r\n]*)\")?[ \t]*(?=[\r\n]|\Z)"
)
_SOLUTION = re.compile(r"(?i)^\W*(?:풀이|정답|해답|해설|모범 답안|solution|answer)")
_HINT = re.compile(r"(?i)^\W*(?:힌트|실마리|도움말|hint)")
_EXERCISES = re.compile(r"(?i)^\W*(?:\d[\d.]*\s*)?(?:연습|연습 ?문제|exercises?)\W*$")


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an unnested numbered list of a path, and the link it begins with, if any."""

    span: Span
    """The number and the rest of the line."""
    link: WikiLink | None


def items(page: Page) -> tuple[Item, ...]:
    """A path's items in order; none for other pages."""
    if not page.is_learning_path:
        return ()
    text, opaque = page.source.text, page.structure.opaque
    links = {link.span.start: link for link in page.links if not link.embed}
    starts = [span.start for span in opaque]
    found = []
    for m in _ITEM.finditer(text):
        if not _covered(opaque, starts, m.start("item")):
            found.append(Item(Span(*m.span("item")), links.get(m.start("rest"))))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson of a learning path."""

    link: WikiLink
    """As written on the path's page."""
    target: str | None
    """The target of the link; None when it is missing or ambiguous."""
    page: str | None
    """The page to read: the target, or the page it redirects to."""


@dataclass(frozen=True, slots=True)
class LearningPath:
    """A path with its lessons resolved."""

    path: str
    """The page of the learning path."""
    title: str
    lessons: tuple[Lesson, ...]

    @property
    def pages(self) -> tuple[str, ...]:
        """The existing pages of its lessons in order, each once."""
        return tuple(dict.fromkeys(lesson.page for lesson in self.lessons if lesson.page is not None))


def learning_path(page: Page, links: PageLinks, final: Callable[[str], str]) -> LearningPath:
    """The lessons of a page. ``links`` are its resolved links; ``final`` returns the final target of redirects."""
    resolved = {link.start: found for link, found in links.wiki}
    lessons = []
    for item in items(page):
        if item.link is not None:
            target = target_page(resolved[item.link.start])
            lessons.append(Lesson(item.link, target, final(target) if target is not None else None))
    return LearningPath(page.path, page.title, tuple(lessons))


def learning_paths(index: Index) -> tuple[LearningPath, ...]:
    """Every learning path of a wiki, by the path of its page."""
    paths = (page for page in index.pages.values() if page.is_learning_path)
    return tuple(learning_path(page, index.graph.of(page), index.final) for page in paths)


def stops(paths: tuple[LearningPath, ...]) -> Mapping[str, tuple[LearningPath, ...]]:
    """The learning paths that contain each page."""
    out: dict[str, tuple[LearningPath, ...]] = {}
    for path in paths:
        for page in path.pages:
            out[page] = (*out.get(page, ()), path)
    return out


def exercise_headings(page: Page) -> frozenset[str]:
    """The ids of the headings of exercises: those named *연습*, and those below."""
    ids, level = set(), 0
    for heading in page.structure.headings:
        if heading.level <= level:
            level = 0
        if not level and _EXERCISES.match(heading.text):
            level = heading.level
        if level:
            ids.add(heading.id)
    return frozenset(ids)


def is_solution(kinds: str, title: str, in_exercises: bool) -> bool:
    """Whether a foldable block contains the answer to an exercise, according to its type (``success``), its title,
    or its position. Hints do not."""
    if _HINT.match(title):
        return False
    return in_exercises or "success" in kinds.split() or _SOLUTION.match(title) is not None


def count_exercises(page: Page) -> int:
    """The number of foldable solutions (``???``) of a page."""
    text, opaque = page.source.text, page.structure.opaque
    if "???" not in text:
        return 0
    starts = [span.start for span in opaque]
    headings, exercises = page.structure.headings, exercise_headings(page)
    places = [heading.span.start for heading in headings]
    count = 0
    for m in _FOLD.finditer(text):
        at = bisect_right(places, m.start()) - 1
        inside = at >= 0 and headings[at].id in exercises
        count += not _covered(opaque, starts, m.start("fold")) and is_solution(m["kinds"], m["title"] or "", inside)
    return count


def _covered(opaque: tuple[Span, ...], starts: list[int], place: int) -> bool:
    at = bisect_right(starts, place) - 1
    return at >= 0 and place < opaque[at].end
