"""Pages made from the vault as Markdown: what leads to other pages, and what is known of the whole.

They are Markdown so that they can be written to disk before a build as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.site.health_page import health_page
from kbtools.site.index_pages import categories, everything, paths, recent, tags
from kbtools.site.name_pages import name_pages
from kbtools.site.page_parts import sort_key
from kbtools.site.runs_page import runs_pages
from kbtools.site.wiki import Wiki

NAMES = (
    "all.md",
    "tags.md",
    "categories.md",
    "recent.md",
    "paths.md",
    "health.md",
    "runs.md",
    "wanted.md",
    "ambiguous.md",
)
"""Those every wiki has, the last two where there is something to list; long ones go on in a folder of their name,
``all/2.md``."""


def generate(wiki: Wiki) -> Mapping[str, str]:
    """The Markdown of the generated pages, by path: those whose names the vault has left free."""
    pages = sorted(wiki.listed, key=sort_key)
    made = {
        **everything(pages),
        **tags(pages),
        **categories(wiki, pages),
        "recent.md": recent(pages),
        "paths.md": paths(wiki),
        "health.md": health_page(wiki),
        **name_pages(wiki),
        **runs_pages(wiki),
    }
    own = wiki.index.pages.keys()
    return {path: text for path, text in made.items() if path not in own and _first(path) in wiki.generated}


def _first(path: str) -> str:
    """The page that a page of its folder belongs to."""
    folder, _, rest = path.partition("/")
    return f"{folder}.md" if rest else path
