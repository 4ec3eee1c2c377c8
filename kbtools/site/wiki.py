"""The wiki as the site sees it: pages, names, results, loaded once and handed to everything that renders."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from kbtools.config import Project, find_project
from kbtools.index import Index
from kbtools.learning import LearningPath, count_exercises, learning_paths, stops
from kbtools.markdown.headings import slugify
from kbtools.page import Page
from kbtools.site.mentions import Mention, mentions
from kbtools.site.rendered import Rendered
from kbtools.site.results import Results
from kbtools.vault import loading as vaults
from kbtools.vault.listing import matches

if TYPE_CHECKING:
    from kbtools.site.name_pages import Shared, Wanted


@dataclass(frozen=True)
class Wiki:
    """One state of a vault with its results."""

    project: Project
    index: Index
    results: Results = field(default_factory=Results)
    generated: frozenset[str] = frozenset()
    """Names of generated pages, so that others may link to them."""
    directory_urls: bool = True
    """Whether ``A.md`` becomes ``A/`` and not ``A.html``."""
    rendered: Rendered = field(default_factory=Rendered, compare=False, repr=False)
    """Pages rendered for embedding."""

    @cached_property
    def today(self) -> date:
        """The day of the build: ``SOURCE_DATE_EPOCH`` (reproducible-builds.org) where it is set."""
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        return datetime.fromtimestamp(int(epoch), UTC).date() if epoch.isdecimal() else date.today()

    @cached_property
    def listed(self) -> tuple[Page, ...]:
        """The pages of the knowledge base, as against the site's guide and front page: those the configuration gives
        a schema; all pages when it names none."""
        globs = self.project.config.schema
        if not any(name != "none" for _, name in globs):
            return tuple(self.index.pages.values())

        def schema_of(path: str) -> str:
            return next((name for glob, name in globs if matches(path, (glob,))), "none")

        return tuple(page for path, page in self.index.pages.items() if schema_of(path) != "none")

    @cached_property
    def listed_paths(self) -> frozenset[str]:
        return frozenset(page.path for page in self.listed)

    @cached_property
    def learning_paths(self) -> tuple[LearningPath, ...]:
        return learning_paths(self.index)

    @cached_property
    def stops(self) -> Mapping[str, tuple[LearningPath, ...]]:
        """The learning paths that lead through each page."""
        return stops(self.learning_paths)

    @cached_property
    def has_lessons(self) -> bool:
        """Whether there is anything a reader can tick off."""
        return bool(self.learning_paths) or any(count_exercises(page) for page in self.index.pages.values())

    @cached_property
    def mentions(self) -> Mapping[str, tuple[Mention, ...]]:
        """Pages of the knowledge base that speak of each page and do not link to it."""
        return mentions(self.index, self.listed)

    @cached_property
    def shared_names(self) -> Mapping[str, Shared]:
        """Names that links use and several pages have."""
        from kbtools.site.name_pages import shared_names

        return shared_names(self)

    @cached_property
    def wanted_names(self) -> Mapping[str, Wanted]:
        """Missing pages that links ask for."""
        from kbtools.site.name_pages import wanted_names

        return wanted_names(self)

    def tag_href(self, tag: str, from_path: str) -> str | None:
        return f"{relative('tags.md', from_path)}#{tag_id(tag)}" if "tags.md" in self.generated else None

    def category_href(self, category: str, from_path: str) -> str | None:
        known = "categories.md" in self.generated
        return f"{relative('categories.md', from_path)}#{category_id(category)}" if known else None


def tag_id(tag: str) -> str:
    """The id of a tag's heading on the page of tags."""
    return f"tag-{slugify(tag) or 'x' + tag.encode('utf-8', 'replace').hex()}"


def category_id(category: str) -> str:
    """The id of a category's heading on the page of categories."""
    return f"category-{slugify(category) or 'x' + category.encode('utf-8', 'replace').hex()}"


def relative(path: str, from_path: str) -> str:
    """A link from one source file to another as MkDocs wants it: relative, percent-encoded, still ``.md``."""
    return quote(posixpath.relpath(path, posixpath.dirname(from_path) or "."), errors="replace")


def load(project: Project, results: Results | None = None) -> Wiki:
    """Read a vault for rendering. Unreadable files are for ``kb check`` to report."""
    return Wiki(project, Index.build(vaults.load(project)), results or Results())


def project_for(config_file: str | None, docs_dir: str) -> Project:
    """The project that a site's configuration belongs to; its ``docs_dir`` is the vault. Raises KbError."""
    docs = Path(docs_dir).resolve()
    start = Path(config_file).resolve().parent if config_file else docs.parent
    project = find_project(start)
    return project if project.vault.resolve() == docs else project._replace(vault=docs)


def strings(value: object) -> tuple[str, ...]:
    """A frontmatter value that is text or a list of text, as text."""
    values: Iterable[object] = value if isinstance(value, list) else (value,)
    return tuple(str(v).strip() for v in values if v is not None and not isinstance(v, (dict, list)) and str(v).strip())
