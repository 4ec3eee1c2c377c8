"""Choose fixes, apply them, and verify the result before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kbtools.diagnostics import Applicability, Diagnostic, Edit, apply_edits
from kbtools.index import Index, Resolved
from kbtools.links import WikiLink, reconcile, relabel
from kbtools.page import Page
from kbtools.source import Source


@dataclass(frozen=True, slots=True)
class LinkChange:
    """One link before and after."""

    path: str
    link: WikiLink
    before: str
    after: str
    page: str
    """The page the link means, before and after."""


@dataclass(frozen=True, slots=True)
class Plan:
    """New texts of pages, and the link changes they are made of."""

    texts: Mapping[str, str]
    changes: tuple[LinkChange, ...] = ()


def choose(diagnostics: Iterable[Diagnostic], unsafe: bool = False) -> dict[str, tuple[Edit, ...]]:
    """The edits of each page's applicable fixes; of two that overlap the earlier one, whole fixes only."""
    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    taken: dict[str, list[Edit]] = {}
    for d in diagnostics:
        if d.fix is None or d.fix.applicability not in wanted:
            continue
        held = taken.setdefault(d.path, [])
        if not any(_clash(a, b) for a in d.fix.edits for b in held):
            held += d.fix.edits
    return {path: tuple(edits) for path, edits in taken.items() if edits}


def _clash(a: Edit, b: Edit) -> bool:
    return a != b and (a.span.overlaps(b.span) or a.span.start == b.span.start)


def fix(
    pages: Mapping[str, Page],
    check: Callable[[Mapping[str, Page]], tuple[Diagnostic, ...]],
    unsafe: bool = False,
    rounds: int = 10,
) -> Plan:
    """Apply fixes until none is left. A fix that leaves its page with more findings than before is taken back."""
    current = dict(pages)
    refused: set[str] = set()
    diagnostics = check(current)
    for _ in range(rounds):
        edits = {p: e for p, e in choose(diagnostics, unsafe).items() if p not in refused}
        if not edits:
            break
        changed = {p: _edited(current[p], e) for p, e in edits.items()}
        after = check({**current, **changed})
        worse = {p for p in changed if _count(after, p) >= _count(diagnostics, p)}
        refused |= worse
        current |= {p: page for p, page in changed.items() if p not in worse}
        diagnostics = check(current) if worse else after
    return Plan({p: page.source.text for p, page in current.items() if page.source.text != pages[p].source.text})


def _edited(page: Page, edits: Iterable[Edit]) -> Page:
    return Page.parse(Source(page.path, apply_edits(page.source.text, edits), page.source.bom), page.reading)


def _count(diagnostics: Iterable[Diagnostic], path: str) -> int:
    return sum(d.path == path for d in diagnostics)


def plan_reconcile(
    index: Index,
    style: str = "title",
    titles: bool = False,
    follow_duplicates: bool = False,
    covers: Callable[[str], bool] = lambda _: True,
) -> Plan:
    """The rewrites of ``kb reconcile``: links that mean one page only after folding get its canonical spelling.

    ``titles`` also respells links by file name, ``follow_duplicates`` leads links past pages that stand aside.
    Every rewritten link is resolved again and must mean the same page.
    """
    texts: dict[str, str] = {}
    changes: list[LinkChange] = []
    for path, held in index.links.items():
        if not covers(path):
            continue
        page = index.pages[path]
        edits: list[Edit] = []
        for link, resolution in held:
            if not isinstance(resolution, Resolved) or resolution.how in ("self", "attachment"):
                continue
            new, means = _respelled(index, page, link, resolution, style, titles, follow_duplicates)
            if not new:
                continue
            edits += new
            before = link.span.of(page.source.text)
            shifted = tuple(Edit(e.span.shift(-link.span.start), e.replacement) for e in new)
            changes.append(LinkChange(path, link, before, apply_edits(before, shifted), means))
        if edits:
            texts[path] = apply_edits(page.source.text, edits)
    return Plan(texts, tuple(changes))


def _respelled(
    index: Index, page: Page, link: WikiLink, resolution: Resolved, style: str, titles: bool, follow: bool
) -> tuple[tuple[Edit, ...], str]:
    final = index.final(resolution.page)
    if follow and final not in (resolution.page, page.path):
        if resolution.how == "variant" and index.is_doubtful(link, page, resolution.page):
            return (), final
        target = index.spelling(final, page.path, style)
        return ((Edit(link.span, relabel(link, target, page.source.text)),) if target else ()), final
    target = index.canonical(link, resolution, page, style)
    if titles and resolution.how == "exact" and resolution.page not in index.redirects:
        target = index.spelling(resolution.page, page.path, style)
    return reconcile((link,), lambda _: target), resolution.page
