"""Link previews: one small JSON file for each page."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import unquote

from kbtools.site.data.model import SiteModel
from kbtools.site.html.elements import css_word
from kbtools.site.html.text import clean, first_paragraph, visible
from kbtools.site.html.urls import Site, preview_of
from kbtools.site.mkdocs.site_folder import SiteFolder
from kbtools.site.page.infobox import label, trust_note
from kbtools.vault.page import Page

LONGEST = 280
"""Characters from the beginning of a page or section."""
SECTIONS = 60
"""Maximum number of sections listed."""


def preview(page: Page, wiki: SiteModel) -> dict[str, object]:
    """A page's title, status, trust and beginning, and the beginnings of its sections by id. All as plain text."""
    text = visible(page)
    out: dict[str, object] = {"title": clean(page.shown_title)}
    if status := page.scalar("status"):
        out["status"] = [clean(label("status", status, wiki.words)), css_word(status)]
    if trust := page.scalar("source_trust_level"):
        out["trust"] = [clean(trust), clean(trust_note(trust, wiki.words)), css_word(trust)]
    if path := wiki.index.redirects.get(page.path):
        instead = clean(wiki.index.pages[wiki.index.final(path)].shown_title)
        out["instead"] = wiki.words("“{page}” stands for this page", page=instead)
    out["text"] = first_paragraph(text, page.text_start, LONGEST)
    parts = {
        h.id: [clean(h.text), first_paragraph(text, h.span.end, LONGEST)]
        for h in page.structure.headings[:SECTIONS]
        if h.level > 1
    }
    if parts:
        out["parts"] = parts
    return out


def text(page: Page, wiki: SiteModel) -> bytes:
    """The file of a page's preview."""
    return json.dumps(preview(page, wiki), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def write(wiki: SiteModel, site: Site, folder: SiteFolder, key_of: Callable[[str], str]) -> None:
    """Writes the previews into a built site. Files that the wiki contains are not replaced."""
    for path, page in wiki.index.pages.items():
        if path in site.pages:
            place = unquote(preview_of(site.pages[path]))
            folder.offer(place, lambda page=page: text(page, wiki), key_of(path))  # type: ignore[misc]
