"""Renders single pages again in a site that has been built, without reading its other pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kbtools.site.data.results import Results
from kbtools.site.mkdocs import mkdocs_seam
from kbtools.site.reuse.engine import Engine
from kbtools.vault.index import Index

_OF_OTHERS = frozenset(
    ("addresses", "has_lessons", "learning_paths", "listed_paths", "mentions", "shows_devices", "stops", "today")
)
"""Data of a site derived from all pages, computed again only in complete builds: an edit may change them, but rarely
what the edited page itself shows of them."""


_OF_NEW = frozenset(("addresses", "listed_paths"))
"""Data among them that must include a new page."""


def can_show(engine: Engine | None, index: Index, path: str) -> bool:
    """Whether a page can be rendered alone: not if plugins need every page, or if other pages embed it."""
    if engine is None or not engine.active or engine.plugin.wiki is None:
        return False
    page = index.pages.get(path)
    if page is None or page.is_learning_path or index.final(path) != path:
        return False
    before = engine.plugin.wiki.index
    return path not in before.pages or before.final(path) == path


def take_in(engine: Engine, index: Index) -> bool:
    """Registers pages added since the site was built. False if the path of one is taken by another file."""
    for path in index.pages:
        if engine.files.get_file_from_path(path) is None:
            file = mkdocs_seam.add_page(engine.files, path, engine.config)
            if file is None:
                return False
            engine.titles[path] = None
            engine.plugin.add_page(file)
    return True


def render_again(engine: Engine, index: Index, results: Results, paths: Iterable[str], site: Path) -> list[str]:
    """Renders pages of a built site with its navigation, and with current links and backlinks. Returns the files
    that were written, by path on the site."""
    before = engine.plugin.wiki
    assert before is not None
    wiki = replace(before, index=index, results=results, rendered=replace(before.rendered, pages={}, md=None))
    has_same_pages = index.pages.keys() == before.index.pages.keys()
    for name in (_OF_OTHERS if has_same_pages else _OF_OTHERS - _OF_NEW) & vars(before).keys():
        vars(wiki)[name] = vars(before)[name]  # where cached_property stores it
    engine.plugin.show(wiki, engine.config)
    written = []
    for path in paths:
        file = engine.files.get_file_from_path(path)
        assert file is not None
        assert file.page is not None
        mkdocs_seam.give(file, index.pages[path].source.text)
        mkdocs_seam.write_into(file, site)
        mkdocs_seam.set_title(file.page, engine.titles[path])
        mkdocs_seam.render(file.page, engine.config, engine.files)
        mkdocs_seam.put_into_template(file.page, engine.config, engine.files, engine.nav, engine.env)
        written.append(file.dest_uri)
    return written
