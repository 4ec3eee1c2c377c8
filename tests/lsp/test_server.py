"""What an editor gets from the server, request by request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from a_wiki import PAGES
from editor import Editor
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_findings_stand_where_they_are_in_utf_16(autograd: Editor) -> None:
    found = {str(d.code): d for d in await autograd.open()}
    assert autograd.shown(found["variant-link"].range) == "tensor"
    assert autograd.shown(found["broken-link"].range) == "Nowhere"
    assert found["broken-link"].severity is types.DiagnosticSeverity.Error


async def test_unsaved_text_counts_here_and_elsewhere(autograd: Editor, tensor: Editor) -> None:
    await autograd.open()
    await tensor.open()
    await tensor.type("title: Tensor", "title: Nowhere")
    assert "broken-link" not in await autograd.rules()
    await tensor.type("title: Nowhere", "title: Elsewhere")
    assert "broken-link" in await autograd.rules()


async def test_a_page_that_is_closed_unsaved_is_as_on_disk(autograd: Editor, tensor: Editor) -> None:
    await autograd.open()
    await tensor.open()
    await tensor.type("## Shape", "## Size")
    assert "broken-anchor" in await autograd.rules()
    tensor.client.text_document_did_close(types.DidCloseTextDocumentParams(tensor.document))
    assert "broken-anchor" not in await autograd.rules()


async def test_what_comes_out_of_order_is_left(autograd: Editor) -> None:
    await autograd.open()
    autograd.version = 5
    await autograd.type("[[Nowhere]]", "[[Tensor]]")
    stale = types.TextDocumentContentChangeWholeDocument("[[Gone]]")
    document = types.VersionedTextDocumentIdentifier(2, autograd.uri)
    autograd.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [stale]))
    found = await autograd.type("한글", "글")
    assert {str(d.code) for d in found} == {"variant-link", "orphan-page"}


async def actions(editor: Editor, words: str, **more: object) -> list[types.CodeAction]:
    place = editor.at(words)
    answer = await editor.client.text_document_code_action_async(
        types.CodeActionParams(
            editor.document,
            types.Range(place, place),
            types.CodeActionContext([], **more),  # type: ignore[arg-type]
        )
    )
    return [a for a in answer or () if isinstance(a, types.CodeAction)]


async def test_a_fix_can_be_applied(autograd: Editor) -> None:
    await autograd.open()
    found = await actions(autograd, "tensor]]")
    fix = next(a for a in found if a.is_preferred)
    assert fix.edit is not None
    assert fix.edit.changes is not None
    assert "[[Tensor]], [[Tensor#Shape]]" in autograd.done(list(fix.edit.changes[autograd.uri]))


async def test_a_finding_can_be_ignored(autograd: Editor) -> None:
    await autograd.open()
    ignore = next(a for a in await actions(autograd, "Nowhere") if a.title.startswith("Ignore broken-link"))
    assert ignore.edit is not None
    assert ignore.edit.changes is not None
    after = autograd.done(list(ignore.edit.changes[autograd.uri]))
    assert "\n<!-- kb: ignore[broken-link] -->\n😀" in after


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ("first\n{}\nlast", "first\n{} <!-- kb: ignore[broken-link] -->\nlast"),
        ("first\n\n{}\nlast", "first\n\n<!-- kb: ignore[broken-link] -->\n{}\nlast"),
        ("- first\n- {}\\\n  last", "- first\n- {} <!-- kb: ignore[broken-link] -->\\\n  last"),
        ("| a |\n|---|\n| {} |\n| b |", "| a |\n|---|\n| {} <!-- kb: ignore[broken-link] --> |\n| b |"),
        ("> [!note] x\n> {}", "> [!note] x\n> {} <!-- kb: ignore[broken-link] -->"),
        ("> text\n>\n> {}", "> text\n>\n> <!-- kb: ignore[broken-link] -->\n> {}"),
        ("text\n## {}\ntext", "text\n<!-- kb: ignore[broken-link] -->\n## {}\ntext"),
    ],
)
async def test_a_comment_that_ignores_a_finding_leaves_its_block_whole(
    autograd: Editor, around: str, expected: str
) -> None:
    autograd.text = f"# Autograd\n\n{around.format('[[Nowhere]]')}\n"
    before = await autograd.open()
    ignore = next(a for a in await actions(autograd, "Nowhere") if a.title.startswith("Ignore broken-link"))
    assert ignore.edit is not None
    assert ignore.edit.changes is not None
    after = autograd.done(list(ignore.edit.changes[autograd.uri]))
    assert after == f"# Autograd\n\n{expected.format('[[Nowhere]]')}\n"
    found = await autograd.type(autograd.text, after)
    assert [d.code for d in found] == [d.code for d in before if d.code != "broken-link"]


async def test_a_page_that_a_link_asks_for_can_be_written(autograd: Editor, wiki: Path) -> None:
    await autograd.open()
    write = next(a for a in await actions(autograd, "Nowhere") if a.title == "Write the page Nowhere")
    assert write.edit is not None
    create, text = write.edit.document_changes or ()
    assert isinstance(create, types.CreateFile)
    assert create.uri == (wiki / "docs/topics/Nowhere.md").as_uri()
    assert isinstance(text, types.TextDocumentEdit)
    assert "title: Nowhere" in text.edits[0].new_text  # type: ignore[union-attr]
    assert not (wiki / "docs/topics/Nowhere.md").exists()


async def test_a_finding_can_be_accepted(autograd: Editor, wiki: Path) -> None:
    await autograd.open()
    accept = next(a for a in await actions(autograd, "Nowhere") if "baseline" in a.title)
    assert accept.command is not None
    await autograd.client.workspace_execute_command_async(
        types.ExecuteCommandParams(accept.command.command, accept.command.arguments)
    )
    levels = {str(d.code): d.severity for d in autograd.client.diagnostics[autograd.uri]}
    assert levels["broken-link"] is types.DiagnosticSeverity.Hint
    assert '"about": "Nowhere"' in (wiki / "kb-baseline.json").read_text()


async def test_all_safe_fixes_at_once(autograd: Editor) -> None:
    await autograd.open()
    (whole,) = await actions(autograd, "# Autograd", only=["source.fixAll"])
    assert whole.edit is not None
    assert whole.edit.changes is not None
    assert "[[Tensor]]" in autograd.done(list(whole.edit.changes[autograd.uri]))


async def test_links_can_be_respelled(autograd: Editor) -> None:
    await autograd.open()
    respell = next(a for a in await actions(autograd, "Tensor#Shape") if a.title.startswith("Respell"))
    assert respell.command is not None
    seen: list[types.ApplyWorkspaceEditParams] = []

    @autograd.client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        seen.append(params)
        return types.ApplyWorkspaceEditResult(applied=True)

    await autograd.client.workspace_execute_command_async(
        types.ExecuteCommandParams(respell.command.command, respell.command.arguments)
    )
    (change,) = seen[0].edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert "[[Tensor]]" in autograd.done(list(change.edits))  # type: ignore[arg-type]


async def completed(editor: Editor, at: str, typed: str) -> list[types.CompletionItem]:
    """The items behind what is typed in place of a text."""
    start = editor.text.index(at)
    await editor.type(at, typed)
    answer = await editor.client.text_document_completion_async(
        types.CompletionParams(editor.document, editor.position(start + len(typed)))
    )
    assert isinstance(answer, types.CompletionList)
    return list(answer.items)


def new_text(item: types.CompletionItem) -> str:
    assert isinstance(item.text_edit, types.TextEdit)
    return item.text_edit.new_text


@pytest.mark.parametrize(
    ("at", "typed", "label", "new"),
    [
        ("[[Nowhere]].", "[[Ten", "Tensor", "Tensor]]"),
        ("[[Nowhere]].", "[[텐", "텐서", "Tensor|텐서]]"),
        ("[[Nowhere]].", "[[Tensor#Sh", "Shape", "Shape"),
        ("[[Nowhere]].", "[[Tensor#^", "^block", "^block"),
        ("[[Nowhere]].", "[[#Auto", "Autograd", "Autograd"),
        ("[file](Tensor.md)", "[file](Ten", "Tensor.md", "Tensor.md"),
        ("title: Autograd\n", "title: Autograd\nsta", "status", "status: "),
        ("title: Autograd\n", "title: Autograd\nstatus: ", "draft", "draft"),
        ("title: Autograd\n", 'title: Autograd\nstatus: "d', "draft", "draft"),
        ("title: Autograd\n", "title: Autograd\nduplicate_of: 텐", "텐서", "Tensor"),
        ("title: Autograd\n", 'title: Autograd\nrelated: "[[Ten', "Tensor", "Tensor]]"),
        ("[[Nowhere]].", "![[plo", "plot.png", "plot.png]]"),
        ("[file](Tensor.md)", "[file](Tensor.md#모", "모양", "모양"),
        ("[file](Tensor.md)", "[file](#", "Autograd", "autograd"),
        ("[file](Tensor.md)", "![](pl", "plot.png", "plot.png"),
        ("```python {#one}", "```py", "python", "python"),
        ("```python {#one}", "```python {.hi", ".hidden", ".hidden"),
        ("```python {#one}", "```python {dev", 'device=""', 'device=""'),
        ("```python {#one}", '```python {device="cu', "cuda", "cuda"),
    ],
)
async def test_completion(autograd: Editor, wiki: Path, at: str, typed: str, label: str, new: str) -> None:
    (wiki / "docs/topics/plot.png").write_bytes(b"")
    await autograd.open()
    found = {item.label: item for item in await completed(autograd, at, typed)}
    assert label in found
    assert new_text(found[label]) == new


async def test_hover_tells_of_the_page_a_link_leads_to(autograd: Editor) -> None:
    await autograd.open()
    answer = await autograd.client.text_document_hover_async(
        types.HoverParams(autograd.document, autograd.at("tensor]]", 2))
    )
    assert answer is not None
    assert isinstance(answer.contents, types.MarkupContent)
    assert "**Tensor** · verified" in answer.contents.value
    assert "A tensor 😀 is an *array*." in answer.contents.value
    assert answer.range is not None
    assert autograd.shown(answer.range) == "[[tensor]]"


async def test_definition_is_the_section(autograd: Editor, tensor: Editor) -> None:
    await autograd.open()
    answer = await autograd.client.text_document_definition_async(
        types.DefinitionParams(autograd.document, autograd.at("Tensor#Shape"))
    )
    assert isinstance(answer, types.Location)
    assert answer.uri == tensor.uri
    assert tensor.shown(answer.range) == "## Shape"


async def test_references(autograd: Editor, tensor: Editor) -> None:
    await autograd.open()
    await tensor.open()
    context = types.ReferenceContext(include_declaration=False)

    async def of(words: str) -> list[str]:
        answer = await tensor.client.text_document_references_async(
            types.ReferenceParams(context, tensor.document, tensor.at(words))
        )
        return [autograd.shown(place.range) for place in answer or ()]

    assert await of("A tensor") == ["[[tensor]]", "[[Tensor#Shape]]", "[file](Tensor.md)"]
    assert await of("## Shape") == ["[[Tensor#Shape]]"]


@pytest.mark.parametrize("field", ["duplicate_of: Tensor", 'related: ["[[Tensor]]"]', "sources:\n  - '[[텐서|x]]'"])
async def test_fields_of_the_frontmatter_are_links_too(autograd: Editor, tensor: Editor, field: str) -> None:
    await autograd.open()
    await tensor.open()
    await autograd.type("title: Autograd", f"title: Autograd\n{field}")
    name = "텐서" if "텐서" in field else "Tensor"
    place = autograd.at(field, field.index(name) + 1)
    answer = await autograd.client.text_document_definition_async(types.DefinitionParams(autograd.document, place))
    assert isinstance(answer, types.Location)
    assert answer.uri == tensor.uri
    found = await tensor.client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(False), tensor.document, tensor.at("A tensor"))
    )
    assert name in next(autograd.shown(place.range) for place in found or ())
    assert len(found or ()) == 4
    links = await autograd.client.text_document_document_link_async(types.DocumentLinkParams(autograd.document))
    assert name in next(autograd.shown(link.range) for link in links or ())
    can = await autograd.client.text_document_prepare_rename_async(types.PrepareRenameParams(autograd.document, place))
    assert isinstance(can, types.PrepareRenamePlaceholder)
    assert (autograd.shown(can.range), can.placeholder) == (name, "Tensor")


async def test_a_link_only_in_the_frontmatter_is_a_reference(tensor: Editor, wiki: Path) -> None:
    (wiki / "docs/topics/Other.md").write_text('---\nrelated: "[[Tensor]]"\n---\n', encoding="utf-8")
    await tensor.open()
    found = await tensor.client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(False), tensor.document, tensor.at("A tensor"))
    )
    assert any(place.uri.endswith("Other.md") for place in found or ())


async def test_symbols_links_and_folds(autograd: Editor, wiki: Path) -> None:
    await autograd.open()
    (top,) = (
        await autograd.client.text_document_document_symbol_async(types.DocumentSymbolParams(autograd.document)) or ()
    )
    assert isinstance(top, types.DocumentSymbol)
    assert (top.name, [c.name for c in top.children or ()]) == ("Autograd", ["one"])
    links = await autograd.client.text_document_document_link_async(types.DocumentLinkParams(autograd.document))
    assert [autograd.shown(link.range) for link in links or ()] == ["tensor", "Tensor", "Tensor.md"]
    folds = await autograd.client.text_document_folding_range_async(types.FoldingRangeParams(autograd.document))
    assert (0, 2) in [(fold.start_line, fold.end_line) for fold in folds or ()]
    found = await autograd.client.workspace_symbol_async(types.WorkspaceSymbolParams("텐"))
    mine = [symbol.name for symbol in found or () if symbol.location.uri.startswith(wiki.as_uri())]
    assert mine == ["텐서"]
    tokens = await autograd.client.text_document_semantic_tokens_full_async(
        types.SemanticTokensParams(autograd.document)
    )
    assert tokens is not None
    assert len(tokens.data) == 3 * 5


async def test_rename_is_one_edit_of_the_whole_wiki(autograd: Editor, tensor: Editor, wiki: Path) -> None:
    await autograd.open()
    await tensor.open()
    await tensor.type("*array*", "list")
    place = autograd.at("Tensor#Shape", 1)
    can = await autograd.client.text_document_prepare_rename_async(types.PrepareRenameParams(autograd.document, place))
    assert isinstance(can, types.PrepareRenamePlaceholder)
    assert can.placeholder == "Tensor"
    edit = await autograd.client.text_document_rename_async(
        types.RenameParams(new_name="배열", text_document=autograd.document, position=place)
    )
    assert edit is not None
    made = {type(c).__name__: c for c in edit.document_changes or ()}
    move = made["RenameFile"]
    assert isinstance(move, types.RenameFile)
    assert move.new_uri == (wiki / "docs/topics/배열.md").as_uri()
    changed = {c.text_document.uri: c for c in edit.document_changes or () if isinstance(c, types.TextDocumentEdit)}
    assert set(changed) == {autograd.uri, tensor.uri}
    assert autograd.done(changed[autograd.uri].edits) == (  # type: ignore[arg-type]
        autograd.text.replace("[[tensor]]", "[[배열]]")
        .replace("[[Tensor#", "[[배열#")
        .replace("(Tensor.md)", "(배열.md)")
    )
    assert not any(edit.range.end.line > edit.range.start.line for edit in changed[tensor.uri].edits)
    assert "title: Tensor" in (wiki / "docs/topics/Tensor.md").read_text(encoding="utf-8")  # nothing is written here
    refused = autograd.client.text_document_rename_async(
        types.RenameParams(new_name="Autograd", text_document=autograd.document, position=place)
    )
    with pytest.raises(Exception, match="Autograd"):
        await refused


async def test_code_is_run_from_the_page(autograd: Editor, wiki: Path) -> None:
    await autograd.open()
    lenses = await autograd.client.text_document_code_lens_async(types.CodeLensParams(autograd.document))
    by_title = {lens.command.title: lens.command for lens in lenses or () if lens.command}
    assert list(by_title) == ["▶ Run", "▶ Run page"]
    run = by_title["▶ Run"]
    await autograd.client.workspace_execute_command_async(types.ExecuteCommandParams(run.command, run.arguments))
    lenses = await autograd.client.text_document_code_lens_async(types.CodeLensParams(autograd.document))
    assert any(lens.command and lens.command.title.startswith("✓ passed on cpu") for lens in lenses or ())
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))
    hints = await autograd.client.text_document_inlay_hint_async(types.InlayHintParams(autograd.document, whole))
    assert [hint.label for hint in hints or ()] == ["→ 3"]
    answer = await autograd.client.text_document_hover_async(
        types.HoverParams(autograd.document, autograd.at("print(x"))
    )
    assert answer is not None
    assert isinstance(answer.contents, types.MarkupContent)
    assert "```text\n3\n```" in answer.contents.value


async def test_unsaved_code_is_not_run(autograd: Editor) -> None:
    await autograd.open()
    await autograd.type("x + 1", "x + 2")
    run = autograd.client.workspace_execute_command_async(types.ExecuteCommandParams("kb.run", [autograd.uri, ""]))
    with pytest.raises(Exception, match="save the page first"):
        await run


async def test_a_failure_stands_at_its_line(autograd: Editor, wiki: Path) -> None:
    file = wiki / "docs/topics/Autograd.md"
    file.write_text(PAGES["docs/topics/Autograd.md"].replace("x + 1", "1 / 0"), encoding="utf-8")
    autograd.text = file.read_text(encoding="utf-8")
    await autograd.open()
    await autograd.client.workspace_execute_command_async(types.ExecuteCommandParams("kb.run", [autograd.uri, ""]))
    failed = next(d for d in autograd.client.diagnostics[autograd.uri] if d.code == "failing-snippet")
    assert autograd.shown(failed.range) == "print(1 / 0)"
    assert "ZeroDivisionError" in failed.message


async def test_a_figure_is_shown_in_the_hover(autograd: Editor, wiki: Path) -> None:
    pytest.importorskip("matplotlib")
    file = wiki / "docs/topics/Autograd.md"
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('Loss [0]')\n"
    file.write_text(f"# Autograd\n\n```python {{#one}}\n{code}```\n", encoding="utf-8")
    autograd.text = file.read_text(encoding="utf-8")
    await autograd.open()
    await autograd.client.workspace_execute_command_async(types.ExecuteCommandParams("kb.run", [autograd.uri, ""]))
    answer = await autograd.client.text_document_hover_async(types.HoverParams(autograd.document, autograd.at("plot(")))
    assert answer is not None
    assert isinstance(answer.contents, types.MarkupContent)
    picture = re.search(r"!\[.*Loss 0.*\]\(file://(/.*)\)", answer.contents.value)
    assert picture is not None, answer.contents.value
    assert Path(picture[1]).stat().st_size > 1000


async def test_configuration_and_files_are_watched(autograd: Editor, wiki: Path) -> None:
    await autograd.open()

    async def changed(name: str, text: str) -> set[str]:
        (wiki / name).write_text(text, encoding="utf-8")
        event = types.FileEvent((wiki / name).as_uri(), types.FileChangeType.Changed)
        autograd.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        return await autograd.rules()

    assert "broken-link" not in await changed("docs/topics/Nowhere.md", "# Nowhere\n")
    config = PAGES["kb.toml"]
    assert "variant-link" not in await changed("kb.toml", 'rules = {"variant-link" = "off"}\n' + config)
    assert "variant-link" not in await changed("kb.toml", "this is no TOML")  # in mid-edit: as it was
    assert "variant-link" in await changed("kb.toml", config)
    schema = PAGES["schema.json"].replace('"type": "object"', '"type": "object", "required": ["status"]')
    assert "missing-field" in await changed("schema.json", schema)
    assert "missing-field" not in await changed("schema.json", PAGES["schema.json"])
