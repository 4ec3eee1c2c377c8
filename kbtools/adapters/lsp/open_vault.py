"""The vault of a document, with the texts of open documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kbtools.adapters.lsp.wire.addresses import placed
from kbtools.adapters.lsp.wire.positions import Positions
from kbtools.adapters.lsp.wire.protocol import TextEdit
from kbtools.check.shell import judge_of
from kbtools.check.shown_code import of_code_that_counts
from kbtools.config.project import PROJECT_FILES, Project, find_project, foreign_vault
from kbtools.config.snippet_policy import SHOW
from kbtools.errors import KbError
from kbtools.incremental.resident import Resident
from kbtools.text.diagnostics import Diagnostic, Edit
from kbtools.text.source import Source, Span
from kbtools.vault.listing import Exclusion

# What reads pages is imported when it is first needed: see Resident.
if TYPE_CHECKING:
    from kbtools.adapters.lsp.watching import Watch
    from kbtools.check.baseline import Baseline
    from kbtools.links import WikiLink
    from kbtools.markdown.file_links import FileLink
    from kbtools.run.results.outcomes import Outcome
    from kbtools.vault.index import Index
    from kbtools.vault.links.graph import PageLinks
    from kbtools.vault.links.resolution import FileResolution, Resolution
    from kbtools.vault.page import Page

    Link = tuple[WikiLink | "FieldLink", Resolution] | tuple[FileLink, FileResolution]


class FieldLink(NamedTuple):
    """A field of the frontmatter that names another page, or a wikilink in one."""

    span: Span
    target_span: Span

    @property
    def start(self) -> int:
        return self.span.start

    @property
    def end(self) -> int:
        return self.span.end


def project_of(file: Path, folders: Iterable[Path]) -> Project | None:
    """The project a file lies in, else the editor's folder as it is. Raises KbError for a configuration that cannot be
    read. None for a file outside of both: its own folder may be a home, and hold a whole disk."""
    try:
        return find_project(file.parent)
    except KbError as error:
        if not error.message.startswith("no wiki in"):
            raise
    above = [folder for folder in folders if file.is_relative_to(folder)]
    return foreign_vault(max(above, key=lambda f: len(f.parts))) if above else None


def path_in(project: Project, file: Path) -> str | None:
    """A page's path in a vault; None for what is not a page of it."""
    try:
        path = Path(os.path.realpath(file)).relative_to(os.path.realpath(project.vault)).as_posix()
    except ValueError:
        return None
    return path if path.endswith(".md") and not Exclusion(project.config).covers(path) else None


def may_be_of_another(project: Project, file: Path) -> bool:
    """Whether a file of a vault may lie in a project of its own, within it."""
    folders = takewhile(lambda folder: folder != project.root, placed(file).parents)
    return any((folder / name).is_file() for folder in folders for name in PROJECT_FILES)


def top_of(project: Project, file: Path, path: str) -> Path:
    """The vault as it is called in the name of a page's file."""
    depth = path.count("/")
    above = file.parents[depth] if depth < len(file.parents) else file
    return above if file == above / path else project.vault.resolve()


class OpenVault:
    """One wiki. Raises KbError, when it is made, for a configuration that cannot be read."""

    def __init__(self, project: Project, encoding: str, top: Path | None = None) -> None:
        self.project = project
        self.top = top or project.vault.resolve()
        """The vault as the client calls it, which may open it by a symbolic link."""
        self.encoding = encoding
        self._judged = project._replace(held_to=SHOW) if project.foreign else project
        """With what code is held to in findings: as for `kb check --vault`, but it can be run."""
        self.resident = Resident(project, judge_of(project.state))
        self.watch: Watch | None = None
        self.outcomes: dict[str, tuple[Page, int, dict[str, list[Outcome]]]] = {}
        """What was read of results, by page: the page and the stamp of the file they were read for."""

    def close(self) -> None:
        if self.watch is not None:
            self.watch.close()
        self.resident.close()

    # -- places ----------------------------------------------------------------------------------------------------

    def uri(self, path: str) -> str:
        return (self.top / path).as_uri()

    def positions(self, source: Source) -> Positions:
        return Positions(source.text, self.encoding, source.lines)

    def text_edits(self, source: Source, edits: Iterable[Edit]) -> list[TextEdit]:
        at = self.positions(source)
        return [{"range": at.range(e.span), "newText": e.replacement} for e in edits]

    # -- pages -----------------------------------------------------------------------------------------------------

    def page(self, path: str) -> Page | None:
        return self.resident.page(path)

    def links(self, page: Page) -> PageLinks:
        from kbtools.vault.links.graph import links_of

        return links_of(page, self.resident.resolver)

    def link_at(self, page: Page, offset: int) -> Link | None:
        """The link at an offset, with its resolution."""
        from kbtools.vault.links.resolution import Resolved

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
        """The fields that name another page, and the wikilinks in others, each with the page."""
        from kbtools.vault.links.property_links import property_links
        from kbtools.vault.links.resolution import target_page

        resolver = self.resident.resolver
        linked = list(property_links(page))
        for link in linked:
            if (meant := target_page(resolver.resolve_name(link.target, page.path))) is not None:
                yield FieldLink(link.span, link.target_span), meant
        for key, name in page.references:
            span, target = page.field_span(key), resolver.page_named(name, page.path)
            if target not in (None, page.path) and not any(link.span.overlaps(span) for link in linked):
                yield FieldLink(span, span), target

    def links_to(self, path: str) -> Iterator[tuple[Page, WikiLink | FileLink | FieldLink]]:
        """Every link of the wiki that leads to a page, and every field that names it, by path and place."""
        from kbtools.links import fold_title
        from kbtools.vault.names import NameRecord, name_keys

        outline = self.resident.resolver.outlines.get(path)
        if outline is None:
            return
        keys = {*name_keys(NameRecord.of(outline)), fold_title(path.rpartition("/")[2])}
        for other in self.resident.linking_to(keys):
            page = self.page(other)
            if page is None:
                continue
            found: list[WikiLink | FileLink | FieldLink] = [f for f, target in self.fields(page) if target == path]
            found += (link for target, link in self.links(page).targets() if target == path)
            yield from ((page, link) for link in sorted(found, key=lambda link: link.start))

    def index(self) -> Index:
        """All pages, read: for changes of the whole wiki."""
        from kbtools.vault.index import Index
        from kbtools.vault.loading import load

        return Index.build(load(self.project, self.resident.read, self.resident.listing))

    # -- findings --------------------------------------------------------------------------------------------------

    def forget_baseline(self) -> None:
        self.__dict__.pop("baseline", None)

    @cached_property
    def baseline(self) -> Baseline | None:
        from kbtools.check import baseline

        if not (self.project.root / baseline.FILE).exists():
            return None
        return baseline.Baseline.read(self.project.root)

    def findings(self, path: str) -> tuple[list[Diagnostic], list[tuple[Diagnostic, date]]]:
        """What is wrong with a page: what is new, and what the baseline accepts."""
        found, _ = of_code_that_counts(self._judged, self.resident.findings(path))
        source = self.resident.source(path)
        if source is None:
            return [], []
        if self.baseline is None:
            return found, []
        compared = self.baseline.compare(found, lambda _: source, lambda _: False)
        return list(compared.new), list(compared.known)
