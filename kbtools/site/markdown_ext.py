"""Python-Markdown extension: wikilinks, block ids, results beside code, infobox, backlinks.

Rendering lives here and not in the MkDocs plugin because other builders (Zensical) run Python-Markdown extensions and
no MkDocs plugins.
"""

from __future__ import annotations

import xml.etree.ElementTree as etree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import SimpleTagInlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor

from kbtools.run.results.figures import Figure
from kbtools.site.data.model import SiteModel
from kbtools.site.data.on_disk import wiki_on_disk
from kbtools.site.data.rendered import Embed
from kbtools.site.data.results import FIGURES
from kbtools.site.generated.runs import row_id
from kbtools.site.html.author_html import Made, RemoteImages
from kbtools.site.html.contents import sanitize_contents
from kbtools.site.html.fragments import Part
from kbtools.site.html.sanitize import sanitize
from kbtools.site.html.urls import relative_url
from kbtools.site.markdown import callouts, wikilinks
from kbtools.site.markdown.block_ids import BlockIds
from kbtools.site.markdown.comments import Comments
from kbtools.site.markdown.embeds import EmbedPlaces, Expand
from kbtools.site.markdown.fences import Panels, Recorder, Unmark
from kbtools.site.markdown.file_links import FileLinks, HtmlAddresses, SourceAddresses
from kbtools.site.markdown.heading_ids import HeadingIds
from kbtools.site.markdown.removed_html import RemovedHtml
from kbtools.site.markdown.text_plugins import tags
from kbtools.site.page import page_header_footer, result_panel
from kbtools.site.words import words_of
from kbtools.snippets import Snippet
from kbtools.vault.page import Page

_HIGHLIGHT = r"(==)(?![\s=])(.+?)(?<![\s=])=="


class _Chrome(Treeprocessor):
    """Behind the table of contents (5), before links are made relative (0)."""

    PRIORITY = 2

    def __init__(self, md: Markdown, extension: KbExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        wiki, page = self.extension.wiki, self.extension.page
        extension = self.extension
        if extension.is_part or not extension.is_page or self.md is not extension.page_markdown:
            return
        if wiki is not None and page is not None:
            page_header_footer.insert(root, page, wiki)


class _Contents(Postprocessor):
    """The table of contents, which templates print unescaped."""

    PRIORITY = -100

    def run(self, text: str) -> str:
        sanitize_contents(getattr(self.md, "toc_tokens", []))
        return text


class KbExtension(Extension):
    """The extension. Options: ``wiki`` (a loaded ``SiteModel``; the MkDocs plugin gives it), ``root`` (where to look
    for the project otherwise; the working directory), ``path`` (the page, for renderers that do not set it),
    ``sanitize`` and ``remote_images`` (see the site's guide)."""

    def __init__(self, **kwargs: Any) -> None:
        self.config = {
            "wiki": ["", "a loaded wiki; otherwise it is read from disk"],
            "root": ["", "a folder of the project"],
            "path": ["", "the page's path in the vault"],
            "sanitize": [True, "take out of pages whatever could run or load from elsewhere"],
            "remote_images": [False, "show pictures on other machines instead of linking to them"],
        }
        self.md: Markdown | None = None
        self._markdown_before: Markdown | None = None
        """The last one before ``md`` that was known to render a page."""
        self.embeds: list[Embed] = []
        """What the page being rendered embeds."""
        self.is_part = False
        """Whether pages are rendered for others to embed: without what stands around them."""
        self._removed = RemovedHtml(lambda: self.path, lambda: self.page, lambda: self.is_part)
        super().__init__(**kwargs)

    @property
    def wiki(self) -> SiteModel | None:
        given = self.getConfig("wiki")
        if isinstance(given, SiteModel):
            return given
        root = Path(self.getConfig("root") or ".").resolve()
        return wiki_on_disk(root)

    @property
    def path(self) -> str | None:
        """The page being rendered: MkDocs keeps it in the processor that makes links relative, Zensical in one that
        holds the context; both register theirs after this extension, so it is looked up when needed."""
        if given := self.getConfig("path"):
            return str(given)
        return _path_of(self.page_markdown)

    @property
    def page_markdown(self) -> Markdown:
        """What renders the page. Other extensions (mkautodoc) render parts of it by a Markdown of their own, for which
        they register this extension again."""
        assert self.md is not None
        return self.md if self._markdown_before is None or _path_of(self.md) is not None else self._markdown_before

    @property
    def is_page(self) -> bool:
        """Whether this is the rendering of a page, and not an excerpt of it that a plugin shows elsewhere."""
        wiki, md = self.wiki, self.page_markdown
        if wiki is None or wiki.build.file is None or "relpath" not in md.treeprocessors:
            return True
        return getattr(md.treeprocessors["relpath"], "file", None) is wiki.build.file

    @property
    def page(self) -> Page | None:
        wiki, path = self.wiki, self.path
        return wiki.index.pages.get(path) if wiki is not None and path is not None else None

    def extendMarkdown(self, md: Markdown) -> None:
        if self.md is not None and _path_of(self.md) is not None:
            self._markdown_before = self.md
        self.md = md
        md.registerExtension(self)
        wikilinks.register(md, lambda: self.wiki, lambda: self.path, self.embeds)
        md.preprocessors.register(Comments(md), "kb-comments", Comments.PRIORITY)
        callouts.register(md, lambda: self.wiki.words if self.wiki is not None else words_of("en"))
        mark = SimpleTagInlineProcessor(_HIGHLIGHT, "mark")
        md.inlinePatterns.register(mark, "kb-mark", 60)  # behind pymdownx.mark, where that is on
        recorder = Recorder(md)
        md.preprocessors.register(recorder, "kb-recorder", Recorder.PRIORITY)
        made = Made(md)
        panels_ = Panels(md, recorder, made, lambda: self._snippets(md), self._decorate)
        md.postprocessors.register(panels_, "kb-panels", Panels.PRIORITY)
        md.postprocessors.register(Unmark(md), "kb-unmark", Unmark.PRIORITY)
        md.treeprocessors.register(EmbedPlaces(md, self.embeds), "kb-embed-places", EmbedPlaces.PRIORITY)
        expand = Expand(md, self.embeds, lambda: (None if self.is_part else self.wiki, self.path))
        md.postprocessors.register(expand, "kb-embeds", Expand.PRIORITY)
        md.treeprocessors.register(BlockIds(md), "kb-blocks", BlockIds.PRIORITY)
        is_page = lambda: self.is_page and not self.is_part and md is self.page_markdown  # noqa: E731
        ids = HeadingIds(md, self._ids_given, is_page)
        md.treeprocessors.register(ids, "kb-heading-ids", HeadingIds.PRIORITY)
        md.treeprocessors.register(_Chrome(md, self), "kb-chrome", _Chrome.PRIORITY)
        files = FileLinks(md, lambda: (self.wiki, self.path))
        md.treeprocessors.register(files, "kb-file-links", FileLinks.PRIORITY)
        where = lambda: (None if self.is_part else self.wiki, self.path)  # noqa: E731
        addresses = HtmlAddresses(md, where, lambda: recorder.panels)
        md.postprocessors.register(addresses, "kb-html-addresses", HtmlAddresses.PRIORITY)
        sources = SourceAddresses(md, where)
        md.postprocessors.register(sources, "kb-source-addresses", SourceAddresses.PRIORITY)
        remote = bool(self.getConfig("remote_images"))
        if not remote:
            images = RemoteImages(md, made, self._removed.tell_of_picture)
            md.treeprocessors.register(images, "kb-remote-images", RemoteImages.PRIORITY)
        made.is_plugin_s = self._is_plugin_s
        made.register(self._removed.tell, bool(self.getConfig("sanitize")), remote)
        if self.getConfig("sanitize"):
            md.postprocessors.register(_Contents(md), "kb-contents", _Contents.PRIORITY)

    def _ids_given(self) -> Sequence[str]:
        """The ids of the headings of a generated page."""
        wiki, path = self.wiki, self.path
        return wiki.build.heading_ids.get(path, ()) if wiki is not None and path is not None else ()

    def reset(self) -> None:
        """Clears the state of the page before the next one."""
        self.embeds.clear()

    def render_part(self, md: Markdown, page: Page) -> tuple[Part, tuple[Embed, ...]]:
        """A page's own text for others to embed, and what it embeds itself."""
        self.is_part = True
        self.config["path"][0] = page.path
        md.reset()
        begin = page.structure.frontmatter.end if page.structure.frontmatter else 0
        return Part(md.convert(page.source.text[begin:])), tuple(self.embeds)

    def _is_plugin_s(self, html: str) -> bool:
        """Whether raw HTML of the page was put there by another plugin."""
        wiki, path = self.wiki, self.path
        inserted = wiki.build.inserted.get(path, frozenset()) if wiki is not None and path is not None else frozenset()
        found = tags(html)
        if wiki is None or not found or not found <= inserted:
            return False
        return not any(wiki.build.is_written(tag) for tag in found)

    def _snippets(self, md: Markdown) -> Sequence[Snippet]:
        page = self.page if md is self.page_markdown else None
        return page.snippets if page is not None else ()

    def _decorate(self, snippet: Snippet, html: str) -> str:
        wiki, path = self.wiki, self.path
        if self.getConfig("sanitize"):
            html = sanitize(html)  # it contains the attributes of the info string unescaped
        if wiki is None or path is None:
            return html
        return result_panel.decorate(snippet, html, wiki.results.of_snippet(path, snippet), self._view(wiki, path))

    def _view(self, wiki: SiteModel, path: str) -> result_panel.View:
        rows = wiki.result_rows.get(path)

        def row(snippet: Snippet) -> str | None:
            return f"{wiki.address(rows, path)}#{row_id(path, snippet.id)}" if rows is not None else None

        def picture(figure: Figure) -> str:
            if not isinstance(self.getConfig("wiki"), SiteModel):
                return figure.address  # no files are written: pictures are embedded in the page
            return relative_url(f"{FIGURES}/{figure.name}", wiki.url_of(path))

        return result_panel.View(wiki.words, wiki.shows_devices, wiki.parts.results, row, picture)


def _path_of(md: Markdown) -> str | None:
    """The page that is being rendered, if the site generator sets it."""
    if "relpath" in md.treeprocessors:
        file = getattr(md.treeprocessors["relpath"], "file", None)
        if (path := getattr(file, "src_uri", None)) is not None:
            return str(path)
    for processor in md.preprocessors:
        if type(processor).__name__ == "ContextPreprocessor":
            page = getattr(getattr(processor, "context", processor), "page", None)
            path = getattr(page, "path", None) or getattr(page, "src_uri", None)
            if path is not None:
                return str(path)
    return None


def makeExtension(**kwargs: Any) -> KbExtension:
    """How Python-Markdown makes an extension named by its module."""
    return KbExtension(**kwargs)
