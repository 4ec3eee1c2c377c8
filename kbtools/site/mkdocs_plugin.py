"""The MkDocs plugin, thin on purpose: it loads the wiki once, hands it to the Markdown extension, adds generated pages
and assets, keeps titles from being markup, and refuses to publish what has not been proven to run.
"""

from __future__ import annotations

import logging
import re
from importlib import resources
from typing import Any

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from kbtools.errors import KbError
from kbtools.site import pages as generated
from kbtools.site.results import Results, obstacles, refusal
from kbtools.site.stored import stored
from kbtools.site.text import clean, escape
from kbtools.site.wiki import Wiki, load, project_for, strings

log = logging.getLogger("mkdocs.plugins.kbtools")

EXTENSION = "kbtools.site.markdown_ext"
_NAMES = ("kbtools", EXTENSION, f"{EXTENSION}:KbExtension")
CSS = "assets/kb.css"
LEARN = "assets/kb-learn.js"
MERMAID = "assets/kb-mermaid.min.js"


class SafeTitle(str):
    """A text that is shown as it is wherever a template writes it: escaped, and escaped twice where a filter strips
    tags, because Jinja's ``striptags`` takes one level of escapes off again."""

    __slots__ = ()

    def __new__(cls, text: str) -> SafeTitle:
        return super().__new__(cls, escape(text))

    def __html__(self) -> str:
        return escape(str(self))


class KbConfig(Config):  # type: ignore[no-untyped-call]
    """Options in ``mkdocs.yml``."""

    lenient = config_options.Type(bool, default=False)
    """Build with results missing, stale or failed, and show them as such. ``mkdocs serve`` always does."""


class KbPlugin(BasePlugin[KbConfig]):  # type: ignore[no-untyped-call]
    """``plugins: [kbtools]``."""

    supports_multiple_instances = False

    def __init__(self) -> None:
        self.results: Results | None = None
        self.wiki: Wiki | None = None
        self.serving = False

    def on_startup(self, *, command: str, dirty: bool) -> None:
        self.serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Also at every rebuild of ``mkdocs serve``, so that pages and results are as they are on disk."""
        try:
            project = project_for(config.config_file_path, config.docs_dir)
            wiki = load(project)
            results = self.results if self.results is not None else stored(project, wiki.index.pages.values())
        except KbError as e:
            raise PluginError(f"{e.message}\n{e.hint}" if e.hint else e.message) from e
        if not (self.serving or self.config.lenient) and (found := obstacles(wiki.index.pages.values(), results)):
            raise PluginError(refusal(found))
        free = frozenset(n for n in generated.NAMES if not {n, n[:-3] + "/index.md"} & wiki.index.pages.keys())
        self.wiki = Wiki(project, wiki.index, results, free)
        if not any(name in config.markdown_extensions for name in _NAMES):
            config.markdown_extensions.append(EXTENSION)
        for name in _NAMES:
            if name in config.markdown_extensions:
                config.mdx_configs[name] = {**(config.mdx_configs.get(name) or {}), "wiki": self.wiki}
        if CSS not in config.extra_css:
            config.extra_css = [CSS, *config.extra_css]
        if self.wiki.has_lessons and not any(str(script) == LEARN for script in config.extra_javascript):
            config.extra_javascript = [*config.extra_javascript, LEARN]
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        wiki = self.wiki
        assert wiki is not None
        for path, text in generated.generate(wiki).items():
            if path in wiki.generated:
                files.append(File.generated(config, path, content=text))
        assets = resources.files("kbtools.site") / "assets"
        files.append(File.generated(config, CSS, content=(assets / "kb.css").read_bytes()))
        if wiki.has_lessons:
            files.append(File.generated(config, LEARN, content=(assets / "kb-learn.js").read_bytes()))
        if wiki.has_diagrams:
            files.append(File.generated(config, MERMAID, content=(assets / "mermaid.min.js").read_bytes()))
        return files

    @event_priority(-50)
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Frontmatter is written into templates as it is: make it text. Material has its own use for ``status``."""
        assert self.wiki is not None
        known = self.wiki.index.pages.get(page.file.src_uri)
        meta: dict[str, Any] = dict(page.meta)
        if known is not None and known.frontmatter is not None:
            if "title" in meta:
                meta["title"] = known.title
            meta.pop("status", None)
            # Material's search weighs these most, and shows them only there: a page is found by its other names.
            meta["tags"] = [*known.aliases, *strings(known.data.get("tags"))]
        page.meta = {key: _safe(value) for key, value in meta.items()}
        return markdown

    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        title = page.title
        if isinstance(title, str) and not isinstance(title, SafeTitle) and "title" not in page.meta:
            page.title = _plain_title(title)
        return html

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Material fetches mermaid from a CDN unless it is there already: give pages with diagrams a copy."""
        if '<pre class="mermaid' not in output:
            return output
        url = MERMAID if page.url == "" else "../" * page.url.count("/") + MERMAID
        at = output.rfind("<script", 0, max(0, output.find("assets/javascripts/bundle")))
        return f'{output[:at]}<script src="{escape(url)}"></script>{output[at:]}' if at >= 0 else output


_RISKY = re.compile(r"[<>&\"']")


def _safe(value: object) -> object:
    if isinstance(value, str):
        return SafeTitle(clean(value)) if _RISKY.search(value) else clean(value)
    if isinstance(value, list):
        return [_safe(v) for v in value]
    if isinstance(value, dict):
        return {k: _safe(v) for k, v in value.items()}
    return value


def _plain_title(title: str) -> str:
    """A title taken from a heading is HTML text already; only the filter that strips tags needs a second level."""
    import html

    return SafeTitle(html.unescape(title)) if _RISKY.search(title) else title
