"""What an editor gets from the server, request by request."""

from __future__ import annotations

import json
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


SCHEMA = {
    "type": "object",
    "allOf": [{"$ref": "#/$defs/common"}],
    "properties": {
        "title": {"type": "string"},
        "status": {"enum": ["verified", "draft"]},
        "labels": {"items": {"enum": ["math", "code"]}},
        "stack": {"properties": {"language": {"enum": ["python", "rust"]}, "version": {}}},
        "authors": {"items": {"properties": {"name": {}, "role": {"enum": ["writer", "editor"]}}}},
        "redirect_to": {"type": "string", "pattern": r"^\[\[.+\]\]$"},
    },
    "$defs": {"common": {"properties": {"kind": {"anyOf": [{"const": "note"}, {"const": "paper"}]}}}},
}


async def completed(editor: Editor, at: str, typed: str) -> list[types.CompletionItem]:
    """The items behind what is typed in place of a text."""
    start = editor.text.index(at)
    await editor.type(at, typed)
    answer = await editor.client.text_document_completion_async(
        types.CompletionParams(editor.document, editor.position(start + len(typed)))
    )
    assert isinstance(answer, types.CompletionList)
    return list(answer.items)


@pytest.mark.parametrize(("behind", "closing"), [("", "]]"), ("]", "]"), ("]]", ""), (" [[Tensor]]", "]]")])
async def test_a_completed_link_ends_whatever_the_editor_closes(autograd: Editor, behind: str, closing: str) -> None:
    """VS Code closes only the first of two brackets."""
    await autograd.open()
    await autograd.type("[[Nowhere]].", f"@{behind}\n")
    items = await completed(autograd, "@", "[[Tens")
    assert [new_text(item) for item in items if item.label == "Tensor"] == [f"Tensor{closing}"]


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
        ("```python {#one}", '```python {device="cpu,c', "cuda", "cuda"),
        ("```python {#one}", '```python {network="', "yes", "yes"),
        ("```python {#one}", "``` {.py", ".python", ".python"),
        ("```python {#one}", "<!-- kb: ti", 'timeout=""', 'timeout=""'),
        ("```python {#one}", "<!-- kb: ignore[broken-link, var", "variant-link", "variant-link"),
        ("[[Nowhere]].", "\n\n| a | b |\n|---|---|\n| x | [[텐", "텐서", "Tensor\\|텐서]]"),
        ("[[Nowhere]].", "[[Tensor#Tensor#Sh", "Shape", "Shape"),
        ("[[Nowhere]].", "[[Tensor^bl", "^block", "#^block"),
        ("[[Nowhere]].", "[[topics/T", "topics/Tensor", "topics/Tensor]]"),
        ("[file](Tensor.md)", "[file](<Ten", "Tensor.md", "Tensor.md"),
        ("[file](Tensor.md)", "[file](두", "두 낱말.md", "두%20낱말.md"),
        ("[file](Tensor.md)", "[file](<두 낱", "두 낱말.md", "두 낱말.md"),
        ("[file](Tensor.md)", "[file]: Ten", "Tensor.md", "Tensor.md"),
        ("title: Autograd\n", "title: Autograd\nkind: n", "note", "note"),
        ("title: Autograd\n", "title: Autograd\nlabels: [math, co", "code", "code"),
        ("title: Autograd\n", "title: Autograd\nlabels:\n- co", "code", "code"),
        ("title: Autograd\n", "title: Autograd\nstack:\n  lan", "language", "language: "),
        ("title: Autograd\n", "title: Autograd\nstack:\n  version: 3\n  language: ", "rust", "rust"),
        ("title: Autograd\n", "title: Autograd\nauthors:\n  - name: x\n    ro", "role", "role: "),
        ("title: Autograd\n", "title: Autograd\nauthors:\n  - role: edi", "editor", "editor"),
        ("title: Autograd\n", "title: Autograd\nsnippets:\n  device: cu", "cuda", "cuda"),
        ("title: Autograd\n", "title: Autograd\nredirect_to: 텐", "텐서", '"[[Tensor]]"'),
        ("title: Autograd\n", 'title: Autograd\nredirect_to: "텐', "텐서", "[[Tensor]]"),
    ],
)
async def test_completion(autograd: Editor, wiki: Path, at: str, typed: str, label: str, new: str) -> None:
    (wiki / "docs/topics/plot.png").write_bytes(b"")
    (wiki / "docs/topics/두 낱말.md").write_bytes(b"")
    (wiki / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    await autograd.open()
    found = {item.label: item for item in await completed(autograd, at, typed)}
    assert label in found
    assert new_text(found[label]) == new


@pytest.mark.parametrize(
    "typed",
    [
        "```python\ny = x[[Ten",
        "`[[Ten`",
        "<!-- [[Ten -->",
        "$[[Ten$",
        "    [[Ten",
        "```python\nx = 1\n```",
        "title: Autograd\ntitle: Ten",
    ],
)
async def test_nothing_is_completed_in_code_and_text(autograd: Editor, typed: str) -> None:
    await autograd.open()
    at = "title: Autograd" if typed.startswith("title") else autograd.text[autograd.text.index("😀") :]
    assert await completed(autograd, at, typed) == []


async def test_pages_are_completed_by_their_file_names_too(autograd: Editor, wiki: Path) -> None:
    vault = wiki / "vault"
    (vault / ".obsidian").mkdir(parents=True)
    (vault / "zettel-17.md").write_text("---\ntitle: Deep Nets\n---\n", encoding="utf-8")
    (vault / "a.md").write_text("[[]]\n", encoding="utf-8")
    (vault / "kb.toml").write_text('docs = "."\n', encoding="utf-8")
    editor = Editor(autograd.client, vault / "a.md")
    await editor.open()
    (item,) = await completed(editor, "[[]]", "[[zet")
    assert (item.label, new_text(item)) == ("zettel-17", "zettel-17]]")
    (item,) = await completed(editor, "[[zet", "[[deep")
    assert (item.label, new_text(item)) == ("Deep Nets", "zettel-17|Deep Nets]]")
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))


async def test_a_link_completed_in_the_frontmatter_stands_in_quotes(autograd: Editor) -> None:
    await autograd.open()
    (item,) = await completed(autograd, "title: Autograd", "title: Autograd\nrelated: [[Tenso")
    assert item.additional_text_edits is not None
    edits = [item.text_edit, *item.additional_text_edits]
    assert 'related: "[[Tensor]]"\n' in autograd.done(edits)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[[Tensor#Shape]]", "**Tensor** · verified\n\n**Shape**\n\nText.\n\n`"),
        ("[[Tensor#^block]]", "**Tensor** · verified\n\nText.\n\n`"),
        ("[[Tensor#^item]]", "**Tensor** · verified\n\n- one\n\n`"),
        ("[file](Tensor.md#shape)", "**Tensor** · verified\n\n**Shape**\n\nText.\n\n`"),
        ("![[plot.png]]", "file: `topics/plot.png`\n\n![](file:///"),
    ],
)
async def test_hover_shows_the_part_that_a_link_names(autograd: Editor, tensor: Editor, link: str, shown: str) -> None:
    folder = Path(tensor.uri.removeprefix("file://")).parent
    (folder / "plot.png").write_bytes(b"")
    await tensor.open()
    await tensor.type("Text. ^block\n", "Text. ^block\n\n- zero\n- one ^item\n")
    await autograd.open()
    await autograd.type("[[Nowhere]]", link)
    answer = await autograd.client.text_document_hover_async(
        types.HoverParams(autograd.document, autograd.at(link, len(link) - 3))
    )
    assert answer is not None
    assert isinstance(answer.contents, types.MarkupContent)
    assert answer.contents.value.startswith(shown)


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
    await autograd.type("[[Nowhere]]", "[[Tensor#^block]]")
    assert await of("^block") == ["[[Tensor#^block]]"]


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


async def test_the_preview_of_a_rename_tells_what_changes(autograd: Editor, tensor: Editor) -> None:
    """Nothing asks for confirmation: VS Code leaves out what does, unless somebody ticks it."""
    await autograd.open()
    await tensor.open()
    edit = await autograd.client.text_document_rename_async(
        types.RenameParams(new_name="배열", text_document=tensor.document, position=tensor.at("# Tensor", 3))
    )
    assert edit is not None
    assert edit.change_annotations is not None
    labels = {id_: annotation.label for id_, annotation in edit.change_annotations.items()}
    assert labels == {"page": "The page itself", "links": "Links", "file": "File name"}
    assert not any(annotation.needs_confirmation for annotation in edit.change_annotations.values())
    for change in edit.document_changes or ():
        if isinstance(change, types.TextDocumentEdit):
            kind = "page" if change.text_document.uri == tensor.uri else "links"
            assert {one.annotation_id for one in change.edits} == {kind}  # type: ignore[union-attr]
            assert change.text_document.version == 0  # not to be made in a text that was typed since
        else:
            assert isinstance(change, types.RenameFile)
            assert change.annotation_id == "file"


async def renamed(editor: Editor, words: str, into: int, name: str) -> dict[str, list[types.TextEdit]]:
    """The edits of a rename, by page."""
    edit = await editor.client.text_document_rename_async(
        types.RenameParams(new_name=name, text_document=editor.document, position=editor.at(words, into))
    )
    assert edit is not None
    changes = [change for change in edit.document_changes or () if isinstance(change, types.TextDocumentEdit)]
    assert len(changes) == len(edit.document_changes or ())
    return {change.text_document.uri: list(change.edits) for change in changes}  # type: ignore[arg-type]


@pytest.mark.parametrize("from_link", [False, True])
async def test_a_section_is_renamed_with_its_links(autograd: Editor, tensor: Editor, from_link: bool) -> None:
    await autograd.open()
    await tensor.open()
    links = "[[tensor#Shape|x]] [[Tensor]] [a](Tensor.md#shape) [[Tensor#Shape#Inner]] [[Tensor#모양]]"
    await autograd.type("[[Nowhere]].", links)
    await autograd.type("title: Autograd\n", 'title: Autograd\nrelated: "[[Tensor#Shape]]"\n')
    await tensor.type("## Shape", "## Shape\n\n[[#Shape]]\n\n### Inner")
    place = ("[[Tensor#Shape]] and", 10) if from_link else ("## Shape", 5)
    editor = autograd if from_link else tensor
    can = await editor.client.text_document_prepare_rename_async(
        types.PrepareRenameParams(editor.document, editor.at(*place))
    )
    assert isinstance(can, types.PrepareRenamePlaceholder)
    assert (editor.shown(can.range), can.placeholder) == ("Shape", "Shape")
    edits = await renamed(editor, *place, "Form 꼴")
    assert autograd.done(edits[autograd.uri]) == autograd.text.replace("#Shape", "#Form 꼴").replace(
        "#shape", "#form-꼴"
    )
    assert tensor.done(edits[tensor.uri]) == tensor.text.replace("# Shape", "# Form 꼴").replace("#Shape", "#Form 꼴")
    with pytest.raises(Exception, match="would lead elsewhere"):
        await renamed(editor, *place, "모양")
    with pytest.raises(Exception, match="would not be read as the heading"):
        await renamed(editor, *place, "Shape {#x}")


async def named(editor: Editor, words: str, into: int) -> tuple[str, str]:
    """What stands in the range of a rename, and what its field is filled with."""
    can = await editor.client.text_document_prepare_rename_async(
        types.PrepareRenameParams(editor.document, editor.at(words, into))
    )
    assert isinstance(can, types.PrepareRenamePlaceholder)
    return editor.shown(can.range), can.placeholder


async def test_aliases_blocks_and_headings_with_markup_are_renamed(autograd: Editor, tensor: Editor) -> None:
    await autograd.open()
    await tensor.open()
    await tensor.type("## 모양", "## 모양 *of* `x`")
    await autograd.type(
        "[[Nowhere]].", "[[텐서]] [[Tensor|텐서]] [[Tensor#^block]] [b](Tensor.md#^block) [[Tensor#모양 of x]]"
    )
    assert await named(tensor, "텐서", 1) == ("텐서", "텐서")
    for words, into in (("[[텐서]]", 3), ("|텐서", 2)):
        assert await named(autograd, words, into) == ("텐서", "텐서")
        edits = await renamed(autograd, words, into, "배열")
        assert tensor.done(edits[tensor.uri]) == tensor.text.replace("텐서", "배열")
        assert autograd.done(edits[autograd.uri]) == autograd.text.replace("텐서", "배열")
    for editor, words, into in ((tensor, "^block", 3), (autograd, "#^block", 4), (autograd, "md#^block", 6)):
        assert await named(editor, words, into) == ("block", "block")
        edits = await renamed(editor, words, into, "form-1")
        assert tensor.done(edits[tensor.uri]) == tensor.text.replace("^block", "^form-1")
        assert autograd.done(edits[autograd.uri]) == autograd.text.replace("^block", "^form-1")
    assert (await named(tensor, "## 모양", 4)) == ("모양 *of* `x`", "모양 *of* `x`")
    edits = await renamed(autograd, "#모양 of x", 2, "꼴 of `y`")
    assert tensor.done(edits[tensor.uri]) == tensor.text.replace("모양 *of* `x`", "꼴 of `y`")
    assert autograd.done(edits[autograd.uri]) == autograd.text.replace("#모양 of x", "#꼴 of y")


@pytest.mark.parametrize(
    ("written", "into", "reason"),
    [
        ("[[Nowhere]]", 4, "leads to no page"),
        ("[[Tensor|words]]", 11, "no name"),
        ("[[shape.png]]", 4, "rename it in the file explorer"),
        ("[x](../../out.md)", 8, "leads out of the wiki"),
        ("words", 2, "nothing here is a name"),
    ],
)
async def test_why_nothing_can_be_renamed(autograd: Editor, wiki: Path, written: str, into: int, reason: str) -> None:
    (wiki / "docs/shape.png").write_bytes(b"")
    await autograd.open()
    await autograd.type("[[Nowhere]].", written)
    place = autograd.at(written, into)
    for ask in (
        autograd.client.text_document_prepare_rename_async(types.PrepareRenameParams(autograd.document, place)),
        autograd.client.text_document_rename_async(types.RenameParams(autograd.document, place, "x")),
    ):
        with pytest.raises(Exception, match=reason):
            await ask


async def test_a_page_that_was_never_saved_is_renamed(autograd: Editor, wiki: Path) -> None:
    await autograd.open()
    new = Editor(autograd.client, wiki / "docs/topics/New.md")
    new.text = "---\ntitle: New\n---\n\n# New\n\n[[Tensor]]\n"
    await new.open()
    edits = await renamed(new, "title: New", 8, "Newer")  # and no file, which is not there
    assert "title: Newer\naliases: [New]" in new.done(edits[new.uri])
    new.client.text_document_did_close(types.DidCloseTextDocumentParams(new.document))


async def test_a_vault_that_is_opened_by_a_symbolic_link_is_called_so(autograd: Editor, wiki: Path) -> None:
    link = wiki.with_name(f"{wiki.name}-link")
    link.symlink_to(wiki)
    editor = Editor(autograd.client, link / "docs/topics/Autograd.md")
    await editor.open()
    answer = await editor.client.text_document_definition_async(
        types.DefinitionParams(editor.document, editor.at("Tensor#Shape"))
    )
    assert isinstance(answer, types.Location)
    assert answer.uri == (link / "docs/topics/Tensor.md").as_uri()
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))


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
