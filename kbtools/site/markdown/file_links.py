"""Resolves Markdown links, pictures and raw HTML that name files, as ``kb check`` does.

MkDocs follows a path to a page or file as it is written, in Markdown alone. What is found otherwise (by its name as in
Obsidian, without its ending, a folder's page, a section as other programs spell it) is written here as MkDocs follows
it. A link to a page that is kept back is none, as with wikilinks.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Callable, Container, Mapping
from urllib.parse import quote, unquote

from markdown import Markdown
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import ETX, STX

from kbtools.markdown import file_links as filelinks
from kbtools.markdown.file_links import FileLink, Kind
from kbtools.site.data.model import SiteModel, relative
from kbtools.site.html.tree import Tree
from kbtools.site.html.urls import written_target
from kbtools.site.markdown.wikilinks import block_id
from kbtools.vault.links.resolution import Resolved
from kbtools.vault.links.resolve import folder_of, joined

Where = Callable[[], tuple[SiteModel | None, str | None]]
"""The wiki, and the page that is being rendered."""

_KINDS: Mapping[str, tuple[str, Kind]] = {"a": ("href", "link"), "img": ("src", "image")}
ADDRESSED = re.compile(r'<(?:a|img|source|video|audio)\s(?!id="__codelineno)')
"""What may be an element of HTML that names a file; lines of code have anchors that name none."""


class FileLinks(Treeprocessor):
    """Before links are made relative (0)."""

    PRIORITY = 3

    def __init__(self, md: Markdown, where: Where) -> None:
        super().__init__(md)
        self.where = where

    def run(self, root: etree.Element) -> None:
        wiki, path = self.where()
        if wiki is None or path is None or path not in wiki.index.pages:
            return
        for element in root.iter():
            attribute, kind = _KINDS.get(str(element.tag), ("", "link"))
            written = element.get(attribute) if attribute else None
            if not written or STX in written or ETX in written:
                continue
            link = filelinks.of_address(written, kind)
            if link is None:
                continue
            if attribute == "href" and joined(link.path, path.rpartition("/")[0]) in wiki.unpublished and link.path:
                element.tag = "span"
                del element.attrib["href"]
                continue
            if (renewed := _renewed(link, written, path, wiki)) is not None:
                element.set(attribute, renewed)


def _renewed(link: FileLink, written: str, path: str, wiki: SiteModel) -> str | None:
    """The address as MkDocs follows it; None where it does so already, or nothing is found."""
    found = wiki.index.resolve_file(link, path)
    if not isinstance(found, Resolved):
        return None
    target = found.page
    place = written[: link.path_end]
    is_led = not link.path.startswith("/") and target == joined(unquote(link.path), folder_of(path))
    if found.how in ("path", "variant", "name", "attachment") and not is_led:
        place = relative(target, path)
    query = written[link.path_end : (link.fragment_start - 1) if link.fragment is not None else len(written)]
    fragment = _fragment(link, target, wiki)
    renewed = place + query + (f"#{fragment}" if fragment is not None else "")
    return renewed if renewed != written else None


def meaning(link: FileLink, path: str, wiki: SiteModel) -> str:
    """What a link on a page is found to mean, as text: equal for links that are written alike on the site."""
    found = wiki.index.resolve_file(link, path)
    fragment = _fragment(link, found.page, wiki) if isinstance(found, Resolved) else None
    return f"{found} {fragment} {joined(link.path, folder_of(path)) in wiki.unpublished}"


def _fragment(link: FileLink, target: str, wiki: SiteModel) -> str | None:
    if link.block is not None and wiki.index.has_block(target, link.block):
        return quote(block_id(link.block))
    known = wiki.index.sections(target).id_of(link.anchor) if link.anchor is not None else None
    return known if known is not None else link.fragment


class HtmlAddresses(Postprocessor):
    """Behind raw HTML's return: an address that leads nowhere on the site and to a file in the vault becomes that
    file's."""

    PRIORITY = 29.5

    def __init__(self, md: Markdown, where: Where, panels: Callable[[], Container[int]]) -> None:
        """``panels`` are the blocks of code in the stash, which name no files."""
        super().__init__(md)
        self.where = where
        self.panels = panels

    def run(self, text: str) -> str:
        wiki, path = self.where()
        if wiki is None or path is None or path not in wiki.index.pages:
            return text
        panels = self.panels()
        stash = (html for number, html in enumerate(self.md.htmlStash.rawHtmlBlocks) if number not in panels)
        raw = (*getattr(self.md, "lines", ()), *stash)
        if not any(not isinstance(html, str) or ADDRESSED.search(html) for html in raw):
            return text
        addresses = wiki.addresses

        def renewed(written: str) -> str | None:
            found = written_target(written, path, wiki.url_of(path))
            link = filelinks.of_address(written, "html")
            if found is None or link is None or found[1] in addresses:
                return None
            meant = wiki.index.resolve_file(link, path)
            if not isinstance(meant, Resolved) or meant.how == "self":
                return None
            fragment = _fragment(link, meant.page, wiki)
            return wiki.address(meant.page, path) + (f"#{fragment}" if fragment is not None else "")

        return _with_addresses(text, renewed)


def _with_addresses(html: str, renewed: Callable[[str], str | None]) -> str:
    """HTML with other addresses in elements that name files, where ``renewed`` has one."""
    tree = Tree(html)
    for element in tree.named("a", "img", "source", "video", "audio"):
        for name in ("href", "src", "poster"):
            written = element.get(name)
            if written is not None and (address := renewed(written)) is not None:
                tree.set(element, name, address)
    return str(tree)


class SourceAddresses(Postprocessor):
    """For builders other than MkDocs, behind embeds: such a builder takes every address in the finished HTML for a path
    from the page's source, and makes it one of the site. Those that are of the site already become paths again."""

    PRIORITY = -60

    def __init__(self, md: Markdown, where: Where) -> None:
        super().__init__(md)
        self.where = where

    def run(self, text: str) -> str:
        wiki, path = self.where()
        if wiki is None or path is None or "relpath" in self.md.treeprocessors or not ADDRESSED.search(text):
            return text
        files = {*wiki.index.pages, *wiki.index.attachments, *wiki.generated}
        by_address = {wiki.url_of(file): file for file in files}

        def renewed(written: str) -> str | None:
            found = written_target(written, path, wiki.url_of(path))
            if found is None or found[0] in files or found[1] not in by_address:
                return None
            return relative(by_address[found[1]], path) + found[2]

        return _with_addresses(text, renewed)
