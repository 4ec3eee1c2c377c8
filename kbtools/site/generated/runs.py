"""Generated pages: results by device, machine, page and snippet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from markupsafe import Markup, escape

from kbtools.fences.option_values import DEVICES
from kbtools.run.results.outcomes import Status
from kbtools.site.data.model import SiteModel
from kbtools.site.data.page_lists import LONG, PATH, pages_with_code, result_pages
from kbtools.site.data.results import ShownOutcome
from kbtools.site.generated.document import (
    Document,
    Groups,
    Id,
    Section,
    day,
    joined,
    link,
    spread,
    table,
)
from kbtools.site.generated.figures import run_on, states
from kbtools.site.html.text import filled
from kbtools.site.page.result_panel import DEVICE_NAMES, MARKS, badge, proven, state_of, state_words, torch_versions
from kbtools.snippets import Snippet
from kbtools.vault.page import Page

_ORDER = ("passed", "xfailed", "failed", "error", "stale", "blocked", "skipped", "rehearsed", "unknown")


def runs_pages(wiki: SiteModel) -> Mapping[str, Document]:
    words = wiki.words
    pages = pages_with_code(wiki.index.pages.values(), words)
    if not pages:
        lead = words("There is no code to run.")
        return spread(PATH, words("Results of the code"), lead, [], lambda *_: [], wiki)
    fences = sum(len(p.snippets) for p in wiki.index.pages.values())
    counted = [wiki.results.proven(p) for p in pages]
    passed, executable = (sum(p[n] for p in counted) for n in (0, 1))
    lead = words(
        "Of {fences} code blocks {executable} are there to be run. {passed} ({share}) ran and did what the page says.",
        fences=words.number(fences),
        executable=words.number(executable),
        passed=words.number(passed),
        share=words.percent(passed / executable),
    )
    if wiki.shows_devices:
        lead += " " + words("Code for a device that was not there counts as skipped, never as passed.")
    places = result_pages(pages, words)

    def show(path: str, held: Groups) -> list[Section]:
        shown = [page for _, found in held for page in found]
        sections = []
        if path == PATH:
            sections += [Section([_totals(wiki, pages)]), *_machines(wiki, pages)]
            sections.append(Section([_by_page(wiki, pages, places)], words("By page")))
        rows = (row for page in shown for row in _snippets(wiki, page, path))
        head = (words("Page"), words("Code"), words("Line"), words("Result"), words("Reason"))
        return [*sections, Section([table(head, rows)], words("By snippet"))]

    groups = [("", pages)]
    return spread(PATH, words("Results of the code"), lead, groups, show, wiki, LONG)


def row_id(path: str, snippet_id: str) -> str:
    """The id of a snippet's row."""
    from hashlib import sha256

    return f"run-{sha256(f'{path}::{snippet_id}'.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _devices(wiki: SiteModel) -> Sequence[str]:
    return DEVICES if wiki.shows_devices else ("cpu",)


def _heads(wiki: SiteModel) -> list[str]:
    return [DEVICE_NAMES[d] for d in DEVICES] if wiki.shows_devices else [wiki.words("Snippets")]


def _totals(wiki: SiteModel, pages: Iterable[Page]) -> Markup:
    totals: dict[str, Counter[str]] = {d: Counter() for d in _devices(wiki)}
    for page in pages:
        for device, counter in totals.items():
            counter.update(states(wiki, page, device))
    rows = []
    for state in _ORDER:
        if any(counts[state] for counts in totals.values()):
            name = filled(
                '<span class="kb-badge kb-is-{}"><span aria-hidden="true">{}</span> {}</span>',
                state,
                MARKS[state],
                state_words(state, wiki.words),
            )
            rows.append((name, *(wiki.words.number(c[state]) if c[state] else "·" for c in totals.values())))
    return table((wiki.words("Result"), *_heads(wiki)), rows)


def _machines(wiki: SiteModel, pages: Iterable[Page]) -> Iterator[Section]:
    """A row for each machine, device and version of torch."""
    if not wiki.shows_devices:
        return
    words = wiki.words
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    days: dict[tuple[str, str, str], date] = {}
    for page in pages:
        for run in (r for s in page.snippets if s.executable for r in wiki.results.of_snippet(page.path, s)):
            if run.outcome.outcome in (Status.SKIPPED, Status.BLOCKED):
                continue  # it did not run anywhere
            place = (run.machine or "", run.outcome.device, torch_versions(run))
            counts.setdefault(place, Counter())[state_of(run)] += 1
            if run.when is not None:
                days[place] = max(run.when, days.get(place, run.when))
    rows = (
        (
            place[0] or "–",
            DEVICE_NAMES.get(place[1], place[1]),
            place[2] or "–",
            day(days.get(place), words, "–"),
            _counts(found, wiki),
        )
        for place, found in sorted(counts.items(), key=lambda item: (_rank(item[0][1]), item[0]))
    )
    if counts:
        head = (words("Machine"), words("Device"), "PyTorch", words("Last run"), words("Result"))
        yield Section([table(head, rows)], words("Machines"))


def _rank(device: str) -> int:
    return DEVICES.index(device) if device in DEVICES else len(DEVICES)


def _by_page(wiki: SiteModel, pages: Iterable[Page], places: Mapping[str, str]) -> Markup:
    words = wiki.words
    rows = []
    for page in pages:
        first = next(s for s in page.snippets if s.executable)
        href = f"{wiki.address(places[page.path], PATH)}#{row_id(page.path, first.id)}"
        number = filled('<a href="{}">{}</a>', href, words.number(sum(s.executable for s in page.snippets)))
        counts = (_counts(states(wiki, page, d), wiki) for d in _devices(wiki))
        rows.append((link(page, PATH, wiki), number, *counts))
    return table((words("Page"), words("Snippets"), *(_heads(wiki) if wiki.shows_devices else [words("Result")])), rows)


def _counts(found: Counter[str], wiki: SiteModel) -> Markup:
    return joined(
        filled(
            '<span class="kb-badge kb-is-{0}" title="{2}"><span aria-hidden="true">{1}</span>'
            '<span class="kb-sr">{2}</span> {3}</span>',
            state,
            MARKS[state],
            state_words(state, wiki.words),
            wiki.words.number(found[state]),
        )
        for state in _ORDER
        if found[state]
    )


def _snippets(wiki: SiteModel, page: Page, path: str) -> Iterator[Sequence[Markup | str | int]]:
    where = link(page, path, wiki)
    for snippet in page.snippets:
        if snippet.executable:
            yield _snippet_row(wiki, page, snippet, where)


def _snippet_row(wiki: SiteModel, page: Page, snippet: Snippet, where: Markup) -> Sequence[Markup | str | int]:
    runs = wiki.results.of_snippet(page.path, snippet)
    found = {d: run_on(wiki, page, snippet, d) for d in _devices(wiki)}
    badges = joined(
        badge(d if wiki.shows_devices else "", state_of(run), wiki.words, _time(run, wiki))
        for d, run in found.items()
        if run or d in snippet.devices
    )
    reason = wiki.words.reason(next((r.outcome.reason for r in runs if r.outcome.reason), None))
    code = Markup(f"<code>{escape(snippet.id)}</code>")
    return Id(row_id(page.path, snippet.id)), where, code, snippet.line, badges, reason


def _time(run: ShownOutcome | None, wiki: SiteModel) -> str:
    return wiki.words.seconds(run.outcome.seconds) if run is not None and proven(run) else ""
