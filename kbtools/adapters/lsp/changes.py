"""Edits of the vault for the editor: renames and respelled links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

from kbtools.adapters.lsp.navigation import place
from kbtools.adapters.lsp.open_vault import FieldLink, OpenVault
from kbtools.adapters.lsp.wire.positions import Positions
from kbtools.adapters.lsp.wire.protocol import Change, ChangeAnnotation, TextDocumentEdit, TextEdit, WorkspaceEdit
from kbtools.edit.reconcile import plan_reconcile
from kbtools.edit.rename import plan_rename
from kbtools.edit.rename_heading import heading_text, plan_rename_heading
from kbtools.errors import KbError
from kbtools.markdown.file_links import FileLink
from kbtools.markdown.structure import Heading
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import target_page
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


class Named(NamedTuple):
    """A page, or a section of one, whose name stands somewhere."""

    path: str
    span: Span
    """Where its name stands."""
    name: str
    heading: Heading | None = None
    """The heading of a section."""


def named_page(space: OpenVault, path: str, offset: int) -> Named | None:
    """The page whose name stands at a place: as the target of a link, the title in the frontmatter, or the first
    heading."""
    page = space.page(path)
    if page is None:
        return None
    if (found := space.link_at(page, offset)) is not None:
        link, meaning = found
        outline = space.resident.resolver.outlines.get(target_page(meaning) or "")
        at = link.path_span if isinstance(link, FileLink) else link.target_span
        return Named(outline.path, at, outline.title) if outline is not None and len(at) else None
    title = page.field_span("title")
    if len(title) and title.start <= offset <= title.end:
        return Named(path, title, page.title)
    heading = next((h for h in page.headings if h.level == 1), None)
    if heading is not None and heading.span.start <= offset <= heading.span.end:
        at_ = page.source.text.find(page.title, heading.span.start, heading.span.end)
        return Named(path, Span(at_, at_ + len(page.title)), page.title) if at_ >= 0 else None
    return None


def renamable(space: OpenVault, path: str, offset: int) -> Named | None:
    """What can be renamed at a place: the section that a heading or the end of a link names, else a page."""
    named = _named_section(space, path, offset) or named_page(space, path, offset)
    return named if named is not None and named.span.start <= offset <= named.span.end else None


def _named_section(space: OpenVault, path: str, offset: int) -> Named | None:
    page = space.page(path)
    if page is None:
        return None
    found = space.link_at(page, offset)
    if found is None:
        title = named_page(space, path, offset)
        heading = next((h for h in page.headings if h.span.start <= offset <= h.span.end), None)
        text_at = heading_text(page, heading) if heading is not None and title is None else None
        return Named(path, text_at, heading.text, heading) if heading is not None and text_at is not None else None
    link, meaning = found
    target, anchor = space.page(target_page(meaning) or ""), getattr(link, "anchor", None)
    if target is None or isinstance(link, FieldLink) or not anchor:
        return None
    named = place(space, target, link)
    heading = next((h for h in target.headings if h.span == named), None)
    start, text = (
        max(link.start, link.path_end if isinstance(link, FileLink) else link.target_span.end),
        page.source.text,
    )
    whole = link.fragment_span if isinstance(link, FileLink) else _found(text, anchor, start, link.end)
    at = Span(whole.end - len(whole.of(text).rpartition("#")[2]), whole.end)
    if heading is None or heading_text(target, heading) is None or offset < at.start:
        return None
    return Named(target.path, at, heading.text, heading)


def _found(text: str, words: str, start: int, end: int) -> Span:
    at = text.find(words, start, end)
    return Span(at, at + len(words)) if at >= 0 else Span(end, end)


def rename(space: OpenVault, named: Named, name: str) -> WorkspaceEdit:
    """Another name for a section or a page: where it stands itself, in a page's file name, and in every link. Raises
    KbError where that cannot be."""
    index = space.index()
    if named.heading is not None:
        return whole(space, index, plan_rename_heading(index, named.path, named.heading, name), named.path)
    is_saved = (space.project.vault / named.path).is_file()
    plan = plan_rename(index, named.path, name, style=space.project.config.link_style, keep_file=not is_saved)
    edit = whole(space, index, plan.texts, named.path)
    if plan.new != named.path:
        old, new = space.uri(named.path), space.uri(plan.new)
        edit["documentChanges"].append({"kind": "rename", "oldUri": old, "newUri": new, "annotationId": "file"})
        edit["changeAnnotations"]["file"] = {"label": "File name"}
    return edit


def respell(space: OpenVault, path: str) -> WorkspaceEdit:
    """The canonical spelling for every link to a page. Raises KbError where there is nothing to respell."""
    index, config = space.index(), space.project.config
    plan = plan_reconcile(index, Speller(index, config.link_style, config.keep_words), titles=True, to=path)
    edit = whole(space, index, plan.texts, None)
    if not edit["documentChanges"]:
        raise KbError(f"every link to {path} is spelled as it should be", "nothing is to be done")
    return edit


def whole(space: OpenVault, index: Index, texts: Mapping[str, str], own: str | None) -> WorkspaceEdit:
    """The changes of pages, those of the renamed page and those of the links to it each under a heading of the
    editor's preview."""
    changes: list[Change] = []
    annotations: dict[str, ChangeAnnotation] = {}
    for path, text in sorted(texts.items()):
        kind = "page" if path == own else "links"
        annotations[kind] = {"label": "The page itself" if path == own else "Links"}
        changes.append(_of_page(space, index.pages[path], text, kind))
    return {"documentChanges": changes, "changeAnnotations": annotations}


def _of_page(space: OpenVault, page: Page, text: str, kind: str) -> TextDocumentEdit:
    """The change of one page's text, line by line."""
    at = Positions(page.source.text, space.encoding, page.source.lines)
    edits: list[TextEdit] = [
        {"range": at.range(span), "newText": new, "annotationId": kind}
        for span, new in differences(page.source.text, text)
    ]
    return {"textDocument": {"uri": space.uri(page.path), "version": None}, "edits": edits}


def differences(old: str, new: str) -> Iterator[tuple[Span, str]]:
    """The spans of a text that differ from another text, each with what stands there, in order."""
    before, after = (re.split(r"(?<=\n)", text) for text in (old, new))
    if len(before) == len(after):  # the usual case: a link stays on its line
        blocks = [(i, i + 1, i, i + 1) for i, (x, y) in enumerate(zip(before, after, strict=True)) if x != y]
    else:
        codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        blocks = [places for tag, *places in codes if tag != "equal"]  # type: ignore[misc]
    starts = [0, *accumulate(map(len, before))]
    for first, end, new_first, new_end in blocks:
        was, will = old[starts[first] : starts[end]], "".join(after[new_first:new_end])
        same = _equal(was, will)
        ending = _equal(was[same:][::-1], will[same:][::-1])
        yield Span(starts[first] + same, starts[end] - ending), will[same : len(will) - ending]


def _equal(a: str, b: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
