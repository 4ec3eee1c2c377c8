"""Index of a vault in memory: pages, resolved links, backlinks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import cached_property

from kbtools.markdown.structure import Heading
from kbtools.vault.links.graph import LinkGraph, PageLinks
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.loading import Vault
from kbtools.vault.names import STRICT, Conventions, DictNameTable, FileNames
from kbtools.vault.page import Page


class Index(Resolver):
    """One state of a vault. Immutable; tables are made when needed."""

    def __init__(
        self,
        pages: Mapping[str, Page],
        attachments: Iterable[str] = (),
        conventions: Conventions = STRICT,
        ways_in: Iterable[str] = (),
    ) -> None:
        self.pages: Mapping[str, Page] = dict(sorted(pages.items()))
        super().__init__(DictNameTable(self.pages, FileNames(attachments)), conventions)
        self.graph = LinkGraph(self.pages, self)
        self.ways_in = frozenset(ways_in)
        """Pages that the navigation or a canvas links to."""

    @classmethod
    def build(cls, vault: Vault) -> Index:
        return cls(vault.pages, vault.attachments, vault.conventions, vault.ways_in)

    def with_pages(self, pages: Mapping[str, Page], attachments: Iterable[str] | None = None) -> Index:
        """The same vault with other pages, and other attachments where given."""
        files = self.attachments if attachments is None else attachments
        return Index(pages, files, self.conventions, self.ways_in)

    def with_texts(self, pages: Mapping[str, Page]) -> Index:
        """The same vault with other texts of these pages, whose outlines are as they were: what names mean is kept."""
        made = copy(self)
        made.pages = {**self.pages, **pages}
        made.graph = self.graph.with_texts(made.pages, pages)
        return made

    @property
    def attachments(self) -> frozenset[str]:
        return self.names.files.paths

    @property
    def links(self) -> Mapping[str, PageLinks]:
        """The links of every page."""
        return self.graph.links

    def is_linked(self, path: str) -> bool:
        """Whether another page, or the navigation, links to this one."""
        return path in self.graph.backlinks or path in self.ways_in

    @cached_property
    def redirects(self) -> Mapping[str, str]:
        """Redirecting pages with the path of their target, where the target is exactly one page."""
        named = ((path, self.redirect(path)) for path, page in self.pages.items() if page.redirect)
        return {path: target for path, target in named if target is not None}

    def heading(self, path: str, anchor: str) -> Heading | None:
        """The heading an anchor of a link to ``path`` names, or None."""
        at = self.sections(path).find(anchor)
        return None if at is None else self.pages[path].headings[at]
