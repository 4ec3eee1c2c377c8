"""The part of the MkDocs plugin that builds with kept pages use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

from kbtools.site.data.model import SiteModel
from kbtools.site.files.graph import Graph
from kbtools.site.generated.document import Document
from kbtools.site.html.csp import Brought, ContentPolicy
from kbtools.site.search.collect import Search


class Plugin(Protocol):
    wiki: SiteModel | None
    search: Search | None
    graph: Graph | None
    policy: ContentPolicy | None
    brought: Brought
    has_previews: bool
    made: Mapping[str, Document]
    has_diagrams: bool
    serving: bool

    def added(self, path: str, url: str) -> str: ...
    def add_page(self, file: File) -> None: ...
    def around_template(self, path: str) -> str: ...
    def is_written(self, text: str) -> bool: ...
    def show(self, wiki: SiteModel, config: MkDocsConfig) -> None: ...
