"""Positions behind Hangul, emoji and combining characters, in every encoding that a client may choose."""

from __future__ import annotations

from pathlib import Path

import pytest
from editor import UNITS, Editor
from lsprotocol import types
from pytest_lsp import LanguageClient

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("client", UNITS, indirect=True, scope="module"),
]
LINE = "😀 한글 é [[tensor]] 👨‍👩 [[Tensor#모양]], [[Nowhere]]"


@pytest.fixture
def page(client: LanguageClient, request: pytest.FixtureRequest, wiki: Path) -> Editor:
    """A page with one such line, which is not saved."""
    editor = Editor(client, wiki / "docs/topics/Autograd.md", request.node.callspec.params["client"])
    editor.text = f"# Autograd\n\n{LINE}\n"
    return editor


async def test_findings(page: Editor) -> None:
    found = {str(d.code): page.shown(d.range) for d in await page.open()}
    assert (found["variant-link"], found["broken-link"]) == ("tensor", "Nowhere")


async def test_changes(page: Editor) -> None:
    await page.open()
    await page.type("한글 é", "😀😀 글")
    found = {str(d.code): page.shown(d.range) for d in await page.type("Nowhere", "없음😀")}
    assert found["broken-link"] == "없음😀"


async def test_completion(page: Editor) -> None:
    await page.open()
    await page.type("[[Nowhere]]", "[[텐")
    end = page.position(len(page.text.rstrip("\n")))
    answer = await page.client.text_document_completion_async(types.CompletionParams(page.document, end))
    assert isinstance(answer, types.CompletionList)
    edits = {item.label: item.text_edit for item in answer.items}
    edit = edits["텐서"]
    assert isinstance(edit, types.TextEdit)
    assert page.shown(edit.range) == "텐"
    assert page.done([edit]).endswith(", [[Tensor|텐서]]\n")


async def test_rename(page: Editor) -> None:
    await page.open()
    place = page.at("Tensor#", 2)
    answer = await page.client.text_document_rename_async(types.RenameParams(page.document, place, "배열"))
    assert answer is not None
    (change,) = (
        c
        for c in answer.document_changes or ()
        if isinstance(c, types.TextDocumentEdit) and c.text_document.uri == page.uri
    )
    expected = page.text.replace("[[tensor]]", "[[배열]]").replace("[[Tensor#", "[[배열#")
    assert page.done(change.edits) == expected  # type: ignore[arg-type]


async def test_code_actions(page: Editor) -> None:
    await page.open()
    place = page.at("tensor]]", 1)
    context = types.CodeActionContext([], [types.CodeActionKind.QuickFix])
    asked = types.CodeActionParams(page.document, types.Range(place, place), context)
    actions = await page.client.text_document_code_action_async(asked) or ()
    (fix,) = (a for a in actions if isinstance(a, types.CodeAction) and a.is_preferred)
    assert fix.edit is not None
    assert fix.edit.changes is not None
    assert page.done(list(fix.edit.changes[page.uri])) == page.text.replace("[[tensor]]", "[[Tensor]]")
