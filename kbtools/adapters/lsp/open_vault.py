"""The vault of a document, with the texts of open documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from kbtools.adapters.lsp.positions import Positions
from kbtools.check.baseline import Baseline
from kbtools.check.shell import judge_of
from kbtools.config.project import Project, find_project, foreign_vault
from kbtools.errors import KbError
from kbtools.incremental.resident import Resident
from kbtools.links import WikiLink, fold_title
from kbtools.markdown.file_links import FileLink
from kbtools.run.results.outcomes import Outcome
from kbtools.text.diagnostics import Diagnostic, Edit
from kbtools.text.source import Source, Span
from kbtools.vault.index import Index
from kbtools.vault.links.graph import PageLinks, links_of
from kbtools.vault.links.resolution import FileResolution, Resolution, Resolved
from kbtools.vault.links.spelling import Speller
from kbtools.vault.loading import load
from kbtools.vault.names import NameRecord, name_keys
from kbtools.vault.page import Page

CONFIGURATION = ("kb.toml", "pyproject.toml", "mkdocs.yml", "kb-baseline.json")
"""Files that decide what is wrong with a page."""


class FieldLink(NamedTuple):
    """A field of the frontmatter that names another page."""

    span: Span

    @property
    def start(self) -> int:
        return self.span.start

    @property
    def end(self) -> int:
        return self.span.end


Link = tuple[WikiLink | FieldLink, Resolution] | tuple[FileLink, FileResolution]


def path_of(uri: str) -> Path | None:
    """The file of an address; None for what is no file, such as a page that was never saved."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = unquote(parts.path, errors="surrogateescape")
    if os.name == "nt":
        path = path.lstrip("/")
    return Path(path)


class OpenVault:
    """One wiki. Raises KbError, when it is made, for a configuration that cannot be read."""

    def __init__(self, project: Project, encoding: str) -> None:
        self.project = project
        self.encoding = encoding
        self.resident = Resident(project, judge_of(project.state))
        self.outcomes: dict[str, tuple[Page, int, dict[str, list[Outcome]]]] = {}
        """What was read of results, by page: the page and the stamp of the file they were read for."""

    @classmethod
    def around(cls, file: Path, folders: Iterable[Path], encoding: str) -> OpenVault:
        """The wiki of a file: the project it lies in, else the editor's folder as it is, else the file's own."""
        try:
            return cls(find_project(file.parent), encoding)
        except KbError as error:
            if not error.message.startswith("no wiki in"):
                raise
        above = [folder for folder in folders if file.is_relative_to(folder)]
        return cls(foreign_vault(max(above, key=lambda f: len(f.parts), default=file.parent)), encoding)

    def close(self) -> None:
        self.resident.close()

    # -- places ----------------------------------------------------------------------------------------------------

    def path(self, file: Path) -> str | None:
        """A page's path in the vault; None for what is no page of it."""
        try:
            path = file.resolve().relative_to(self.project.vault.resolve()).as_posix()
        except (ValueError, OSError):
            return None
        return path if self.resident.holds(path) else None

    def uri(self, path: str) -> str:
        return (self.project.vault.resolve() / path).as_uri()

    def positions(self, source: Source) -> Positions:
        return Positions(source.text, self.encoding, source.lines)

    def text_edits(self, source: Source, edits: Iterable[Edit]) -> list[types.TextEdit]:
        at = self.positions(source)
        return [types.TextEdit(at.range(e.span), e.replacement) for e in edits]

    # -- pages -----------------------------------------------------------------------------------------------------

    def page(self, path: str) -> Page | None:
        return self.resident.page(path)

    def links(self, page: Page) -> PageLinks:
        return links_of(page, self.resident.resolver)

    @property
    def speller(self) -> Speller:
        config = self.project.config
        return Speller(self.resident.resolver, config.link_style, config.keep_words)

    def link_at(self, page: Page, offset: int) -> Link | None:
        """The link that an offset lies on, with what it means."""
        held = self.links(page)
        for link, meaning in held.wiki:
            if link.start <= offset <= link.end:
                return link, meaning
        for file, meant in held.files:
            if file.start <= offset <= file.end:
                return file, meant
        for field, target in self.fields(page):
            if field.start <= offset <= field.end:
                return field, Resolved(target, "exact")
        return None

    def fields(self, page: Page) -> Iterator[tuple[FieldLink, str]]:
        """The fields that name another page, with the page they name."""
        for key, name in page.references:
            target = self.resident.resolver.page_named(name, page.path)
            if target is not None and target != page.path:
                yield FieldLink(page.field_span(key)), target

    def links_to(self, path: str) -> Iterator[tuple[Page, WikiLink | FileLink | FieldLink]]:
        """Every link of the wiki that leads to a page, and every field that names it, by path and place."""
        outline = self.resident.resolver.outlines.get(path)
        if outline is None:
            return
        keys = {*name_keys(NameRecord.of(outline)), fold_title(path.rpartition("/")[2])}
        for other in self.resident.linking(keys):
            page = self.page(other)
            if page is None:
                continue
            found: list[WikiLink | FileLink | FieldLink] = [f for f, target in self.fields(page) if target == path]
            found += (link for target, link in self.links(page).targets() if target == path)
            yield from ((page, link) for link in sorted(found, key=lambda link: link.start))

    def index(self) -> Index:
        """All pages, read: for changes of the whole wiki."""
        return Index.build(load(self.project, self.resident.read))

    # -- findings --------------------------------------------------------------------------------------------------

    @cached_property
    def baseline(self) -> Baseline:
        return Baseline.read(self.project.root) or Baseline()

    def findings(self, path: str) -> tuple[list[Diagnostic], list[tuple[Diagnostic, date]]]:
        """What is wrong with a page: what is new, and what the baseline accepts."""
        found = self.resident.findings(path)
        page = self.page(path)
        if page is None:
            return [], []
        compared = self.baseline.compare(found, lambda _: page.source, lambda _: False)
        return list(compared.new), list(compared.known)
