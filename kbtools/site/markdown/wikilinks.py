"""Wikilinks as HTML: an inline processor of Python-Markdown."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Callable, Mapping
from urllib.parse import quote

from markdown import Markdown
from markdown.inlinepatterns import (
    AUTOLINK_RE,
    HTML_RE,
    AutolinkInlineProcessor,
    HtmlInlineProcessor,
    InlineProcessor,
)
from markdown.util import ETX, STX, AtomicString

from kbtools import links
from kbtools.links import WikiLink
from kbtools.site.data.model import SiteModel, relative
from kbtools.site.data.names import key_of
from kbtools.site.data.rendered import Embed
from kbtools.site.html.elements import element, own
from kbtools.site.html.text import clean, first_paragraph, plain
from kbtools.site.markdown.embeds import PLACE
from kbtools.vault.links.resolution import Alias, Ambiguous, Missing, Resolution, Resolved
from kbtools.vault.page import Page

IMAGES = re.compile(r"(?i)\.(png|jpe?g|gif|svg|webp|avif|bmp|ico)$")
WANTING = 5
"""Pages named in the title of a link to a missing one."""
_SIZE = re.compile(r"^\s*(\d{1,5})(?:\s*[xX]\s*(\d{1,5}))?\s*$")
_PLACEHOLDER = re.compile(f"[{STX}{ETX}]")


def block_id(name: str) -> str:
    """The HTML id of the block that Obsidian calls ``^name``; names are compared without case."""
    return f"block-{name.strip().lower()}"


class WikiLinks(InlineProcessor):
    """``[[…]]`` and ``![[…]]``. Code is set aside before this runs, escapes are read after it."""

    PRIORITY = 185

    def __init__(
        self, md: Markdown, wiki: Callable[[], SiteModel | None], path: Callable[[], str | None], embeds: list[Embed]
    ) -> None:
        super().__init__("", md)
        self.compiled_re = links.MAYBE_LINK
        self.embeds = embeds
        self.wiki = wiki
        self.path = path
        self._held: tuple[str | None, Mapping[str, tuple[WikiLink, Resolution]]] | None = None

    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element | None, int | None, int | None]:
        if _PLACEHOLDER.search(m[1]):
            return None, None, None
        link = links.read(m)
        wiki, path = self.wiki(), self.path()
        if link is None or wiki is None:
            return None, None, None
        start, end = link.span.start, link.span.end
        known = self._links_of(wiki, path).get(data[start:end])
        if known is None:  # text that another plugin has put into the page
            link = wiki.index.read(link, data, path or "")
            resolution, text = wiki.index.resolve(link, path or ""), data
        else:
            (link, resolution), text = known, wiki.index.pages[path or ""].source.text
        return render(link, resolution, path or "", wiki, label_of(link, text), self.embeds), start, end

    def _links_of(self, wiki: SiteModel, path: str | None) -> Mapping[str, tuple[WikiLink, Resolution]]:
        """The page's links as they were read and resolved for checking, by how they are written."""
        if self._held is None or self._held[0] != path:
            page = wiki.index.pages.get(path) if path is not None else None
            found = wiki.index.graph.of(page).wiki if page is not None else ()
            text = page.source.text if page is not None else ""
            self._held = path, {link.span.of(text): (link, resolution) for link, resolution in found}
        return self._held[1]


def _shown(label: str) -> str:
    """A label whose Markdown is rendered and whose HTML is not: ``<`` and ``&`` as Python-Markdown's own escapes."""
    return re.sub("[<>&]", lambda m: f"{STX}{ord(m[0])}{ETX}", label)


def label_of(link: WikiLink, text: str) -> str:
    """What a link shows, as Markdown that is still to be rendered."""
    if link.label is not None and link.label.strip() and not (link.embed and _SIZE.match(link.label)):
        return _shown(link.label.strip())
    return AtomicString(clean(links.shown(link, text)))


def _element(tag: str, kind: str, label: str, **attributes: str) -> etree.Element:
    made = element(tag, {"class": f"kb-link{' ' + kind if kind else ''}", **attributes})
    made.text = label
    return made


def render(
    link: WikiLink, resolution: Resolution, path: str, wiki: SiteModel, label: str, embeds: list[Embed] | None = None
) -> etree.Element:
    """A link as what a reader can do with it: follow it, or see why not. Never an ``<a>`` that leads nowhere.

    What is embedded is added to ``embeds``, with its place in the page.
    """
    name = clean(link.target or path)
    match resolution:
        case Resolved(page=target, how="attachment"):
            return _attachment(link, target, path)
        case Resolved(page=target):
            return _to_page(link, target, path, wiki, label, "", embeds)
        case Alias(candidates=(target,)):
            return _to_page(link, target, path, wiki, label, "kb-alias", embeds)
        case Ambiguous(candidates) | Alias(candidates):
            return _choice(link, candidates, path, wiki, label, name)
        case Missing():
            return _missing(link, path, wiki, label, name)


def _missing(link: WikiLink, path: str, wiki: SiteModel, label: str, name: str) -> etree.Element:
    """A link to a missing page leads to its entry on the page of wanted pages, if it has one."""
    if links.is_attachment_name(link.target):
        return _element("span", "kb-missing", label, title=wiki.words("There is no file “{name}”", name=name))
    told = wiki.words("There is no page “{name}” yet", name=name)
    wanted = wiki.wanted_names.get(key_of(link.target)) if "wanted.md" in wiki.generated else None
    if wanted is None or wanted.id is None:
        return _element("span", "kb-missing", label, title=told)
    first = ", ".join(wiki.index.pages[p].shown_title for p in wanted.pages[:WANTING])
    if (rest := len(wanted.pages) - WANTING) > 0:
        first = wiki.words.many("{names} and {count} more", "{names} and {count} more", rest, names=first)
    href = f"{relative('wanted.md', path)}#{wanted.id}"
    return _element(
        "a", "kb-missing", label, title=f"{told}. " + wiki.words("Wanted by: {names}", names=clean(first)), href=href
    )


def _choice(
    link: WikiLink, candidates: tuple[str, ...], path: str, wiki: SiteModel, label: str, name: str
) -> etree.Element:
    """A link that several pages answer to leads to a list of them, where there is one."""
    told = wiki.words("Several pages are called “{name}”: {pages}", name=name, pages=clean(", ".join(candidates)))
    shared = wiki.shared_names.get(key_of(link.target)) if "ambiguous.md" in wiki.generated else None
    if shared is None:
        return _element("span", "kb-ambiguous", label, title=told)
    href = f"{relative('ambiguous.md', path)}#{shared.id}"
    return _element("a", "kb-ambiguous", label, title=told, href=href)


def _attachment(link: WikiLink, target: str, path: str) -> etree.Element:
    href = relative(target, path)
    name = clean(target.rpartition("/")[2])
    if not (link.embed and IMAGES.search(target)):
        label = _shown(link.label.strip()) if link.label and link.label.strip() else AtomicString(name)
        return _element("a", "kb-file", label, href=href)
    image = element("img", {"class": "kb-link kb-image", "src": href, "alt": name, "loading": "lazy"})
    size = _SIZE.match(link.label or "")
    if size:
        image.set("width", size[1])
        if size[2]:
            image.set("height", size[2])
    elif link.label and link.label.strip():
        image.set("alt", clean(link.label.strip()))
    return image


def _to_page(
    link: WikiLink, target: str, path: str, wiki: SiteModel, label: str, kind: str, embeds: list[Embed] | None
) -> etree.Element:
    fragment, lost = _fragment(link, target, wiki)
    href = ("" if target == path else relative(target, path)) + fragment
    if not href:
        href = relative(target, path)
    kinds = " ".join(k for k in (kind, "kb-lost-anchor" if lost else "") if k)
    if link.embed:
        card = _card(link, target, href, wiki, kinds, label)
        if lost or embeds is None or wiki.rendered.settings is None:
            return card
        place = element("span", {"class": PLACE, "data-number": str(len(embeds))})
        place.append(card)
        embeds.append(Embed(target, fragment, _embed_title(link, target, wiki)))
        return place
    made = _element("a", kinds, label, href=href)
    if lost:
        made.set("title", wiki.words("That page has no part “{part}”", part=clean(lost)))
    elif kind == "kb-alias":
        made.set("title", wiki.words("Another name of “{page}”", page=clean(wiki.index.pages[target].shown_title)))
    return made


def _embed_title(link: WikiLink, target: str, wiki: SiteModel) -> str:
    if link.label is not None and link.label.strip() and not _SIZE.match(link.label):
        return plain(link.label)
    title = wiki.index.pages[target].shown_title
    heading = wiki.index.heading(target, link.anchor) if link.anchor is not None else None
    return f"{title} › {heading.text}" if heading is not None else title


def _fragment(link: WikiLink, target: str, wiki: SiteModel) -> tuple[str, str | None]:
    """The link's ``#id``, and the place it names that the page does not have."""
    if link.block is not None:
        there = wiki.index.has_block(target, link.block)
        return (f"#{quote(block_id(link.block))}", None) if there else ("", f"^{link.block}")
    if link.anchor is None:
        return "", None
    place = wiki.index.sections(target).id_of(link.anchor)
    return ("", link.anchor) if place is None else (f"#{place}", None)


def _card(link: WikiLink, target: str, href: str, wiki: SiteModel, kinds: str, label: str) -> etree.Element:
    """An embedded page as a card: its name, the beginning of what is embedded, and the way there."""
    page = wiki.index.pages[target]
    text = page.source.text
    if link.block is not None:
        start = _block_start(page, link.block, page.body_start)
    elif link.anchor is not None and (heading := wiki.index.heading(target, link.anchor)) is not None:
        start = heading.span.end
    else:
        start = page.text_start
    card = element("a", {"class": f"kb-link kb-embed{' ' + kinds if kinds else ''}", "href": href})
    title = etree.SubElement(card, "strong", own({"class": "kb-embed-title"}))
    title.text = label
    excerpt = first_paragraph(text, start)
    if excerpt:
        body = etree.SubElement(card, "span", own({"class": "kb-embed-text"}))
        body.text = AtomicString(excerpt)
    return card


def _block_start(page: Page, name: str, default: int) -> int:
    for block in page.structure.block_ids:
        if block.name.lower() == name.strip().lower():
            before = page.source.text.rfind("\n\n", 0, block.span.start)
            return before + 2 if before >= 0 else default
    return default


class _Bracketed(InlineProcessor):
    """Leaves text without ``[[`` to the processor that comes later, at its usual place."""

    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element | str | None, int | None, int | None]:
        return super().handleMatch(m, data) if "[[" in m[1] else (None, None, None)


class _Tags(_Bracketed, HtmlInlineProcessor):
    """Raw HTML that holds brackets, before wikilinks are looked for: an attribute holds none."""

    PRIORITY = 186


class _Addresses(_Bracketed, AutolinkInlineProcessor):
    """Addresses in angle brackets, likewise."""

    PRIORITY = 187


def register(
    md: Markdown, wiki: Callable[[], SiteModel | None], path: Callable[[], str | None], embeds: list[Embed]
) -> None:
    """``embeds`` gets what the page being rendered embeds."""
    md.inlinePatterns.register(WikiLinks(md, wiki, path, embeds), "kb-wikilink", WikiLinks.PRIORITY)
    md.inlinePatterns.register(_Tags(HTML_RE, md), "kb-tags", _Tags.PRIORITY)
    md.inlinePatterns.register(_Addresses(AUTOLINK_RE, md), "kb-addresses", _Addresses.PRIORITY)
