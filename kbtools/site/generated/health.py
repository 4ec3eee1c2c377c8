"""Generated page: the wiki's health in figures, bars and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from kbtools.fences.option_values import DEVICES
from kbtools.site.data.model import SiteModel
from kbtools.site.data.page_lists import sorted_pages
from kbtools.site.generated.bar_chart import columns, stacked
from kbtools.site.generated.document import (
    Document,
    Section,
    day,
    document,
    joined,
    link,
    paragraph,
    table,
)
from kbtools.site.generated.figures import Health, health
from kbtools.site.html.text import filled
from kbtools.site.page.infobox import breadcrumb
from kbtools.site.page.result_panel import DEVICE_NAMES
from kbtools.vault import confidence
from kbtools.vault.page import Page

PATH = "health.md"
MOST = 50
"""Maximum number of rows of a list."""
_STATES = {
    "ok": ("passed", "xfailed"),
    "bad": ("failed", "error"),
    "warn": ("stale", "rehearsed"),
    "calm": ("skipped", "blocked"),
}
STALE, WANTED, ORPHANS, SHARED = "stale-pages", "wanted-pages", "orphan-pages", "shared-names"


def health_page(wiki: SiteModel) -> Document:
    words = wiki.words
    found = health(wiki)
    pages = wiki.index.pages
    by_device = words("Results by device") if wiki.shows_devices else words("Results")
    to_runs = filled('<a href="{}">{}</a>', wiki.address("runs.md", PATH), words("What became of each snippet"))
    sections = [
        Section([_tiles(wiki, found)]),
        Section([_devices(wiki, found), paragraph(to_runs)], by_device),
        Section(_categories(wiki, found), words("Results by category")),
    ]
    if any(found.scores):
        sections.append(Section(_scores(wiki, found), words("Confidence")))
    if found.slowest:
        sections.append(Section([_slowest(wiki, found)], words("Slowest snippets")))
    orphans, stale = ([pages[p] for p in paths] for paths in (found.orphans, found.stale))
    title = words("Pages not verified for a long time")
    sections.append(
        _pages(
            wiki, title, STALE, stale, lambda page: day(confidence.last_verified(page), words), words("Last verified")
        )
    )
    wanted = ((name, _links(wiki, asked)) for name, asked in found.wanted[:MOST])
    sections.append(
        _list(wiki, words("Wanted pages"), WANTED, len(found.wanted), (words("Name"), words("Wanted by")), wanted)
    )
    title = words("Pages that no page links to")
    sections.append(_pages(wiki, title, ORPHANS, orphans, lambda page: page.path, words("File")))
    rows = ((name, _links(wiki, c), _links(wiki, asked)) for name, c, asked in found.ambiguous[:MOST])
    head = (words("Name"), words("Pages of that name"), words("Used on"))
    sections.append(_list(wiki, words("Names of several pages"), SHARED, len(found.ambiguous), head, rows))
    lead = words("The wiki when this site was built, on {date}.", date=words.date(wiki.today))
    return document(words("Health of the wiki"), lead, sections)


def _tiles(wiki: SiteModel, found: Health) -> Markup:
    words = wiki.words
    share = words.percent(found.passed / found.executable) if found.executable else "–"
    tiles = (
        (words.number(len(wiki.listed)), words("Pages"), ""),
        (
            share,
            words.many("of {count} snippet proven to run", "of {count} snippets proven to run", found.executable),
            "",
        ),
        (words.number(len(found.stale)), words("Pages not verified for a long time"), STALE),
        (words.number(len(found.wanted)), words("Wanted pages"), WANTED),
        (words.number(len(found.orphans)), words("Pages that no page links to"), ORPHANS),
        (words.number(len(found.ambiguous)), words("Names of several pages"), SHARED),
    )
    cells = []
    for value, name, to in tiles:
        shown = filled('<a href="#{}">{}</a>', to, name) if to else filled("<span>{}</span>", name)
        cells.append(filled("<li><b>{}</b> {}</li>", value, shown))
    return filled('<ul class="kb-tiles">{}</ul>', joined(cells, ""))


def _key(kind: str, word: str) -> Markup:
    return filled('<span class="kb-key kb-bar-{}"></span>{}', kind, word)


def _devices(wiki: SiteModel, found: Health) -> Markup:
    words = wiki.words
    kinds = (
        ("ok", words("Passed")),
        ("bad", words("Failed")),
        ("warn", words("Changed")),
        ("calm", words("Skipped")),
        ("rest", words("Not run")),
    )
    if not any(sum(counts.values()) for counts in found.devices.values()):
        return paragraph(words("There is no code to run."))
    rows = []
    for device in DEVICES if wiki.shows_devices else ("cpu",):
        counts = found.devices[device]
        parts = [(kind, sum(counts[s] for s in _STATES[kind]), word) for kind, word in kinds[:-1]]
        bar = stacked(
            ((kind, n, f"{word} {words.number(n)}") for kind, n, word in parts), sum(counts.values()), words("None")
        )
        numbers = [words.number(n) for n in (*(n for _, n, _ in parts), counts["unknown"])]
        name = [filled("<b>{}</b>", DEVICE_NAMES[device])] if wiki.shows_devices else []
        rows.append((*name, bar, *numbers))
    head = [words("Device")] if wiki.shows_devices else []
    return table((*head, words("Share"), *(_key(kind, word) for kind, word in kinds)), rows)


def _categories(wiki: SiteModel, found: Health) -> list[Markup]:
    words = wiki.words
    rows = (
        (
            filled('<span class="kb-category">{}</span>', breadcrumb(c.name) or words("No category")),
            words.number(c.pages),
            stacked(
                [("ok", c.passed, words("{passed} of {all} snippets passed", passed=c.passed, all=c.executable))],
                c.executable,
                words("None"),
            ),
            f"{words.number(c.passed)}/{words.number(c.executable)}",
            words.decimal(c.confidence) if c.confidence is not None else "–",
        )
        for c in found.categories[:MOST]
    )
    head = (words("Category"), words("Pages"), words("Proven"), words("Code"), words("Mean confidence"))
    return [table(head, rows), *_more(wiki, len(found.categories))]


def _scores(wiki: SiteModel, found: Health) -> list[Markup]:
    words = wiki.words
    named = (
        (words.decimal(n / 10)[:-1] if n < 9 else words.decimal(0.9)[:-1] + "+", n_)
        for n, n_ in enumerate(found.scores)
    )
    lead = words("Pages by confidence as of today, which fades from one verification to the next.")
    return [paragraph(lead), filled('<figure class="kb-plot">{}</figure>', columns(named, words))]


def _slowest(wiki: SiteModel, found: Health) -> Markup:
    words = wiki.words
    most = found.slowest[0].seconds
    rows = []
    for slow in found.slowest:
        name = joined((link(slow.page, PATH, wiki), filled("<code>{}</code>", slow.snippet.id)))
        device = [DEVICE_NAMES.get(slow.device, slow.device)] if wiki.shows_devices else []
        bar = stacked([("value", slow.seconds, words.seconds(slow.seconds))], most, words("None"))
        rows.append((name, *device, bar, words.seconds(slow.seconds)))
    head = [words("Device")] if wiki.shows_devices else []
    return table((words("Snippet"), *head, "", words("Time")), rows)


def _links(wiki: SiteModel, paths: Sequence[str], most: int = 5) -> Markup:
    shown = joined((link(wiki.index.pages[p], PATH, wiki) for p in paths[:most]), ", ")
    rest = len(paths) - most
    return shown + (" " + wiki.words.many("and {count} more", "and {count} more", rest) if rest > 0 else "")


def _pages(
    wiki: SiteModel, title: str, id: str, pages: Iterable[Page], note: Callable[[Page], Markup | str], head: str
) -> Section:
    found = sorted_pages(pages, wiki.words)
    rows = ((link(p, PATH, wiki), note(p)) for p in found[:MOST])
    return _list(wiki, title, id, len(found), (wiki.words("Page"), head), rows)


def _list(
    wiki: SiteModel, title: str, id: str, count: int, head: Sequence[str], rows: Iterable[Sequence[Markup | str]]
) -> Section:
    body = [table(head, rows), *_more(wiki, count)] if count else [paragraph(wiki.words("None."))]
    return Section(body, title, id)


def _more(wiki: SiteModel, count: int) -> list[Markup]:
    rest = count - MOST
    return [paragraph(wiki.words.many("… and {count} more.", "… and {count} more.", rest))] if rest > 0 else []
