"""Generated pages: wanted pages, and names that several pages share."""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.site.data.model import SiteModel
from kbtools.site.generated.document import Document, Section, count, document, joined, link, listing, note, status
from kbtools.site.html.text import clean, filled, first_paragraph

SHOWN = 20
"""Maximum number of pages listed for one missing page."""


def name_pages(wiki: SiteModel) -> Mapping[str, Document]:
    """``ambiguous.md`` and ``wanted.md``, if they are not empty."""
    made = {"ambiguous.md": _ambiguous(wiki), "wanted.md": _wanted(wiki)}
    return {path: page for path, page in made.items() if page is not None}


def _ambiguous(wiki: SiteModel) -> Document | None:
    """The page of ambiguous names, the target of ambiguous links."""
    if not wiki.shared_names:
        return None
    words = wiki.words
    sections = []
    for shared in wiki.shared_names.values():
        items = []
        for path in shared.pages:
            page = wiki.index.pages[path]
            told = first_paragraph(page.source.text, page.text_start)
            entry = joined((link(page, "ambiguous.md", wiki), status(page, words), note(path)))
            items.append(entry + (filled("<br>{}", told) if told else ""))
        sections.append(Section([listing(items)], shared.name, shared.id))
    lead = words("Several pages have the same name. Choose the one that the link meant.")
    return document(words("Shared names"), lead, sections)


def _wanted(wiki: SiteModel) -> Document | None:
    """Missing pages that other pages link to."""
    words = wiki.words
    items = []
    for wanted in wiki.wanted_names.values():
        if wanted.id is None:
            break
        told = joined((link(wiki.index.pages[p], "wanted.md", wiki) for p in wanted.pages[:SHOWN]), ", ")
        if (rest := len(wanted.pages) - SHOWN) > 0:
            told += " " + words.many("and {count} more", "and {count} more", rest)
        name = filled('<b id="{}">{}</b> {}', wanted.id, clean(wanted.name), count(len(wanted.pages), words))
        items.append(filled("{}<br>{}", name, told))
    if not items:
        return None
    lead = words.many(
        "{count} page that others link to and nobody has written yet.",
        "{count} pages that others link to and nobody has written yet, those most asked for first.",
        len(wiki.wanted_names),
    )
    return document(words("Wanted pages"), lead, [Section([listing(items)])])
