"""Model of a site: the vault, its results and settings, passed to everything that renders."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from kbtools.config.globs import matches
from kbtools.config.project import Project, find_project
from kbtools.markdown.headings import slugify
from kbtools.site.data.mentions import Mention, mentions
from kbtools.site.data.names import Shared, Wanted, shared_names, wanted_names
from kbtools.site.data.page_lists import PATH as RESULTS
from kbtools.site.data.page_lists import result_pages
from kbtools.site.data.rendered import Rendered
from kbtools.site.data.results import Results
from kbtools.site.html.text import sentence_at, visible
from kbtools.site.html.urls import relative_path, relative_url, url_of
from kbtools.site.parts import Parts
from kbtools.site.words import Words, words_of
from kbtools.text.source import Span
from kbtools.vault import loading as vaults
from kbtools.vault.index import Index
from kbtools.vault.learning import LearningPath, count_exercises, learning_paths, stops
from kbtools.vault.loading import Vault
from kbtools.vault.page import Page


@dataclass
class Build:
    """Data that become known while a site is built."""

    urls: dict[str, str] = field(default_factory=dict)
    """The addresses of pages; without an entry, MkDocs' rule applies."""
    heading_ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the headings of generated pages."""
    inserted: dict[str, frozenset[str]] = field(default_factory=dict)
    """Tags that plugins have inserted into the Markdown of pages."""
    sentences: dict[tuple[str, int], str] = field(default_factory=dict)
    """Sentences around links, by page and position."""
    is_written: Callable[[str], bool] = lambda _: True
    """Whether a file of the wiki contains a text."""
    file: object = None
    """The file whose page MkDocs renders next; None for builders that do not provide it."""


@dataclass(frozen=True)
class SiteModel:
    """One state of a vault with its results."""

    project: Project
    index: Index
    results: Results = field(default_factory=Results)
    generated: frozenset[str] = frozenset()
    """Names of generated pages, as link targets."""
    directory_urls: bool = True
    """Whether ``A.md`` becomes ``A/`` and not ``A.html``."""
    words: Words = field(default_factory=lambda: words_of("en"))
    """The texts of the site, in its language."""
    parts: Parts = field(default_factory=Parts)
    """The enabled parts of kb."""
    build: Build = field(default_factory=Build, compare=False)
    """Data that the site generator provides during the build."""
    unpublished: frozenset[str] = frozenset()
    """Pages whose frontmatter excludes them from publication."""
    rendered: Rendered = field(default_factory=Rendered, compare=False, repr=False)
    """Pages rendered for embedding."""

    def for_site(
        self,
        *,
        results: Results,
        parts: Parts,
        generated: frozenset[str],
        directory_urls: bool,
        language: str,
        rendered: Rendered,
    ) -> SiteModel:
        """The wiki with the settings of one site."""
        return replace(
            self,
            results=results,
            parts=parts,
            generated=generated,
            directory_urls=directory_urls,
            words=words_of(language),
            rendered=rendered,
            build=Build(),
        )

    @cached_property
    def today(self) -> date:
        """The date of the build: ``SOURCE_DATE_EPOCH`` (reproducible-builds.org) if set."""
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        return datetime.fromtimestamp(int(epoch), UTC).date() if epoch.isdecimal() else date.today()

    @cached_property
    def listed(self) -> tuple[Page, ...]:
        """The pages of the knowledge base, without guide and front page: those that the configuration assigns a
        schema, or all pages if it assigns none."""
        globs = self.project.config.schema
        if not self.has_schema:
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
        """The learning paths that contain each page."""
        return stops(self.learning_paths)

    @cached_property
    def has_lessons(self) -> bool:
        """Whether the site contains lessons or exercises, which readers can tick off."""
        return bool(self.learning_paths) or any(count_exercises(page) for page in self.index.pages.values())

    @cached_property
    def has_schema(self) -> bool:
        """Whether the configuration assigns schemas to pages."""
        return any(name != "none" for _, name in self.project.config.schema)

    @cached_property
    def result_rows(self) -> Mapping[str, str]:
        """The generated page that shows the results of each page's snippets."""
        return result_pages(self.index.pages.values(), self.words) if RESULTS in self.generated else {}

    @cached_property
    def shows_devices(self) -> bool:
        """Whether results show devices and machines."""
        if self.parts.devices != "auto":
            return self.parts.devices
        snippets = (s for page in self.index.pages.values() if page.structure.fences for s in page.snippets)
        if any(snippet.device_reason is not None for snippet in snippets if snippet.executable):
            return True
        return any(run.outcome.device != "cpu" for runs in self.results.runs.values() for run in runs)

    @cached_property
    def mentions(self) -> Mapping[str, tuple[Mention, ...]]:
        """Pages that mention each page without a link."""
        return mentions(self.index, self.listed) if self.wants_mentions else {}

    @property
    def wants_mentions(self) -> bool:
        """Whether pages show unlinked mentions of them."""
        return self.has_schema if self.parts.mentions == "auto" else bool(self.parts.mentions)

    def sentence(self, path: str, place: Span) -> str:
        """The sentence of a page that contains a position, as plain text."""
        found = self.build.sentences.get((path, place.start))
        if found is None:
            found = sentence_at(visible(self.index.pages[path]), place.start, place.end)
            self.build.sentences[path, place.start] = found
        return found

    @cached_property
    def shared_names(self) -> Mapping[str, Shared]:
        """Ambiguous names that links use."""
        return shared_names(self.index)

    @cached_property
    def wanted_names(self) -> Mapping[str, Wanted]:
        """Missing pages that links name."""
        return wanted_names(self.index, self.words)

    def url_of(self, path: str) -> str:
        """The address of a file of the vault, or of a generated page, relative to the site's root."""
        known = self.build.urls.get(path)
        return url_of(path, self.directory_urls) if known is None else known

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The addresses of all files of the vault and of generated pages, once the builder has provided them."""
        return frozenset(map(self.url_of, {*self.index.pages, *self.index.attachments, *self.generated}))

    def address(self, path: str, from_path: str) -> str:
        """The address relative to another page."""
        return relative_url(self.url_of(path), self.url_of(from_path))

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
    """A link from one source file to another in the form that MkDocs expects: relative, percent-encoded, with
    ``.md``."""
    return quote(relative_path(path, posixpath.dirname(from_path)), errors="replace")


def load(project: Project) -> SiteModel:
    """Reads a vault for rendering. Unreadable files are reported by ``kb check``."""
    return of_vault(project, vaults.load(project))


def of_vault(project: Project, vault: Vault) -> SiteModel:
    """The model of a vault, without pages whose frontmatter excludes them from publication."""
    published = {path: page for path, page in vault.pages.items() if page.is_published}
    index = Index(published, vault.attachments, vault.conventions, vault.ways_in)
    return SiteModel(project, index, unpublished=frozenset(vault.pages.keys() - published.keys()))


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
