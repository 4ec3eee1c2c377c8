"""Generated pages: all pages, tags, categories, recently verified, learning paths."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from kbtools.site.data.model import SiteModel, category_id, strings, tag_id
from kbtools.site.data.page_lists import sorted_pages
from kbtools.site.generated.document import (
    Document,
    Groups,
    Section,
    count,
    day,
    document,
    joined,
    lead,
    link,
    listing,
    note,
    paragraph,
    spread,
    status,
    table,
    unique,
)
from kbtools.site.html.text import clean, filled
from kbtools.site.page.dates import changed
from kbtools.site.page.infobox import breadcrumb, label
from kbtools.site.page.lessons import told
from kbtools.vault import confidence
from kbtools.vault.page import Page

FEW = 40
"""Number of pages shown for a tag or category on the overview; all are on its own page."""
RECENT = 100


def everything(pages: Sequence[Page], wiki: SiteModel) -> Mapping[str, Document]:
    """All pages by initial consonant or letter."""
    words = wiki.words
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[words.letter(page.shown_title)].append(page)

    def show(path: str, held: Groups) -> list[Section]:
        return [Section([listing(_entry(p, path, wiki) for p in found)], letter) for letter, found in held]

    ordered = [(letter, groups[letter]) for letter in sorted(groups, key=words.letter_order)]
    text = words.many("{count} page in alphabetical order.", "{count} pages in alphabetical order.", len(pages))
    return spread("all.md", words("All pages"), text, ordered, show, wiki)


def _entry(page: Page, from_path: str, wiki: SiteModel) -> Markup:
    aliases = ", ".join(page.aliases[:4])
    return link(page, from_path, wiki) + (Markup(" ") + note(aliases) if aliases else "")


def tags(pages: Sequence[Page], wiki: SiteModel) -> Mapping[str, Document]:
    words = wiki.words
    tagged: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        for tag in dict.fromkeys(strings(page.data.get("tags"))):
            tagged[tag].append(page)
    order = sorted(tagged, key=words.order)
    ids = unique({tag: tag_id(tag) for tag in order})
    cloud = joined(
        filled('<a class="kb-tag" href="#{}">{} {}</a>', ids[t], clean(t), count(len(tagged[t]), words)) for t in order
    )
    first = filled('<p class="kb-cloud">{}</p>', cloud) if order else paragraph(words("There are no tags yet."))
    sections = [Section([first])]
    out = {}
    for tag in order:
        found = tagged[tag]
        body = [listing(link(p, "tags.md", wiki) for p in found[:FEW])]
        if len(found) > FEW:
            path = f"tags/{ids[tag]}.md"
            text = words.many("Tag {tag}: {count} page", "Tag {tag}: {count} pages", len(found), tag=tag)
            out.update(
                spread(path, words("Tags"), text, [("", found)], lambda at, held: _entries(at, held, wiki), wiki)
            )
            body.append(_all(path, "tags.md", len(found), wiki))
        sections.append(Section(body, tag, ids[tag]))
    # Material would repeat every tag in the sidebar; the tag cloud already links to them.
    text = words.many("Pages by {count} tag.", "Pages by {count} tags.", len(order))
    out["tags.md"] = document(words("Tags"), text, sections, hide=("toc",))
    return out


def _all(path: str, here: str, number: int, wiki: SiteModel) -> Markup:
    told = wiki.words.many("All {count} pages", "All {count} pages", number)
    return paragraph(filled('<a href="{}">{}</a>', wiki.address(path, here), told))


def _entries(path: str, held: Groups, wiki: SiteModel) -> list[Section]:
    return [Section([listing(_entry(page, path, wiki) for _, pages in held for page in pages)])]


def categories(pages: Sequence[Page], wiki: SiteModel) -> Mapping[str, Document]:
    words = wiki.words
    counts = Counter(page.scalar("status") or "" for page in pages)
    shown = [
        f"{label('status', value, words) or words('No status')} {words.number(n)}" for value, n in counts.most_common()
    ]
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[page.scalar("category")].append(page)
    order = sorted(groups, key=lambda name: (not name, words.order(name)))
    ids = unique({category: category_id(category) for category in order})

    def rows(path: str, held: Groups) -> list[Section]:
        return [Section([_states(wiki, path, [page for _, found in held for page in found])])]

    sections = []
    out = {}
    for category in order:
        name, found = breadcrumb(category) or words("No category"), groups[category]
        body = [_states(wiki, "categories.md", found[:FEW])]
        if len(found) > FEW:
            path = f"categories/{ids[category]}.md"
            text = words.many("{category}: {count} page", "{category}: {count} pages", len(found), category=name)
            out.update(spread(path, words("Categories"), text, [("", found)], rows, wiki))
            body.append(_all(path, "categories.md", len(found), wiki))
        sections.append(Section(body, name, ids[category]))
    text = " · ".join(shown) if pages else words("There are no pages yet.")
    out["categories.md"] = document(words("Categories and status"), text, sections)
    return out


def _states(wiki: SiteModel, path: str, pages: Sequence[Page]) -> Markup:
    words = wiki.words
    rows = []
    for page in pages:
        score, last = confidence.today(page, wiki.today), confidence.last_verified(page)
        verification = page.scalar("verification_status")
        rows.append(
            (
                link(page, path, wiki),
                status(page, words),
                page.scalar("source_trust_level"),
                words.decimal(score) if score is not None else "",
                label("verification_status", verification, words),
                day(last, words),
            )
        )
    head = (
        words("Page"),
        words("Status"),
        words("Trust"),
        words("Confidence"),
        words("Verification"),
        words("Last verified"),
    )
    return table(head, rows)


def recent(pages: Sequence[Page], wiki: SiteModel) -> Document:
    """Pages that were verified or changed most recently."""
    words = wiki.words
    dated = [(on, p) for p in pages if (on := changed(p)) is not None]
    dated.sort(key=lambda d: (-d[0].toordinal(), words.order(d[1].shown_title), d[1].path))
    rows = [(day(on, words), link(p, "recent.md", wiki), status(p, words)) for on, p in dated[:RECENT]]
    shown = table((words("Date"), words("Page"), words("Status")), rows)
    body = shown if rows else paragraph(words("No page has a date."))
    text = words("Pages by the day on which they were last verified or changed.")
    return document(words("Recently updated"), text, [Section([body])])


def paths(wiki: SiteModel) -> Document:
    words = wiki.words
    sections = []
    order = {page.path: at for at, page in enumerate(sorted_pages(wiki.index.pages.values(), words))}
    for path in sorted(wiki.learning_paths, key=lambda p: order[p.path]):
        page = wiki.index.pages[path.path]
        names = " → ".join(wiki.index.pages[p].shown_title for p in path.pages)
        card = filled(
            '<section class="kb-path-card" data-kb-lessons="{}"><p>{}</p><p>{}</p><p class="kb-path-names">{}</p>'
            '<p class="kb-path-figures">{}</p><div class="kb-card-live kb-path-row" hidden>'
            '<progress class="kb-path-bar" aria-label="{}"></progress><span class="kb-path-count"></span></div>'
            "</section>",
            json.dumps(path.pages, ensure_ascii=False),
            link(page, "paths.md", wiki),
            lead(page),
            clean(names),
            told(path, wiki),
            words("Pages read"),
        )
        sections.append(Section([card], page.shown_title))
    text = words("Ways through the wiki, to be read in order. This browser remembers how far you have come.")
    nothing = [Section([paragraph(words("There are no learning paths yet."))])]
    return document(words("Learning paths"), text, sections or nothing, hide=("toc",))
