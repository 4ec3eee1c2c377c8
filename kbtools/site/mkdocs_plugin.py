"""MkDocs plugin: passes the wiki to the Markdown extension, adds generated pages and assets, refuses unproven pages."""

from __future__ import annotations

import html as markup
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.utils.meta import get_data

from kbtools.errors import KbError
from kbtools.site import added_files, generated
from kbtools.site.added_files import CSS, LEARN, MERMAID, SCRIPT, TEXT_CSS
from kbtools.site.data.model import SiteModel, load, project_for
from kbtools.site.data.rendered import Rendered
from kbtools.site.data.results import Results, obstacles, refusal
from kbtools.site.data.stored import stored
from kbtools.site.files import attachments, graph, machine_readable, redirects
from kbtools.site.files.unread import warn_of_empty_pages
from kbtools.site.finished_page import Finisher
from kbtools.site.generated.document import Document
from kbtools.site.html import csp
from kbtools.site.html.elements import own_markup
from kbtools.site.html.safe_meta import SafeTitle, allowed_theme_keys, safe_meta, safe_title, title_of_html
from kbtools.site.html.tree import Tree
from kbtools.site.html.urls import Site
from kbtools.site.markdown import text_plugins
from kbtools.site.mkdocs import mkdocs_seam
from kbtools.site.mkdocs.site_folder import SiteFolder
from kbtools.site.options import Options
from kbtools.site.page import not_found, page_actions, previews
from kbtools.site.page.dates import changed
from kbtools.site.parts import Parts
from kbtools.site.reuse.engine import Engine
from kbtools.site.search import collect as search
from kbtools.site.serve import guard
from kbtools.text.svg import is_remote
from kbtools.vault.listing import OTHER_FORMATS, Exclusion, unread_message

log = logging.getLogger("mkdocs.plugins.kbtools")

EXTENSION = "kbtools.site.markdown_ext"
_NAMES = ("kbtools", EXTENSION, f"{EXTENSION}:KbExtension")


class KbPlugin(BasePlugin[Options]):  # type: ignore[no-untyped-call]
    """``plugins: [kbtools]``."""

    supports_multiple_instances = False

    def __init__(self) -> None:
        self.results: Results | None = None
        self.read: SiteModel | None = None
        """The wiki as ``kb build`` has just read it; otherwise the plugin reads it."""
        self.wiki: SiteModel | None = None
        self.serving = False
        self.has_diagrams = False
        self.site: Site | None = None
        self.policy: csp.ContentPolicy | None = None
        self.colab: str | None = None
        """The address at which Colab finds the site's notebooks."""
        self.search: search.Search | None = None
        self.graph: graph.Graph | None = None
        self.made: Mapping[str, Document] = {}
        self.folder: SiteFolder | None = None
        """Where ``kb build`` has the site written; otherwise it is MkDocs' ``site_dir``."""
        self.engine: Engine | None = None
        """What ``kb build`` and ``kb serve`` keep of earlier builds."""
        self.brought = csp.Brought((), (), False)
        """What the page rendered last brings for its policy."""
        self.templates: BytecodeCache | None = None
        """Where a preview keeps compiled templates."""
        self.places: frozenset[str] = frozenset()
        """Where the wiki's own pages and files are on the site."""
        self._added = added_files.AddedFiles()

    def on_startup(self, *, command: str, dirty: bool) -> None:
        self.serving = command == "serve"

    def on_shutdown(self) -> None:
        self._added.close()

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Also at every rebuild of ``mkdocs serve``, so that pages and results are as they are on disk."""
        try:
            project = project_for(config.config_file_path, config.docs_dir)
            known = self.read is not None and self.read.project.vault.resolve() == project.vault.resolve()
            wiki = self.read if known and self.read is not None else load(project)
            results = self.results if self.results is not None else stored(project, wiki.index.pages.values())
            parts = Parts.of(self.config)
        except KbError as e:
            raise PluginError(f"{e.message}\n{e.hint}" if e.hint else e.message) from e
        wanted = "any" if self.serving or self.config.lenient else project.config.publish
        if found := obstacles(wiki.index.pages.values(), results, wanted):
            raise PluginError(refusal(found))
        self.wiki = wiki = wiki.for_site(
            results=results,
            parts=parts,
            generated=frozenset(
                n
                for n in generated.NAMES
                if parts.has_page(n) and not {n, n[:-3] + "/index.md"} & wiki.index.pages.keys()
            ),
            directory_urls=config.use_directory_urls,
            language=str(config.theme.get("language") or "en"),
            rendered=Rendered(lambda: (config.markdown_extensions, config.mdx_configs)),
        )
        self._extend_markdown(config, wiki)
        text_plugins.watch(config, self, wiki.build.inserted)
        wiki.build.is_written = text_plugins.WikiTexts(Path(config.docs_dir)).holds
        self._add_assets(config, wiki)
        self.graph = graph.Graph(wiki) if parts.graph else None
        self.has_diagrams = False
        self.policy = None
        if self.config.csp and not self.serving:
            self.policy = csp.ContentPolicy(config, self.config.csp_hosts, remote_images=self.config.remote_images)
        self.colab = (
            page_actions.colab_folder(config.repo_url or "", config.remote_branch) if self.config.colab else None
        )
        if self.config.colab and self.colab is None:
            raise PluginError(
                f"mkdocs.yml: kbtools: colab: {config.repo_url or 'no repo_url'} is not a repository on GitHub\n"
                "Colab opens notebooks from GitHub: name it, repo_url: https://github.com/OWNER/REPOSITORY"
            )
        return config

    def add_page(self, file: File) -> None:
        """A page that the site has now, though it was built without."""
        assert self.site is not None
        self.site = replace(self.site, pages={**self.site.pages, file.src_uri: _address(file)})

    def show(self, wiki: SiteModel, config: MkDocsConfig) -> None:
        """Another state of the wiki whose site has been built, for pages of it that are rendered once more."""
        self.wiki = wiki
        self._extend_markdown(config, wiki)
        self.search = search.Search(wiki, self.config.search_boost) if self.search is not None else None
        self.graph = graph.Graph(wiki) if self.graph is not None else None

    def _extend_markdown(self, config: MkDocsConfig, wiki: SiteModel) -> None:
        if not any(name in config.markdown_extensions for name in _NAMES):
            config.markdown_extensions.append(EXTENSION)
        ours = {"wiki": wiki, "sanitize": self.config.sanitize, "remote_images": self.config.remote_images}
        for name in _NAMES:
            if name in config.markdown_extensions:
                config.mdx_configs[name] = {**(config.mdx_configs.get(name) or {}), **ours}

    def _add_assets(self, config: MkDocsConfig, wiki: SiteModel) -> None:
        is_wanted = not search.has_other(config.plugins) if wiki.parts.search == "auto" else wiki.parts.search
        self.search = search.Search(wiki, self.config.search_boost) if is_wanted else None
        previews_wanted = wiki.parts.previews
        if previews_wanted == "auto":
            previews_wanted = "navigation.instant.preview" not in (config.theme.get("features") or ())
        self.has_previews = bool(previews_wanted)
        scripts = [SCRIPT, *([LEARN] if wiki.has_lessons else []), *([search.SCRIPT] if self.search else [])]
        scripts += [graph.LOADER] if wiki.parts.graph else []
        sheets = [CSS, *([search.STYLE] if self.search else [])]
        named = {str(name) for name in (*config.extra_javascript, *config.extra_css)}
        config.extra_css = [*(s for s in sheets if s not in named), *config.extra_css]
        config.extra_javascript = [*config.extra_javascript, *(s for s in scripts if s not in named)]

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: object) -> LiveReloadServer:
        guard(server)
        return server

    @event_priority(-90)  # behind plugins that look at every file and know their own kinds alone
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        wiki = self.wiki
        assert wiki is not None
        unread = sorted(
            f.src_uri for f in files if f.src_uri.lower().endswith(OTHER_FORMATS) and f.src_dir == config.docs_dir
        )
        if unread and "mkdocs-jupyter" not in config.plugins:
            log.info("%s", unread_message(unread))
        leave_out(files, wiki)
        warn_of_empty_pages(files, wiki)
        if self.config.sanitize:
            attachments.publish(files, config, self.config.active_files, added_files.paths(files, wiki))
        if self.engine is not None:
            self.engine.begin(self, config, self.config.per_page)
        self.made = self.engine.documents(self._generate) if self.engine is not None else self._generate()
        for path in self.made:  # navigations that list every page leave them out; one that names them has them
            self._added.add(path, b"", files, config, InclusionLevel.NOT_IN_NAV)
        assets = added_files.assets(
            wiki,
            text_css=TEXT_CSS in config.extra_css,
            previews=self.has_previews,
            with_graph=self.graph is not None,
            with_search=self.search is not None,
            sanitize=self.config.sanitize,
        )
        for path, content in assets:
            self._added.add(path, content, files, config)
        attachments.collisions(files)
        if not self.serving and not any(f.url in ("", ".", "./", "index.html") for f in files.documentation_pages()):
            log.warning(
                "the site has no first page: %s has no index.md or README.md, so its address shows none; write one",
                Path(config.docs_dir).name,
            )
        return files

    def _generate(self) -> Mapping[str, Document]:
        assert self.wiki is not None
        return {**generated.generate(self.wiki), **(self.graph.page() if self.graph else {})}

    @event_priority(-100)
    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """All files are known now, and where they are on the site. Pages get the text that was proven: what is saved
        while the site is built waits for the next build."""
        wiki = self.wiki
        assert wiki is not None
        self.site = _site(config, files)
        is_elsewhere = any(url != wiki.url_of(path) for path, url in self.site.pages.items())
        wiki.build.urls = dict(self.site.pages)
        if is_elsewhere:  # a plugin has moved pages, and generated ones lead to them
            self.made = self._generate()
        wiki.build.heading_ids = {path: page.ids for path, page in self.made.items()}
        for file in files:
            if (page := self.made.get(file.src_uri)) is not None and file.generated_by is not None:
                mkdocs_seam.give(file, own_markup(page.text))
            elif (known := wiki.index.pages.get(file.src_uri)) is not None and file.generated_by is None:
                mkdocs_seam.give(file, known.source.text)
        waiting = list(nav.items)
        while waiting:  # sections are called as folders are, and folders are called as authors like
            item = waiting.pop()
            if isinstance(item, Section):
                item.title = safe_title(item.title)
                waiting += item.children
        self.places = frozenset(file.dest_uri for file in files if mkdocs_seam.is_published(file))
        if self.engine is not None:
            if self.graph is not None:
                self.graph.places = self.engine.places
            self.engine.render(nav, files, self.site.pages)
        return nav

    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        kept = self.engine.templates if self.engine is not None else None
        env.bytecode_cache = self.templates or kept or env.bytecode_cache
        if self.engine is not None:
            self.engine.env = env
        return env

    @event_priority(-50)
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """The page's own frontmatter made safe for templates, which write it as it is."""
        assert self.wiki is not None
        self.wiki.build.file = page.file
        known = self.wiki.index.pages.get(page.file.src_uri)
        if known is None:
            return markdown
        meta: dict[str, Any] = dict(page.meta)
        if "title" in meta and known.frontmatter is not None:
            meta["title"] = known.title
        if self.wiki.has_schema and known.path in self.wiki.listed_paths:
            meta.pop("status", None)  # the schema's; Material has an icon for a word of its own
        # Without frontmatter of kb's kind a page may have MkDocs' other one.
        written = known.data or get_data(page.file.content_string)[1]
        if self.config.sanitize:
            meta = allowed_theme_keys(meta, written, config.theme.dirs)
        if (day := changed(known)) is not None:
            page.update_date = day.isoformat()  # for the site map; MkDocs only has the day of the build
        page.meta = safe_meta(meta, written)
        return markdown

    @event_priority(-100)
    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        wiki = self.wiki
        assert wiki is not None
        title = page.title
        if isinstance(title, str) and not isinstance(title, SafeTitle) and "title" not in page.meta:
            page.title = title_of_html(title)
        content = Tree(html)
        if self.search is not None:
            name = markup.unescape(str(page.title or ""))
            self.search.add(page.file.src_uri, page.url, name, page.meta, content)
        if self.policy is not None:
            self.brought = csp.brought(content)
            self.policy.of_plugins(self.brought, self.is_written)
        heading = content.first("h1")
        actions = page_actions.actions(page.file.src_uri, page.url, wiki, self.colab)
        content.insert(heading.end if heading is not None else 0, actions)
        return f"{content}{self.graph.add(page.file.src_uri, page.url) if self.graph is not None else ''}"

    def added(self, path: str, url: str) -> str:
        """Additions to a page's HTML and to its search entry."""
        assert self.wiki is not None
        made = page_actions.actions(path, url, self.wiki, self.colab)
        made += self.graph.button(path) if self.graph is not None else ""
        return made + (self.search.of_others(path) if self.search is not None else "")

    @event_priority(-100)
    def on_post_template(self, output: str, *, template_name: str, config: MkDocsConfig) -> str:
        if template_name != "404.html":
            return output
        if self.wiki is not None and "all.md" in self.made:
            everything = "all/" if config.use_directory_urls else "all.html"
            ways_on = {config.site_name: "", self.wiki.words("All pages"): everything}
            output = not_found.worded(output, self.wiki.words, config.site_url, ways_on, self.search is not None)
        page = Tree(output)
        if self.search is not None and self.wiki is not None:
            search.add_button(page, self.wiki.words)
        if self.policy is not None:
            self.policy.of_theme(page)
            csp.add_policy(page, self.policy.value())
        return str(page)

    @event_priority(-100)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Behind all other plugins: what kb adds to the finished page, and its policy, with all that is in it."""
        tree, has_diagram = self._finisher.finish(output, page.file.src_uri, page.url)
        self.has_diagrams = self.has_diagrams or has_diagram
        policy = ""
        if self.policy is not None:
            policy = self.policy.with_page(csp.brought(tree), self.is_written).value()
        elif has_diagram and self.config.sanitize and not _loads_styles_from_elsewhere(config):
            policy = csp.DIAGRAMS
        if policy:
            csp.add_policy(tree, policy)
        if self.engine is not None:
            self.engine.written(page, has_diagram, self.policy is not None and policy != self.policy.value())
        return str(tree)

    @property
    def _finisher(self) -> Finisher:
        assert self.wiki is not None
        assert self.site is not None
        return Finisher(self.wiki, self.site, self.search is not None, self.has_previews)

    def around_template(self, path: str) -> str:
        """What is added to a page's head when its template is rendered, as text that tells one state from another."""
        return self._finisher.around_template(path)

    def is_written(self, text: str) -> bool:
        """Whether a page of the wiki holds a text."""
        assert self.wiki is not None
        return any(text in page.source.text for page in self.wiki.index.pages.values())

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        folder = self.folder or SiteFolder(Path(config.site_dir))
        folder.taken = self.places
        wiki, site = self.wiki, self.site
        if wiki is None or site is None:
            return
        if self.has_diagrams:
            folder.put(MERMAID, added_files.diagrams(wiki.words))
        writers = list(self._writers(wiki, site, folder))
        for number, write in enumerate(writers):
            if self.engine is not None:
                self.engine.step("files beside the pages written", number, len(writers))
            write()

    def _writers(self, wiki: SiteModel, site: Site, folder: SiteFolder) -> Iterator[Callable[[], object]]:
        """What writes the files beside the pages."""
        key_of = self.engine.key_of if self.engine is not None else lambda _: ""
        site_key = self.engine.site_key if self.engine is not None else ""
        if self.search is not None:
            yield partial(self.search.write, folder)
        if self.graph is not None:
            yield partial(self.graph.write, folder, site_key)
        yield partial(machine_readable.write, wiki, site, folder, key_of, site_key)
        yield partial(page_actions.write, wiki, site, folder, key_of)
        if self.has_previews:
            yield partial(previews.write, wiki, site, folder, key_of)
        if wiki.parts.redirects:
            planned = self.engine.redirects if self.engine is not None else lambda _, make: make()
            yield partial(redirects.write, wiki, site, folder, site_key, planned)


def leave_out(files: Files, wiki: SiteModel) -> None:
    """What kb takes for no page is not published: what ``exclude`` names, and pages that say so themselves."""
    exclusion = Exclusion(wiki.project.config)
    for file in files:
        if file.generated_by is None and (file.src_uri in wiki.unpublished or exclusion.is_excluded(file.src_uri)):
            file.inclusion = InclusionLevel.EXCLUDED


def _address(file: File) -> str:
    """Where a page is, relative to the site's root."""
    return "" if file.url in (".", "./") else file.url


def _site(config: MkDocsConfig, files: Files) -> Site:
    """The site's settings and the addresses of pages, from MkDocs."""
    url = config.site_url or ""
    return Site(
        name=config.site_name,
        pages={f.src_uri: _address(f) for f in files.documentation_pages()},
        url=url if not url or url.endswith("/") else f"{url}/",
        description=config.site_description or "",
        author=config.site_author or "",
        language=str(config.theme.get("language") or "en"),
    )


def _loads_styles_from_elsewhere(config: MkDocsConfig) -> bool:
    """Whether the configuration loads style sheets or fonts from other hosts."""
    has_font = config.theme.get("font") if config.theme.name == "material" else False
    return bool(has_font) or any(is_remote(str(sheet)) for sheet in config.extra_css)
