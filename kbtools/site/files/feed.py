"""Atom feed (RFC 4287) of the pages verified or changed last.

Days come from the pages' own frontmatter, not from git or file times: the same wiki gives the same feed wherever it is
built. Ids are UUIDs of the pages' ids (or paths), so that they stay when the site moves.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as etree
from datetime import date

from kbtools.site.data.model import SiteModel, strings
from kbtools.site.generated.document import lead
from kbtools.site.html.text import clean
from kbtools.site.html.urls import FEED, Site
from kbtools.site.page.dates import changed
from kbtools.vault.page import Page

LATEST = 50
_SPACE = "http://www.w3.org/2005/Atom"
_KB = uuid.UUID("5f0e0f0e-8f4b-5d7c-9a55-6b6274776b69")
_NO_XML = re.compile("[\ufffe\uffff]")


def atom(wiki: SiteModel, site: Site) -> str:
    dated = [(day, page) for page in wiki.listed if page.path in site.pages and (day := changed(page)) is not None]
    dated.sort(key=lambda d: (-d[0].toordinal(), d[1].path))
    feed = etree.Element("feed", {"xmlns": _SPACE, "xml:lang": site.language})
    _text(feed, "title", site.name)
    if site.description:
        _text(feed, "subtitle", site.description)
    _text(feed, "id", uuid.uuid5(_KB, site.url or site.name).urn)
    _text(feed, "updated", _stamp(dated[0][0] if dated else date(1970, 1, 1)))
    _text(etree.SubElement(feed, "author"), "name", site.author or site.name)
    etree.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": site.url or "./"})
    etree.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{site.url}{FEED}"})
    for day, page in dated[:LATEST]:
        _entry(feed, day, page, site)
    etree.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + etree.tostring(feed, encoding="unicode") + "\n"


def _entry(feed: etree.Element, day: date, page: Page, site: Site) -> None:
    entry = etree.SubElement(feed, "entry")
    _text(entry, "title", page.shown_title)
    _text(entry, "id", uuid.uuid5(_KB, page.id or page.path).urn)
    _text(entry, "updated", _stamp(day))
    etree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": site.page(page.path)})
    for tag in dict.fromkeys(strings(page.data.get("tags"))):
        etree.SubElement(entry, "category", {"term": _shown(tag)})
    _text(entry, "summary", lead(page) or page.shown_title)


def _text(parent: etree.Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = _shown(text)


def _shown(text: str) -> str:
    return _NO_XML.sub("", clean(text))


def _stamp(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
