"""Edits of the vault for the editor: renames and respelled links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.positions import Positions
from kbtools.adapters.lsp.wire.protocol import TextDocumentEdit, TextEdit, WorkspaceEdit
from kbtools.edit.reconcile import plan_reconcile
from kbtools.edit.rename import plan_rename
from kbtools.errors import KbError
from kbtools.markdown.file_links import FileLink
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import target_page
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


class NamedPage(NamedTuple):
    """A page whose name stands somewhere."""

    path: str
    span: Span
    """Where its name stands."""
    title: str


def renamable(space: OpenVault, path: str, offset: int) -> NamedPage | None:
    """The page whose name stands at a place: as the target of a link, the title in the frontmatter, or the first
    heading."""
    page = space.page(path)
    if page is None:
        return None
    if (found := space.link_at(page, offset)) is not None:
        link, meaning = found
        outline = space.resident.resolver.outlines.get(target_page(meaning) or "")
        place = link.path_span if isinstance(link, FileLink) else link.target_span
        return NamedPage(outline.path, place, outline.title) if outline is not None and len(place) else None
    title = page.field_span("title")
    if len(title) and title.start <= offset <= title.end:
        return NamedPage(path, title, page.title)
    heading = next((h for h in page.headings if h.level == 1), None)
    if heading is not None and heading.span.start <= offset <= heading.span.end:
        at = page.source.text.find(page.title, heading.span.start, heading.span.end)
        return NamedPage(path, Span(at, at + len(page.title)) if at >= 0 else heading.span, page.title)
    return None


def rename(space: OpenVault, path: str, title: str) -> WorkspaceEdit:
    """Another title for a page: in it, in its file's name, in every link. Raises KbError where that cannot be."""
    index = space.index()
    plan = plan_rename(index, path, title, style=space.project.config.link_style)
    edit = _whole(space, index, plan.texts)
    if plan.new != path:
        edit["documentChanges"].append({"kind": "rename", "oldUri": space.uri(path), "newUri": space.uri(plan.new)})
    return edit


def respell(space: OpenVault, path: str) -> WorkspaceEdit:
    """The canonical spelling for every link to a page. Raises KbError where there is nothing to respell."""
    index, config = space.index(), space.project.config
    plan = plan_reconcile(index, Speller(index, config.link_style, config.keep_words), titles=True, to=path)
    edit = _whole(space, index, plan.texts)
    if not edit["documentChanges"]:
        raise KbError(f"every link to {path} is spelled as it should be", "nothing is to be done")
    return edit


def _whole(space: OpenVault, index: Index, texts: Mapping[str, str]) -> WorkspaceEdit:
    return {"documentChanges": [_of_page(space, index.pages[path], text) for path, text in sorted(texts.items())]}


def _of_page(space: OpenVault, page: Page, text: str) -> TextDocumentEdit:
    """The change of one page's text, line by line."""
    at = Positions(page.source.text, space.encoding, page.source.lines)
    edits: list[TextEdit] = [
        {"range": at.range(span), "newText": new} for span, new in differences(page.source.text, text)
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
