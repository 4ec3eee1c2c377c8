"""Files that kb adds to a site: generated pages, style sheets, scripts and figures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from kbtools.site import page_assets
from kbtools.site.data.model import SiteModel
from kbtools.site.data.results import FIGURES
from kbtools.site.files import graph, machine_readable
from kbtools.site.html.urls import markdown_of, preview_of
from kbtools.site.page import page_actions
from kbtools.site.search import collect as search
from kbtools.site.words import Words
from kbtools.text.svg import clean_svg

CSS = "assets/kb.css"
TEXT_CSS = "assets/kb-text.css"
"""A site has it where its ``extra_css`` names it."""
SCRIPT = "assets/kb.js"
LEARN = "assets/kb-learn.js"
MERMAID = "assets/kb-mermaid.min.js"
_ASSETS = resources.files("kbtools.site") / "assets"


class AddedFiles:
    """Adds files to those of a site. They are in a temporary folder, because other plugins ask where a file is."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(
        self,
        path: str,
        content: bytes | str,
        files: Files,
        config: MkDocsConfig,
        inclusion: InclusionLevel = InclusionLevel.UNDEFINED,
    ) -> None:
        """Adds a file, or replaces the one at this path."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="kb-site-")
        place = Path(self._folder.name, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        if (old := files.get_file_from_path(path)) is not None:
            files.remove(old)
        files.append(File.generated(config, path, abs_src_path=str(place), inclusion=inclusion))

    def close(self) -> None:
        """Removes the folder."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def assets(
    wiki: SiteModel, *, text_css: bool, previews: bool, with_graph: bool, with_search: bool, sanitize: bool
) -> Iterator[tuple[str, bytes | str]]:
    """Style sheets, scripts and figures of a site, by path. ``text_css``: its ``extra_css`` names this sheet."""
    yield CSS, (_ASSETS / "kb.css").read_bytes()
    if text_css:
        yield TEXT_CSS, (_ASSETS / "kb-text.css").read_bytes()
    yield SCRIPT, wiki.words.script((_ASSETS / "kb.js").read_text(encoding="utf-8"))
    if wiki.has_lessons:
        yield LEARN, wiki.words.script((_ASSETS / "kb-learn.js").read_text(encoding="utf-8"))
    yield from page_assets.files(wiki, previews).items()
    for figure in wiki.results.figures():
        cleaned = clean_svg(figure.data) if figure.name.endswith(".svg") and sanitize else None
        yield f"{FIGURES}/{figure.name}", figure.data if cleaned is None else cleaned.content or b""
    if with_graph:
        yield from graph.assets(wiki.words).items()
    if with_search:
        yield from search.assets(wiki.words).items()


def diagrams(words: Words) -> bytes:
    """The script that draws diagrams."""
    own = words.script((_ASSETS / "kb-diagrams.js").read_text(encoding="utf-8")).encode()
    return b"\n".join(((_ASSETS / "mermaid.min.js").read_bytes(), own))


def paths(files: Files, wiki: SiteModel) -> Iterator[str]:
    """The paths on the site that kb writes to: no file of the wiki takes one."""
    yield from machine_readable.NAMES
    for file in files.documentation_pages():
        yield unquote(markdown_of(file.url))
        yield unquote(preview_of(file.url))
        page = wiki.index.pages.get(file.src_uri)
        if page is not None and page_actions.has_notebook(page, wiki):
            yield unquote(page_actions.notebook_of(page.path, file.url))
    yield from (FIGURES, CSS, SCRIPT, LEARN, MERMAID, *page_assets.names(), *search.names(), *graph.names())
