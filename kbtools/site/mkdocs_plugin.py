"""The MkDocs plugin, thin on purpose: it loads the wiki once, hands it to the Markdown extension, adds generated pages
and assets, keeps titles from being markup, and refuses to publish what has not been proven to run.
"""

from __future__ import annotations

import html as markup
import logging
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

from kbtools.errors import KbError
from kbtools.site import attachments, csp, features, graph, machine, previews, redirects, search
from kbtools.site import pages as generated
from kbtools.site.addresses import Site, markdown_of
from kbtools.site.days import changed
from kbtools.site.elements import own_markup
from kbtools.site.rendered import Rendered
from kbtools.site.results import FIGURES, Results, obstacles, refusal
from kbtools.site.serve import guard
from kbtools.site.stored import stored
from kbtools.site.text import escape
from kbtools.site.theme_text import SafeTitle, safe_meta, safe_title, title_of_html, without_theme_keys
from kbtools.site.wiki import Wiki, load, project_for, strings
from kbtools.svg import clean_svg, is_remote

log = logging.getLogger("mkdocs.plugins.kbtools")

EXTENSION = "kbtools.site.markdown_ext"
_NAMES = ("kbtools", EXTENSION, f"{EXTENSION}:KbExtension")
CSS = "assets/kb.css"
SCRIPT = "assets/kb.js"
LEARN = "assets/kb-learn.js"
MERMAID = "assets/kb-mermaid.min.js"
_DIAGRAM = re.compile(r"(?i)<pre\b[^>]*\bmermaid\b")


class KbConfig(Config):  # type: ignore[no-untyped-call]
    """Options in ``mkdocs.yml``."""

    lenient = config_options.Type(bool, default=False)
    """Build with results missing, stale or failed, and show them as such. ``mkdocs serve`` always does."""
    sanitize = config_options.Type(bool, default=True)
    """Take out of pages whatever could run or load from elsewhere. Off: every author of the wiki is trusted as its
    owner is."""
    remote_images = config_options.Type(bool, default=False)
    """Show pictures that stand on other machines, which then learn who reads; otherwise they are links."""
    active_files = config_options.ListOfItems(config_options.Type(str), default=[])
    """Globs of attachments that are published as they are, though a browser runs what stands in them."""
    csp = config_options.Type(bool, default=True)
    """Give every page a Content-Security-Policy. Not while serving: the preview puts a script into its pages."""
    csp_hosts = config_options.ListOfItems(config_options.Type(str), default=[])
    """Other machines that pages may load from, ``https://example.org``, besides those that ``mkdocs.yml`` and the
    owner's templates name."""


class KbPlugin(BasePlugin[KbConfig]):  # type: ignore[no-untyped-call]
    """``plugins: [kbtools]``."""

    supports_multiple_instances = False

    def __init__(self) -> None:
        self.results: Results | None = None
        self.read: Wiki | None = None
        """The wiki as ``kb build`` has just read it; otherwise the plugin reads it."""
        self.wiki: Wiki | None = None
        self.serving = False
        self.has_diagrams = False
        self.site: Site | None = None
        self.policy: csp.Policy | None = None
        self.search: search.Search | None = None
        self.graph: graph.Graph | None = None

    def on_startup(self, *, command: str, dirty: bool) -> None:
        self.serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Also at every rebuild of ``mkdocs serve``, so that pages and results are as they are on disk."""
        try:
            project = project_for(config.config_file_path, config.docs_dir)
            known = self.read is not None and self.read.project.vault.resolve() == project.vault.resolve()
            wiki = self.read if known and self.read is not None else load(project)
            results = self.results if self.results is not None else stored(project, wiki.index.pages.values())
        except KbError as e:
            raise PluginError(f"{e.message}\n{e.hint}" if e.hint else e.message) from e
        if not (self.serving or self.config.lenient) and (found := obstacles(wiki.index.pages.values(), results)):
            raise PluginError(refusal(found))
        free = frozenset(n for n in generated.NAMES if not {n, n[:-3] + "/index.md"} & wiki.index.pages.keys())
        rendered = Rendered(lambda: (config.markdown_extensions, config.mdx_configs))
        self.wiki = Wiki(project, wiki.index, results, free, config.use_directory_urls, rendered)
        if not any(name in config.markdown_extensions for name in _NAMES):
            config.markdown_extensions.append(EXTENSION)
        for name in _NAMES:
            if name in config.markdown_extensions:
                ours = {"wiki": self.wiki, **self._extension_options()}
                config.mdx_configs[name] = {**(config.mdx_configs.get(name) or {}), **ours}
        if CSS not in config.extra_css:
            config.extra_css = [CSS, *config.extra_css]
        scripts = {str(script) for script in config.extra_javascript}
        added = [SCRIPT, *([LEARN] if self.wiki.has_lessons else [])]
        config.extra_javascript = [*config.extra_javascript, *(s for s in added if s not in scripts)]
        self.search = search.Search(self.wiki) if search.wanted(config.plugins) else None
        if self.search is not None and search.STYLE not in config.extra_css:
            config.extra_css = [search.STYLE, *config.extra_css]
            config.extra_javascript = [*config.extra_javascript, search.SCRIPT]
        self.policy = None
        if self.config.csp and not self.serving:
            self.policy = csp.Policy(config, self.config.csp_hosts, remote_images=self.config.remote_images)
        self.graph = graph.Graph(self.wiki)
        if graph.LOADER not in map(str, config.extra_javascript):
            config.extra_javascript = [*config.extra_javascript, graph.LOADER]
        return config

    def _extension_options(self) -> dict[str, bool]:
        return {"sanitize": self.config.sanitize, "remote_images": self.config.remote_images}

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Sections are called as folders are, and folders are called as authors like."""
        waiting = list(nav.items)
        while waiting:
            item = waiting.pop()
            if isinstance(item, Section):
                item.title = safe_title(item.title)
                waiting += item.children
        return nav

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: object) -> LiveReloadServer:
        guard(server)
        return server

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        wiki = self.wiki
        assert wiki is not None
        assert self.graph is not None
        if self.config.sanitize:
            attachments.publish(files, config, self.config.active_files, self._owned(files))
        attachments.collisions(files)
        for path, text in {**generated.generate(wiki), **self.graph.page()}.items():
            files.append(File.generated(config, path, content=own_markup(text)))
        assets = resources.files("kbtools.site") / "assets"
        files.append(File.generated(config, CSS, content=(assets / "kb.css").read_bytes()))
        files.append(File.generated(config, SCRIPT, content=(assets / "kb.js").read_bytes()))
        for path, data in features.files(wiki).items():
            files.append(File.generated(config, path, content=data))
        if wiki.has_lessons:
            files.append(File.generated(config, LEARN, content=(assets / "kb-learn.js").read_bytes()))
        for figure in wiki.results.figures():
            cleaned = clean_svg(figure.data) if figure.name.endswith(".svg") and self.config.sanitize else None
            content = figure.data if cleaned is None else cleaned.content or b""
            files.append(File.generated(config, f"{FIGURES}/{figure.name}", content=content))
        for path, content in {**graph.assets(), **(search.assets() if self.search is not None else {})}.items():
            files.append(File.generated(config, path, content=content))
        self.site = _site(config, files)
        return files

    def _owned(self, files: Files) -> Iterator[str]:
        """The places on the site that kb writes to: none of the wiki's own files takes one."""
        yield from machine.NAMES
        for file in files.documentation_pages():
            yield unquote(markdown_of(file.url))
            yield unquote(previews.place_of(file.url))
        yield from (FIGURES, CSS, SCRIPT, LEARN, MERMAID, *features.names(), *search.names(), *graph.names())

    @event_priority(-50)
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Frontmatter for templates. Material has its own use for ``status``."""
        assert self.wiki is not None
        known = self.wiki.index.pages.get(page.file.src_uri)
        meta: dict[str, Any] = dict(page.meta)
        if known is not None and known.frontmatter is not None:
            if "title" in meta:
                meta["title"] = known.title
            meta.pop("status", None)
            # Material's search weighs these most, and shows them only there: a page is found by its other names.
            meta["tags"] = [*known.aliases, *strings(known.data.get("tags"))]
        if self.config.sanitize:
            meta = without_theme_keys(meta, config.theme.custom_dir, config.theme.dirs)
        if known is not None and (day := changed(known)) is not None:
            page.update_date = day.isoformat()  # for the site map; MkDocs knows only the day of the build
        page.meta = safe_meta(meta)
        return markdown

    @event_priority(-100)
    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        title = page.title
        if isinstance(title, str) and not isinstance(title, SafeTitle) and "title" not in page.meta:
            page.title = title_of_html(title)
        if self.search is not None:
            name = markup.unescape(str(page.title or ""))
            self.search.add(page.file.src_uri, page.url, name, page.meta, html)
        assert self.graph is not None
        if self.policy is not None:
            self.policy.of_plugins(html, self._is_written)
        return html + self.graph.add(page.file.src_uri, page.url)

    @event_priority(-100)
    def on_post_template(self, output: str, *, template_name: str, config: MkDocsConfig) -> str:
        if self.policy is not None and template_name == "404.html":
            self.policy.of_theme(output)
            return csp.with_policy(output, self.policy.value())
        return output

    def _equip(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Material fetches mermaid from a CDN unless it is there already: give pages with diagrams a copy."""
        if self.search is not None:
            output = search.with_button(output)
        output = features.equip(output, "../" * page.url.count("/"))
        if self.wiki is not None and self.site is not None:
            output = machine.with_head(output, page.file.src_uri, self.wiki, self.site)
            output = redirects.stand_aside(output, page.file.src_uri, self.wiki, self.site)
        if _DIAGRAM.search(output):
            output = _with_script(output, MERMAID, page.url)
            self.has_diagrams = True
            if self.config.sanitize and self.policy is None and not _loads_styles_from_elsewhere(config):
                output = csp.with_policy(output, csp.DIAGRAMS)
        return output

    @event_priority(-100)
    def _protect(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Behind all other plugins: the page's policy, with what they have put into it."""
        if self.policy is None:
            return output
        self.policy.of_plugins(output, self._is_written)
        return csp.with_policy(output, self.policy.value())

    on_post_page = CombinedEvent(_equip, _protect)

    def _is_written(self, text: str) -> bool:
        """Whether a page of the wiki holds a text."""
        assert self.wiki is not None
        return any(text in page.source.text for page in self.wiki.index.pages.values())

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        if self.has_diagrams:
            assets = resources.files("kbtools.site") / "assets"
            script = b"\n".join((assets / name).read_bytes() for name in ("mermaid.min.js", "kb-diagrams.js"))
            (Path(config.site_dir) / MERMAID).write_bytes(script)
        for part in (self.search, self.graph):
            if part is not None:
                part.write(Path(config.site_dir))
        if self.wiki is not None and self.site is not None:
            machine.write(self.wiki, self.site, Path(config.site_dir))
            previews.write(self.wiki, self.site, Path(config.site_dir))
            redirects.write(self.wiki, self.site, Path(config.site_dir))


def _site(config: MkDocsConfig, files: Files) -> Site:
    """What MkDocs knows of the site, and where it puts pages."""
    url = config.site_url or ""
    return Site(
        name=config.site_name,
        pages={f.src_uri: "" if f.url in (".", "./") else f.url for f in files.documentation_pages()},
        url=url if not url or url.endswith("/") else f"{url}/",
        description=config.site_description or "",
        author=config.site_author or "",
        language=str(config.theme.get("language") or "en"),
    )


def _loads_styles_from_elsewhere(config: MkDocsConfig) -> bool:
    """Whether the wiki's owner has the site ask other machines for style sheets or fonts."""
    has_font = config.theme.get("font") if config.theme.name == "material" else False
    return bool(has_font) or any(is_remote(str(sheet)) for sheet in config.extra_css)


def _with_script(output: str, asset: str, url: str) -> str:
    """A page with one more of the site's scripts, before the theme's own."""
    at = output.rfind("<script", 0, max(0, output.find("assets/javascripts/bundle")))
    way = "../" * url.count("/") + asset
    return f'{output[:at]}<script src="{escape(way)}"></script>{output[at:]}' if at >= 0 else output
