"""Header and footer of a page: banner, infobox, learning paths, backlinks."""

from __future__ import annotations

import xml.etree.ElementTree as etree
from collections.abc import Iterable, Mapping

from kbtools.site.data.model import SiteModel, relative
from kbtools.site.html.elements import add, element
from kbtools.site.page import exercises, lessons
from kbtools.site.page.infobox import has_infobox, infobox
from kbtools.text.source import Span
from kbtools.vault.page import Page

MANY = 12
"""Maximum number of backlinks shown unfolded."""
FEW_MENTIONS, MOST_MENTIONS = 5, 50
"""Maximum number of unlinked mentions shown unfolded, and in total."""


def notice(page: Page, wiki: SiteModel) -> etree.Element | None:
    """A banner on a page that redirects to another one."""
    target = wiki.index.redirects.get(page.path)
    if target is None:
        return None
    final = wiki.index.final(page.path)
    banner = element("div", {"class": "kb-notice", "role": "note", "data-search-exclude": ""})
    before, _, after = wiki.words("Another page stands for this one: {page}.", page="\x00").partition("\x00")
    text = add(banner, "p", before)
    link = add(text, "a", wiki.index.pages[final].shown_title, href=relative(final, page.path))
    link.tail = after
    return banner


def backlinks(page: Page, wiki: SiteModel) -> etree.Element | None:
    """The pages that link here, each with the sentence that contains the first link."""
    first: dict[str, Span] = {}
    for path, link in wiki.index.graph.backlinks.get(page.path, ()):
        first.setdefault(path, link.span)
    if not first:
        return None
    section = element(
        "section", {"class": "kb-backlinks", "aria-labelledby": "__kb-backlinks", "data-search-exclude": ""}
    )
    heading = add(section, "h2", wiki.words("Pages that link here") + " ", id="__kb-backlinks")
    add(heading, "span", wiki.words.number(len(first)), "kb-count")
    order = wiki.words.order
    listed = sorted(first, key=lambda p: (p not in wiki.listed_paths, order(wiki.index.pages[p].shown_title), p))
    _items(add(section, "ul"), listed[:MANY], first, page, wiki)
    if len(listed) > MANY:
        rest = add(section, "details")
        add(rest, "summary", wiki.words("{count} more", count=len(listed) - MANY))
        _items(add(rest, "ul"), listed[MANY:], first, page, wiki)
    return section


def unlinked(page: Page, wiki: SiteModel) -> etree.Element | None:
    """The pages that mention this one without a link, each with the sentence of the first mention."""
    held = wiki.mentions.get(page.path, ())
    if not held:
        return None
    section = element(
        "section",
        {"class": "kb-backlinks kb-mentions", "aria-labelledby": "__kb-mentions", "data-search-exclude": ""},
    )
    heading = add(section, "h2", wiki.words("Mentioned without a link") + " ", id="__kb-mentions")
    add(heading, "span", wiki.words.number(len(held)), "kb-count")
    places = {m.path: m.span for m in held[:MOST_MENTIONS]}
    _items(add(section, "ul"), list(places)[:FEW_MENTIONS], places, page, wiki)
    if len(places) > FEW_MENTIONS:
        rest = add(section, "details")
        add(rest, "summary", wiki.words("{count} more", count=len(places) - FEW_MENTIONS))
        _items(add(rest, "ul"), list(places)[FEW_MENTIONS:], places, page, wiki)
    return section


def _items(
    parent: etree.Element, paths: Iterable[str], places: Mapping[str, Span], page: Page, wiki: SiteModel
) -> None:
    for path in paths:
        other = wiki.index.pages[path]
        item = add(parent, "li")
        add(item, "a", other.shown_title, href=relative(path, page.path))
        sentence = wiki.sentence(path, places[path])
        if sentence and sentence != other.shown_title:
            add(item, "p", sentence)


def insert(root: etree.Element, page: Page, wiki: SiteModel) -> None:
    """Inserts the parts after the page's first heading and at its end, and marks lessons and exercises."""
    lessons.mark(root, page, wiki)
    exercises.mark(root, page, wiki.words)
    head = [notice(page, wiki), lessons.place(page, wiki), lessons.summary(page, wiki)]
    if has_infobox(page, wiki):
        head.append(infobox(page, wiki))
    at = next((i + 1 for i, child in enumerate(root) if child.tag == "h1"), 0)
    for made in reversed([e for e in head if e is not None]):
        root.insert(at, made)
    links = backlinks(page, wiki) if wiki.parts.backlinks else None
    root.extend(e for e in (*lessons.neighbours(page, wiki), links, unlinked(page, wiki)) if e is not None)
