"""Edits of the vault for the editor: renames and respelled links."""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.positions import Positions
from kbtools.adapters.lsp.wire.protocol import TextDocumentEdit, WorkspaceEdit
from kbtools.edit.reconcile import plan_reconcile
from kbtools.edit.rename import plan_rename
from kbtools.errors import KbError
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import target_page
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


def renamable(space: OpenVault, path: str, offset: int) -> tuple[str, Span, str] | None:
    """The page whose name stands at a place, where it stands, and what it is called: the target of a wikilink, the
    title in the frontmatter, the first heading."""
    page = space.page(path)
    if page is None:
        return None
    for link, meaning in space.links(page).wiki:
        if link.target_span.start <= offset <= link.target_span.end:
            target = target_page(meaning)
            outline = space.resident.resolver.outlines.get(target or "")
            return (outline.path, link.target_span, outline.title) if outline is not None else None
    title = page.field_span("title")
    if len(title) and title.start <= offset <= title.end:
        return path, title, page.title
    heading = next((h for h in page.headings if h.level == 1), None)
    if heading is not None and heading.span.start <= offset <= heading.span.end:
        at = page.source.text.find(page.title, heading.span.start, heading.span.end)
        return path, Span(at, at + len(page.title)) if at >= 0 else heading.span, page.title
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
    """The change of one page's text, without what is the same at its beginning and its end."""
    old = page.source.text
    start = 0
    while start < min(len(old), len(text)) and old[start] == text[start]:
        start += 1
    end = 0
    while end < min(len(old), len(text)) - start and old[-1 - end] == text[-1 - end]:
        end += 1
    at = Positions(old, space.encoding, page.source.lines)
    return {
        "textDocument": {"uri": space.uri(page.path), "version": None},
        "edits": [{"range": at.range(Span(start, len(old) - end)), "newText": text[start : len(text) - end]}],
    }
