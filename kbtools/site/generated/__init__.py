"""Generated pages of a site: lists, names, results, health.

They are Markdown, so that any builder renders them and they can be written to disk before a build.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kbtools.config.mkdocs_file import GENERATED
from kbtools.site.data.model import SiteModel
from kbtools.site.data.page_lists import sorted_pages
from kbtools.site.generated.document import Document
from kbtools.site.generated.health import health_page
from kbtools.site.generated.lists import categories, everything, paths, recent, tags
from kbtools.site.generated.names import name_pages
from kbtools.site.generated.runs import runs_pages

NAMES = GENERATED
"""Long pages are continued in a folder with their name, ``all/2.md``."""


def generate(wiki: SiteModel) -> Mapping[str, Document]:
    """The generated pages by path: those that are enabled and whose names are not used in the vault."""
    pages = sorted_pages(wiki.listed, wiki.words)
    makers: Mapping[str, Callable[[], Mapping[str, Document]]] = {
        "all.md": lambda: everything(pages, wiki),
        "tags.md": lambda: tags(pages, wiki),
        "categories.md": lambda: categories(pages, wiki),
        "recent.md": lambda: {"recent.md": recent(pages, wiki)},
        "paths.md": lambda: {"paths.md": paths(wiki)},
        "health.md": lambda: {"health.md": health_page(wiki)},
        "wanted.md": lambda: name_pages(wiki),
        "runs.md": lambda: runs_pages(wiki),
    }
    made: dict[str, Document] = {}
    for name, make in makers.items():
        if name in wiki.generated or (name == "wanted.md" and "ambiguous.md" in wiki.generated):
            made.update(make())
    own = wiki.index.pages.keys()
    return {path: page for path, page in made.items() if path not in own and _first(path) in wiki.generated}


def _first(path: str) -> str:
    """The first page of a series, for one of the pages in its folder."""
    folder, _, rest = path.partition("/")
    return f"{folder}.md" if rest else path
