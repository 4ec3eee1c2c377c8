"""Edits of the vault for the editor: renames and respelled links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import accumulate

from kbtools.adapters.lsp.edits.named import Named
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.positions import Positions
from kbtools.adapters.lsp.wire.protocol import Change, ChangeAnnotation, TextDocumentEdit, TextEdit, WorkspaceEdit
from kbtools.edit.reconcile import plan_reconcile
from kbtools.edit.rename import plan_rename
from kbtools.errors import KbError
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


def rename(space: OpenVault, named: Named, name: str, *, keep_file: bool) -> WorkspaceEdit:
    """Another name for a page or a part of it: where it stands itself, in a page's file name unless ``keep_file``, and
    in every link. Raises KbError where that cannot be."""
    index = space.index()
    if named.plan is not None:
        return whole(space, index, named.plan(index, name), named.path)
    keep_file = keep_file or not (space.project.vault / named.path).is_file()
    plan = plan_rename(index, named.path, name, style=space.project.config.link_style, keep_file=keep_file)
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
