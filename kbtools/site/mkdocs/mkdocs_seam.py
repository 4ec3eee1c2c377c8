"""Uses of MkDocs beyond its plugin API, all in one place: ``tests/site/test_mkdocs_seam.py`` fails when a new
version of MkDocs no longer answers so.

MkDocs has a build that leaves pages out (``dirty``): it asks each file whether it is modified, once before it renders
the page's Markdown and once before it puts the page into the theme's template. Its own answer goes by times and is
wrong for pages that show other pages. Here the answer comes from the caller of ``answer``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from mkdocs.commands import build
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.theme import Theme

from kbtools.site.mkdocs import kept_lookups


class _NoWarning(logging.Filter):
    """Suppresses MkDocs' warning about ``dirty`` builds, which are based on timestamps."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "'dirty' build is being performed" not in record.getMessage()


def build_site(config: MkDocsConfig, serve_url: str | None = None) -> None:
    """Builds a site into an empty folder, without the pages that ``answer`` says are kept. A preview includes
    drafts."""
    quiet = _NoWarning()
    build.log.addFilter(quiet)
    config.theme.get_env = partial(_environment, config.theme)  # type: ignore[method-assign]
    try:
        with kept_lookups.kept():
            build.build(config, serve_url=serve_url, dirty=True)
    finally:
        del config.theme.get_env
        build.log.removeFilter(quiet)


def _environment(theme: Theme) -> Environment:
    env = type(theme).get_env(theme)
    if type(env.loader) is FileSystemLoader:
        env.loader = ThemeLoader(env.loader.searchpath)
    return env


class ThemeLoader(FileSystemLoader):
    """Lists no folders whose names begin with a dot: MkDocs leaves them out of the site, and Material keeps 12,000
    icons in one."""

    def list_templates(self) -> list[str]:
        found: set[str] = set()
        for top in map(str, self.searchpath):
            for at, folders, names in os.walk(top, followlinks=self.followlinks):
                folders[:] = [name for name in folders if not name.startswith(".")]
                inside = at[len(top) :].strip(os.sep).replace(os.sep, "/")
                found.update(f"{inside}/{name}" if inside else name for name in names)
        return sorted(found)


def answer(file: File, is_modified: Callable[[], bool]) -> None:
    """Sets the function that decides whether a page is rendered."""
    file.is_modified = is_modified  # type: ignore[method-assign]


def is_published(file: File) -> bool:
    return bool(file.inclusion.is_included())  # type: ignore[no-untyped-call]


def pages_of(files: Files, config: MkDocsConfig, is_preview: bool) -> Iterator[Page]:
    """The pages of a site in MkDocs' order; those that are not in the navigation are created while it renders."""
    inclusion = InclusionLevel.is_in_serve if is_preview else InclusionLevel.is_included
    for file in files.documentation_pages(inclusion=inclusion):
        if file.page is None and file.inclusion.is_not_in_nav():  # type: ignore[no-untyped-call]
            Page(None, file, config)
        assert file.page is not None
        yield file.page


def render(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Reads and renders a page's Markdown with all plugins, like MkDocs."""
    build._populate_page(page, config, files)


def give(file: File, text: str) -> None:
    """Sets the text of a file, as if MkDocs had read it. Other plugins still find its path on disk."""
    place = file.abs_src_path
    file.content_string = text.replace("\r\n", "\n").replace("\r", "\n")
    file.abs_src_path = place


def add_page(files: Files, path: str, config: MkDocsConfig) -> File | None:
    """Adds a page to a built site, outside of its navigation. None if its path is taken by another file."""
    file = File(path, config.docs_dir, config.site_dir, config.use_directory_urls)
    if any(file.dest_uri == other.dest_uri for other in files):
        return None
    files.append(file)
    Page(None, file, config)
    return file


def write_into(file: File, site: Path) -> None:
    """Makes MkDocs write a file into another folder."""
    file.dest_dir = str(site)
    file.__dict__.pop("abs_dest_path", None)


def put_into_template(page: Page, config: MkDocsConfig, files: Files, nav: Navigation, env: Environment) -> None:
    """Writes the file of a rendered page, in a preview."""
    shown = files.documentation_pages(inclusion=InclusionLevel.is_in_serve)
    is_draft = bool(page.file.inclusion.is_excluded())  # type: ignore[no-untyped-call]
    build._build_page(page, config, shown, nav, env, excluded=is_draft)


class AskedFiles(Files):
    """The files of a site, with a record of lookups: the links of a page depend on which files exist."""

    asked: dict[str, str] | None = None

    def get_file_from_path(self, path: str) -> File | None:
        found = super().get_file_from_path(path)
        if self.asked is not None:
            self.asked[path] = place(found)
        return found

    def place_of(self, path: str) -> str:
        """The current value for a path in ``asked``."""
        return place(super().get_file_from_path(path))


def place(file: File | None) -> str:
    """The path of a file on the site, and whether it exists."""
    return "" if file is None else f"{file.inclusion.name} {file.url}"


def follow(files: Files) -> AskedFiles:
    """Starts recording look-ups in a site's files."""
    files.__class__ = AskedFiles
    assert isinstance(files, AskedFiles)
    return files


@contextmanager
def asking(files: AskedFiles) -> Iterator[dict[str, str]]:
    """Records look-ups of files within a ``with`` block."""
    asked: dict[str, str] = {}
    files.asked = asked
    try:
        yield asked
    finally:
        files.asked = None


# -- What MkDocs keeps of a rendered page, as plain values ------------------------------------------------------------


def contents_of(page: Page) -> list[Any]:
    """The table of contents."""
    return [_anchor(item) for item in page.toc]


def _anchor(item: AnchorLink) -> list[Any]:
    return [item.title, item.id, item.level, [_anchor(child) for child in item.children]]


def _to_anchor(value: list[Any]) -> AnchorLink:
    title, id, level, children = value
    item = AnchorLink(title, id, level)
    item.children = [_to_anchor(child) for child in children]
    return item


def anchors_of(page: Page) -> tuple[list[str], dict[str, dict[str, str]]]:
    """The ids of a page, and links to ids of other pages that MkDocs checks at the end, by file."""
    links = {file.src_uri: dict(found) for file, found in (page.links_to_anchors or {}).items()}
    ids: set[str | None] = {*(page.present_anchor_ids or ())}  # one without a value is None
    return sorted(i for i in ids if i is not None), links


def titles_of(page: Page) -> tuple[str | None, str | None]:
    """The explicitly set title, and the title from the first heading."""
    return page.__dict__.get("title"), page._title_from_render


def set_title(page: Page, title: str | None) -> None:
    """Sets the title; without one, it is taken from the page."""
    page.__dict__.pop("title", None)
    if title is not None:
        page.title = title


def restore_facts(
    page: Page,
    files: Files,
    titles: tuple[str | None, str | None],
    anchors: tuple[list[str], dict[str, dict[str, str]]],
) -> None:
    """Restores the data of a page that is not rendered, for navigation and checks."""
    page.markdown = page.content = ""  # None marks a page as not read; ``restore_body`` sets both
    set_title(page, titles[0])
    page._title_from_render = titles[1]
    page.present_anchor_ids = set(anchors[0])
    found = ((files.get_file_from_path(path), links) for path, links in anchors[1].items())
    page.links_to_anchors = {file: links for file, links in found if file is not None}


def restore_body(page: Page, markdown: str, content: str, contents: list[Any]) -> None:
    """Sets what a page's template displays."""
    page.markdown, page.content = markdown, content
    items = [_to_anchor(item) for item in contents]
    if items:
        items[0].active = True  # type: ignore[attr-defined]  # as MkDocs marks the first
    page.toc = TableOfContents(items)
