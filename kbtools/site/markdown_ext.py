"""Python-Markdown extension: wikilinks, block ids, results beside code, infobox, backlinks.

Rendering lives here and not in the MkDocs plugin because other builders (Zensical) run Python-Markdown extensions and
no MkDocs plugins.
"""

from __future__ import annotations

import logging
import re
import xml.etree.ElementTree as etree
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocTreeprocessor
from markdown.extensions.toc import slugify as ascii_slugify
from markdown.inlinepatterns import (
    AUTOLINK_RE,
    HTML_RE,
    AutolinkInlineProcessor,
    HtmlInlineProcessor,
    SimpleTagInlineProcessor,
)
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from kbtools.config import mkdocs_file
from kbtools.config.project import Project, find_project
from kbtools.errors import KbError
from kbtools.markdown.headings import slugify
from kbtools.markdown.line_kinds import COMMONMARK_ITEM
from kbtools.markdown.scanner import scan
from kbtools.run.results.figures import Figure
from kbtools.site.data.model import SiteModel, load
from kbtools.site.data.rendered import Embed, Rendered, Settings
from kbtools.site.data.results import FIGURES
from kbtools.site.data.stored import stored
from kbtools.site.generated.runs import row_id
from kbtools.site.html.author_html import Made, RemoteImages
from kbtools.site.html.fragments import Part
from kbtools.site.html.sanitize import removed, sanitize, sanitize_contents
from kbtools.site.html.urls import relative_url
from kbtools.site.markdown import callouts
from kbtools.site.markdown.embeds import EmbedPlaces, Expand
from kbtools.site.markdown.fences import GONE, Panels, Recorder, Unmark
from kbtools.site.markdown.file_links import FileLinks, HtmlAddresses, SourceAddresses
from kbtools.site.markdown.text_plugins import tags
from kbtools.site.markdown.wikilinks import WikiLinks, block_id
from kbtools.site.mkdocs import vault_at_top
from kbtools.site.page import page_header_footer, result_panel
from kbtools.site.parts import Parts
from kbtools.site.words import words_of
from kbtools.snippets import Snippet
from kbtools.vault.page import Page

log = logging.getLogger("mkdocs.plugins.kbtools")

_BLOCK_MARK = re.compile(r"(?:^|(?<=[ \t\n]))\^([A-Za-z0-9-]+)[ \t]*$")
_BLOCK_MARK_WITHIN = re.compile(rf"(?:(?<=[ \t\n])|^)\^([A-Za-z0-9-]+)[ \t]*(?=\n{COMMONMARK_ITEM.pattern})")
_HIGHLIGHT = r"(==)(?![\s=])(.+?)(?<![\s=])=="
_HOLDERS = frozenset(("p", "li", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt"))


class _Comments(Preprocessor):
    """``%%…%%``, Obsidian's comments: not shown. Fences within stay, as everything else of kb sees them too."""

    PRIORITY = 27

    def run(self, lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        if "%%" not in text:
            return lines
        structure = scan(f"\n{text}")  # behind an empty line nothing is frontmatter
        kept: list[str] = []
        at = 1
        for span in structure.opaque:
            if not (text.startswith("%%", span.start - 1) and text.endswith("%%", 0, span.end - 1)):
                continue
            kept += (text[at - 1 : span.start - 1], GONE)
            inside = [fence.span for fence in structure.fences if fence.span.start in span]
            kept += (text[text.rfind("\n", 0, s.start - 1) : s.end] for s in inside)
            at = span.end
        return "".join([*kept, text[at - 1 :]]).split("\n")


class _Tags(HtmlInlineProcessor):
    """Raw HTML that holds brackets, before wikilinks are looked for: an attribute holds none."""

    PRIORITY = 186

    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element | str | None, int | None, int | None]:
        return super().handleMatch(m, data) if "[[" in m[1] else (None, None, None)


class _Addresses(AutolinkInlineProcessor):
    """Addresses in angle brackets, likewise."""

    PRIORITY = 187

    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element | str | None, int | None, int | None]:
        return super().handleMatch(m, data) if "[[" in m[1] else (None, None, None)


class _Blocks(Treeprocessor):
    """``^name`` at the end of a block becomes the block's id."""

    PRIORITY = 15

    def run(self, root: etree.Element) -> None:
        for parent in list(root.iter()):
            before: etree.Element | None = None
            for element in list(parent):
                if element.tag in _HOLDERS:
                    self._mark_within(element)
                    if not self._mark(parent, element, before):
                        continue
                before = element

    def _mark_within(self, element: etree.Element) -> None:
        """Ids of lines above items of a list, which the renderer takes for text of the paragraph."""
        for at, before in reversed(list(enumerate([None, *element]))):
            text = (element.text if before is None else before.tail) or ""
            kept, *marks = _BLOCK_MARK_WITHIN.split(text)
            if not marks:
                continue
            if before is None:
                element.text = kept.rstrip(" \t")
            else:
                before.tail = kept.rstrip(" \t")
            for place, (name, tail) in enumerate(zip(marks[::2], marks[1::2], strict=True), at):
                span = etree.Element("span", {"id": block_id(name)})
                span.tail = tail
                element.insert(place, span)

    def _mark(self, parent: etree.Element, element: etree.Element, before: etree.Element | None) -> bool:
        """Whether the element still stands: one that held nothing but the id of the block before it goes."""
        last = element[-1] if len(element) else None
        text = (element.text if last is None else last.tail) or ""
        m = _BLOCK_MARK.search(text)
        if m is None:
            return True
        rest = text[: m.start()].rstrip()
        alone = last is None and not rest
        if alone and before is None:
            return True
        if last is None:
            element.text = rest
        else:
            last.tail = rest
        holder = before if alone and before is not None else element
        if holder.get("id"):
            holder.insert(0, etree.Element("span", {"id": block_id(m[1])}))
            holder[0].tail, holder.text = holder.text, None
        else:
            holder.set("id", block_id(m[1]))
        if alone:
            parent.remove(element)
        return not alone


class _HeadingIds(Treeprocessor):
    """Ids of headings of generated pages, before the table of contents gives each heading one; and how it makes them,
    where the owner has not said: Python-Markdown's own way leaves out all but ASCII, and no link would find them."""

    PRIORITY = 6

    def __init__(self, md: Markdown, extension: KbExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        if "toc" in self.md.treeprocessors:
            toc = self.md.treeprocessors["toc"]
            if isinstance(toc, TocTreeprocessor) and toc.slugify is ascii_slugify:
                toc.slugify = _slugify
        wiki, path = self.extension.wiki, self.extension.path
        ids = wiki.build.heading_ids.get(path, ()) if wiki is not None and path is not None else ()
        for heading, id in zip(root.iter("h2"), ids, strict=False):
            if id:
                heading.set("id", id)


def _slugify(value: str, separator: str) -> str:
    return slugify(value)


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
        self._told: set[tuple[str | None, str]] = set()
        super().__init__(**kwargs)

    @property
    def wiki(self) -> SiteModel | None:
        given = self.getConfig("wiki")
        if isinstance(given, SiteModel):
            return given
        root = Path(self.getConfig("root") or ".").resolve()
        return _read(root)

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
        links = WikiLinks(md, lambda: self.wiki, lambda: self.path, self.embeds)
        md.inlinePatterns.register(links, "kb-wikilink", WikiLinks.PRIORITY)
        md.inlinePatterns.register(_Tags(HTML_RE, md), "kb-tags", _Tags.PRIORITY)
        md.inlinePatterns.register(_Addresses(AUTOLINK_RE, md), "kb-addresses", _Addresses.PRIORITY)
        md.preprocessors.register(_Comments(md), "kb-comments", _Comments.PRIORITY)
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
        md.treeprocessors.register(_Blocks(md), "kb-blocks", _Blocks.PRIORITY)
        md.treeprocessors.register(_HeadingIds(md, self), "kb-heading-ids", _HeadingIds.PRIORITY)
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
            images = RemoteImages(md, made, self._tell_of_picture)
            md.treeprocessors.register(images, "kb-remote-images", RemoteImages.PRIORITY)
        made.is_plugin_s = self._is_plugin_s
        made.register(self._tell, bool(self.getConfig("sanitize")), remote)
        if self.getConfig("sanitize"):
            md.postprocessors.register(_Contents(md), "kb-contents", _Contents.PRIORITY)

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

    def _tell(self, before: str, after: str) -> None:
        """Warns of each element removed from the page's HTML, once, with its line."""
        if self.is_part:
            return  # it is spoken of where it is at home
        path = self.path
        used: Counter[str] = Counter()
        for what, written in removed(before, after):
            used[written] += 1
            place = self._place(written, used[written])
            if (path, f"{place}{what}") not in self._told:  # headings come by before the page does
                self._told.add((path, f"{place}{what}"))
                is_picture = re.match(r"src(?:set)?=.*of <(?:img|source)>", what) is not None
                level = logging.INFO if is_picture else logging.WARNING
                log.log(level, "%s%s: not published: %s", path or "a page", place, what)

    def _tell_of_picture(self, address: str) -> None:
        path = self.path
        if not self.is_part and (path, address) not in self._told:
            self._told.add((path, address))
            place = self._place(address, 1)
            log.info("%s%s: a picture on another machine is shown as a link: %s", path or "a page", place, address)

    def _place(self, written: str, occurrence: int) -> str:
        """Where in the page something stands, as ``:LINE``; nothing where another plugin has brought it in."""
        page = self.page
        if page is None:
            return ""
        fences = [fence.span for fence in page.structure.fences]
        found = (m.start() for m in re.finditer(re.escape(written), page.source.text, re.IGNORECASE))
        places = [at for at in found if not any(at in span for span in fences)]
        return f":{page.source.lines.line_of(places[occurrence - 1])}" if len(places) >= occurrence else ""

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


@lru_cache(maxsize=1)
def _read(root: Path) -> SiteModel:
    """The wiki on disk with its stored results, for builders that hand over none. Raises KbError without a project."""
    project = find_project(root)
    wiki = load(project)
    settings, directory_urls, language = _settings(project)
    return wiki.for_site(
        results=stored(project, wiki.index.pages.values()),
        parts=Parts(),
        generated=frozenset(),
        directory_urls=directory_urls,
        language=language,
        rendered=Rendered(settings),
    )


def _settings(project: Project) -> tuple[Callable[[], Settings] | None, bool, str]:
    """How ``mkdocs.yml`` has Markdown rendered, whether pages are folders, and the site's language; builders that run
    no plugins read it too.
    """
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, ConfigurationError

    file = mkdocs_file.find(project.root)
    if file is None:
        return None, True, "en"
    try:
        with vault_at_top.allowed():
            config = load_config(str(file), plugins=[], strict=False)
    except (ConfigurationError, Abort) as e:
        raise KbError(f"{file}: {e}", "mkdocs.yml cannot be used as it is") from e
    language = str(config.theme.get("language") or "en")
    return lambda: (config.markdown_extensions, config.mdx_configs), config.use_directory_urls, language


def makeExtension(**kwargs: Any) -> KbExtension:
    """How Python-Markdown makes an extension named by its module."""
    return KbExtension(**kwargs)
