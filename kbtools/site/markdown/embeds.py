"""Embeds (``![[…]]``): pages, sections and blocks rendered within other pages.

An embedded page is rendered once, by a Markdown converter like the site's own, and kept; parts are cut out of that.
What it runs is its own page's business: results are shown, nothing is run again. Embeds within embeds are followed to
a depth, never in a circle, and a page shows only so many.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from markdown import Markdown
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import ETX, STX

from kbtools.site.data.model import SiteModel
from kbtools.site.data.rendered import Embed
from kbtools.site.html.fragments import Part, settle
from kbtools.site.html.sanitize import OWN
from kbtools.site.html.text import escape
from kbtools.site.html.urls import relative_url, written_target

DEEPEST = 4
"""Embeds within embeds that are followed."""
MOST = 100
"""Embeds that one page shows, those within others among them."""
LONGEST = 1_000_000
"""Characters of HTML that one page takes from others."""

PLACE = f"{OWN}-embed-at"
_MARK = re.compile(f"{STX}kb-embed:(\\d+){ETX}")
_BLOCKS = frozenset(("li", "td", "th", "dd", "blockquote", "div", "section", "details", "aside", "figure"))


@dataclass(slots=True)
class _Budget:
    left: int = MOST
    characters: int = LONGEST
    numbers: int = 0


class EmbedPlaces(Treeprocessor):
    """Gives embeds their place among blocks: one within a paragraph parts it in two. Before block ids are read."""

    PRIORITY = 17

    def __init__(self, md: Markdown, found: list[Embed]) -> None:
        super().__init__(md)
        self.found = found

    def run(self, root: etree.Element) -> None:
        if not self.found:
            return
        level = 1
        for parent in list(root.iter()):
            if re.fullmatch("h[1-6]", parent.tag):
                level = int(parent.tag[1])
            if not any(PLACE in e.get("class", "").split() for e in parent):
                continue
            for child in list(parent):
                if child.get("class") == PLACE and parent.tag in _BLOCKS:
                    child.tag = "div"
        self._part(root)
        for element in root.iter():
            if re.fullmatch("h[1-6]", element.tag):
                level = int(element.tag[1])
            elif element.get("class") == PLACE and element.tag == "div":
                number = int(element.attrib.pop("data-number"))
                embed = self.found[number]
                self.found[number] = Embed(embed.path, embed.fragment, embed.title, level)
                for child in list(element):
                    element.remove(child)
                element.text = f"{STX}kb-embed:{number}{ETX}"
        for element in root.iter():
            if element.get("class") == PLACE and element.tag != "div":  # within a heading, a link, bold text
                element.attrib.clear()

    def _part(self, root: etree.Element) -> None:
        for parent in list(root.iter()):
            for at, child in reversed(list(enumerate(parent))):
                if child.tag == "p" and any(e.get("class") == PLACE for e in child):
                    parts = list(_parted(child))
                    parts[-1].tail = child.tail
                    parent.remove(child)
                    for n, part in enumerate(parts):
                        parent.insert(at + n, part)


def _parted(paragraph: etree.Element) -> list[etree.Element]:
    parts: list[etree.Element] = []
    current = etree.Element("p", dict(paragraph.attrib))
    current.text = paragraph.text

    def end() -> None:
        if len(current) or (current.text or "").strip():
            parts.append(current)

    for child in list(paragraph):
        if child.get("class") != PLACE:
            current.append(child)
            continue
        end()
        child.tag = "div"
        current = etree.Element("p")
        current.text, child.tail = (child.tail or "").lstrip("\n"), None
        parts.append(child)
    end()
    return parts


class Expand(Postprocessor):
    """Puts what is embedded into the finished page, before that is sanitized."""

    PRIORITY = -50

    def __init__(
        self, md: Markdown, found: list[Embed], page: Callable[[], tuple[SiteModel | None, str | None]]
    ) -> None:
        super().__init__(md)
        self.found = found
        self.page = page

    def run(self, text: str) -> str:
        if not self.found or STX not in text:
            return text
        wiki, path = self.page()
        if wiki is None or path is None:
            return text
        return _expanded(text, tuple(self.found), path, wiki, ((path, ""),), _Budget())


def _expanded(
    html: str, found: tuple[Embed, ...], path: str, wiki: SiteModel, chain: tuple[tuple[str, str], ...], budget: _Budget
) -> str:
    def one(m: re.Match[str]) -> str:
        number = int(m[1])
        return _frame(found[number], path, wiki, chain, budget) if number < len(found) else ""

    return _MARK.sub(one, html)


def _frame(embed: Embed, path: str, wiki: SiteModel, chain: tuple[tuple[str, str], ...], budget: _Budget) -> str:
    """One embed as HTML for the page at ``path``: the way to its page, and its content or why it is not shown."""
    here = wiki.address(embed.path, path)
    content, note = "", ""
    if (embed.path, embed.fragment) in chain or (not embed.fragment and any(p == embed.path for p, _ in chain)):
        note = wiki.words("Shown on this page already.")
    elif len(chain) > DEEPEST or budget.left <= 0 or budget.characters <= 0:
        note = wiki.words("Not unfolded here: there are too many embeds, or too many within each other.")
    else:
        budget.left -= 1
        budget.numbers += 1
        prefix = f"kb-embed-{budget.numbers}-"
        part, inner = wiki.rendered.page(wiki.index.pages[embed.path])
        cut = _cut(part, embed.fragment)
        if cut is None:
            note = wiki.words("This part was not found.")
        else:
            content = settle(cut, prefix, embed.below, lambda href: _moved(href, embed.path, path, wiki), here)
            budget.characters -= len(content)
            inner = tuple(Embed(e.path, e.fragment, e.title, min(5, e.below + max(0, embed.below - 1))) for e in inner)
            content = _expanded(content, inner, path, wiki, (*chain, (embed.path, embed.fragment)), budget)
    title = escape(embed.title)
    body = f'<p class="kb-embed-note">{note}</p>' if note else f'<div class="kb-embed-body">{content}</div>'
    return (
        f'<section class="kb-embed" aria-label="{title}" data-search-exclude><p class="kb-embed-title">'
        f'<a class="kb-link" href="{escape(here + embed.fragment)}">{title}</a></p>{body}</section>'
    )


def _moved(href: str, path: str, to_path: str, wiki: SiteModel) -> str:
    """A link of one page as it must be written on another."""
    found = written_target(href, path, wiki.url_of(path))
    if found is None:
        return href
    target, url, rest = found
    if target in wiki.index.pages or target in wiki.generated or target in wiki.index.attachments:
        return wiki.address(target, to_path) + rest
    return relative_url(url, wiki.url_of(to_path)) + rest


def _cut(part: Part, fragment: str) -> str | None:
    if not fragment:
        return part.whole()
    id = unquote(fragment[1:])
    return part.section(id) or part.block(id)
