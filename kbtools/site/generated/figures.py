"""Figures of a wiki's health as values: proven, stale, missing, orphaned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kbtools.check.checker import findings_of
from kbtools.fences.option_values import DEVICES
from kbtools.links import page_name
from kbtools.run.results.outcomes import Status
from kbtools.site.data.model import SiteModel
from kbtools.site.data.results import ShownOutcome
from kbtools.site.page.result_panel import state_of
from kbtools.snippets import Snippet
from kbtools.vault import confidence
from kbtools.vault.links.resolution import Ambiguous
from kbtools.vault.page import Page


@dataclass(frozen=True, slots=True)
class Category:
    """Number of proven pages of one category."""

    name: str
    pages: int
    executable: int
    passed: int
    confidence: float | None
    """The mean of the scores as of today."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A snippet with its run time."""

    page: Page
    snippet: Snippet
    device: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Health:
    """All figures. Lists are sorted by weight, then name."""

    fences: int
    executable: int
    passed: int
    """Executable snippets whose present code passed on some device."""
    devices: Mapping[str, Counter[str]]
    """For each device, how many snippets are in each state."""
    categories: tuple[Category, ...]
    slowest: tuple[Slow, ...]
    scores: tuple[int, ...]
    """The number of pages with a confidence below 0.1, below 0.2 and so on, as of today."""
    stale: tuple[str, ...]
    orphans: tuple[str, ...]
    wanted: tuple[tuple[str, tuple[str, ...]], ...]
    """Names of missing pages, with the pages that link to them."""
    ambiguous: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    """Ambiguous names that links use: the name, its pages, the pages with such links."""


def states(wiki: SiteModel, page: Page, device: str) -> Counter[str]:
    """How many of a page's snippets are in each state on a device they can run on."""
    found: Counter[str] = Counter()
    for snippet in page.snippets:
        if snippet.executable:
            run = run_on(wiki, page, snippet, device)
            if run is not None or device in snippet.devices:
                found[state_of(run)] += 1
    return found


def run_on(wiki: SiteModel, page: Page, snippet: Snippet, device: str) -> ShownOutcome | None:
    return next((r for r in wiki.results.of_snippet(page.path, snippet) if r.outcome.device == device), None)


def health(wiki: SiteModel) -> Health:
    index = wiki.index
    pages = index.pages.values()
    proven = {p.path: wiki.results.proven(p) for p in pages}
    devices: dict[str, Counter[str]] = {}
    for device in DEVICES:
        devices[device] = Counter()
        for page in pages:
            devices[device].update(states(wiki, page, device))
    found = findings_of(index, wiki.project.config, wiki.today, ("orphan-page", "stale-page"))
    scores = [0] * 10
    for page in wiki.listed:
        if (score := confidence.today(page, wiki.today)) is not None:
            scores[min(9, int(score * 10))] += 1
    wanted = {name: dict.fromkeys(path for path, _ in asking) for name, asking in index.graph.wanted.items()}
    ambiguous: dict[tuple[str, tuple[str, ...]], dict[str, None]] = defaultdict(dict)
    for path, links in index.links.items():
        for link, resolution in links.wiki:
            if isinstance(resolution, Ambiguous):
                ambiguous[page_name(link.target), resolution.candidates][path] = None
    return Health(
        fences=sum(len(p.snippets) for p in pages),
        executable=sum(n for _, n in proven.values()),
        passed=sum(n for n, _ in proven.values()),
        devices=devices,
        categories=_categories(wiki, proven),
        slowest=_slowest(wiki),
        scores=tuple(scores),
        stale=tuple(found["stale-page"]),
        orphans=tuple(found["orphan-page"]),
        wanted=tuple(sorted(((n, tuple(p)) for n, p in wanted.items()), key=lambda w: (-len(w[1]), w[0]))),
        ambiguous=tuple((n, c, tuple(p)) for (n, c), p in sorted(ambiguous.items())),
    )


def _categories(wiki: SiteModel, proven: Mapping[str, tuple[int, int]]) -> tuple[Category, ...]:
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in wiki.listed:
        groups[page.scalar("category")].append(page)
    out = []
    for name, pages in sorted(groups.items()):
        scores = [s for p in pages if (s := confidence.today(p, wiki.today)) is not None]
        passed, executable = (sum(proven[p.path][n] for p in pages) for n in (0, 1))
        out.append(Category(name, len(pages), executable, passed, sum(scores) / len(scores) if scores else None))
    return tuple(out)


def _slowest(wiki: SiteModel, most: int = 10) -> tuple[Slow, ...]:
    found = []
    for page in wiki.index.pages.values():
        for snippet in page.snippets:
            for run in wiki.results.of_snippet(page.path, snippet) if snippet.executable else ():
                if run.fresh and run.outcome.outcome in (Status.PASSED, Status.XFAILED):
                    found.append(Slow(page, snippet, run.outcome.device, run.outcome.seconds))
    found.sort(key=lambda s: (-s.seconds, s.page.path, s.snippet.line, s.device))
    return tuple(found[:most])
