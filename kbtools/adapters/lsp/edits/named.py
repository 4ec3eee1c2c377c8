"""What can be renamed at a place: a page, or a heading, a block or an alias of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kbtools.adapters.lsp.navigation import place
from kbtools.adapters.lsp.open_vault import FieldLink, OpenVault
from kbtools.edit.rename_part import Texts, heading_text, plan_rename_alias, plan_rename_block, plan_rename_heading
from kbtools.edit.verify import few
from kbtools.errors import KbError
from kbtools.links import WikiLink, fold_title, label_span
from kbtools.markdown.file_links import FileLink
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Alias, Ambiguous, Missing, Resolved, target_page
from kbtools.vault.names import nfc
from kbtools.vault.page import Page

if TYPE_CHECKING:
    from kbtools.adapters.lsp.open_vault import Link

T = TypeVar("T")


class Named(NamedTuple):
    """A page, or a part of one, whose name stands somewhere."""

    path: str
    span: Span
    """Where its name stands."""
    name: str
    plan: Callable[[Index, str], Texts] | None = None
    """How a part is given another name: the new texts of pages."""


def named_page(space: OpenVault, page: Page, offset: int) -> Named | None:
    """The page whose name stands at a place: as the target of a link, the title in the frontmatter, or the first
    heading."""
    if (found := space.link_at(page, offset)) is not None:
        link, meaning = found
        outline = space.resident.resolver.outlines.get(target_page(meaning) or "")
        at = link.path_span if isinstance(link, FileLink) else link.target_span
        return Named(outline.path, at, outline.title) if outline is not None and len(at) else None
    title = page.field_span("title")
    if len(title) and title.start <= offset <= title.end:
        return Named(page.path, title, page.title)
    heading = next((h for h in page.headings if h.level == 1), None)
    if heading is not None and heading.span.start <= offset <= heading.span.end:
        at_ = page.source.text.find(page.title, heading.span.start, heading.span.end)
        return Named(page.path, Span(at_, at_ + len(page.title)), page.title) if at_ >= 0 else None
    return None


def renamable(space: OpenVault, page: Page, offset: int) -> Named:
    """What is named at a place: by a part of a link, or where it is defined. Raises KbError, with the reason, where
    nothing can be renamed."""
    found = space.link_at(page, offset)
    parts = [*_parts_of_link(space, page, found)] if found is not None else [*_parts_of_page(page)]
    if (whole := named_page(space, page, offset)) is not None:
        parts.append(whole)
    parts += _headings(page) if found is None else ()
    named = next((part for part in parts if part.span.start <= offset <= part.span.end), None)
    if named is None:
        raise _reason(found)
    return named


def _parts_of_page(page: Page) -> Iterator[Named]:
    """Aliases and blocks, where they are defined."""
    for alias in page.aliases:
        yield _alias(page, alias, page.alias_span(alias))
    for block in page.structure.block_ids:
        yield _block(page, block.name, Span(block.span.start + 1, block.span.end))


def _headings(page: Page) -> Iterator[Named]:
    text = page.source.text
    for heading in page.headings:
        if (at := heading_text(page, heading)) is not None:
            yield Named(page.path, at, at.of(text), _planned(plan_rename_heading, page, heading))


def _parts_of_link(space: OpenVault, page: Page, found: Link) -> Iterator[Named]:
    """What the parts of a link name: its label and target an alias, what follows ``#`` a section or a block."""
    link, meaning = found
    target = space.page(target_page(meaning) or "")
    if target is None or isinstance(link, FieldLink):
        return
    text = page.source.text
    if isinstance(link, WikiLink):
        folded = fold_title(link.target)
        for alias in target.aliases:
            if link.label is not None and nfc(link.label.strip()) == nfc(alias):
                yield _alias(target, alias, label_span(link, text))
            if folded == fold_title(alias) and folded not in map(fold_title, (target.title, target.stem)):
                yield _alias(target, alias, link.target_span)
    end = link.path_end if isinstance(link, FileLink) else link.target_span.end
    part = place(space, target, link)
    if link.block:
        block = next((b for b in target.structure.block_ids if b.span == part), None)
        at = text.find(link.block, end, link.end)
        if block is not None and at >= 0:
            yield _block(target, block.name, Span(at, at + len(link.block)))
    elif link.anchor:
        whole = link.fragment_span if isinstance(link, FileLink) else _found(text, link.anchor, end, link.end)
        last = Span(whole.end - len(whole.of(text).rpartition("#")[2]), whole.end)
        yield from (named._replace(span=last) for named in _headings(target) if named.span.start in part)


def _found(text: str, words: str, start: int, end: int) -> Span:
    at = text.find(words, start, end)
    return Span(at, at + len(words)) if at >= 0 else Span(end, end)


def _alias(page: Page, alias: str, at: Span) -> Named:
    return Named(page.path, at, alias, _planned(plan_rename_alias, page, alias))


def _block(page: Page, name: str, at: Span) -> Named:
    return Named(page.path, at, name, _planned(plan_rename_block, page, name))


def _planned(plan: Callable[[Index, str, T, str], Texts], page: Page, part: T) -> Callable[[Index, str], Texts]:
    return lambda index, name: plan(index, page.path, part, name)


def _reason(found: Link | None) -> KbError:
    """Why nothing can be renamed at a place."""
    if found is None:
        return KbError("nothing here is a name", "names are titles, headings, aliases, ids of blocks and links to them")
    _, meaning = found
    if isinstance(meaning, Missing):
        return KbError("the link leads to no page", "a quick fix may write the page, or respell the link")
    if isinstance(meaning, (Ambiguous, Alias)) and len(meaning.candidates) > 1:
        return KbError(f"the link could lead to {few(meaning.candidates)}", "rename one of them on the page itself")
    if isinstance(meaning, Resolved) and meaning.how == "attachment":
        return KbError(f"{meaning.page} is a file", "rename it in the file explorer, and links to it follow")
    if target_page(meaning) is None:
        return KbError("the link leads out of the wiki", "only what is in it can be renamed")
    return KbError("these words of the link are no name", "rename at the page or the section that it names")
