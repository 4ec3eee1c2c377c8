"""An editor with one open document, as a test drives it."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types
from pytest_lsp import LanguageClient

UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
"""How Python writes a text in each encoding of positions, and the bytes of a unit."""


class Editor:
    """One open document, as an editor holds it."""

    def __init__(self, client: LanguageClient, file: Path, encoding: str = "utf-16") -> None:
        self.codec, self.size = UNITS[encoding]
        self.client, self.uri, self.version = client, file.as_uri(), 0
        self.text = file.read_text(encoding="utf-8") if file.is_file() else ""

    async def open(self) -> list[types.Diagnostic]:
        item = types.TextDocumentItem(self.uri, "markdown", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.diagnostics()

    async def diagnostics(self) -> list[types.Diagnostic]:
        """The findings, once the server has dealt with all that was sent: it answers in order."""
        await self.client.workspace_symbol_async(types.WorkspaceSymbolParams("nothing is called so"))
        return list(self.client.diagnostics.get(self.uri, ()))

    async def rules(self) -> set[str]:
        return {str(d.code) for d in await self.diagnostics()}

    async def type(self, at: str, new: str) -> list[types.Diagnostic]:
        """Replace a text by another, as one change."""
        start = self.text.index(at)
        self.version += 1
        change = types.TextDocumentContentChangePartial(
            types.Range(self.position(start), self.position(start + len(at))), new
        )
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        self.text = self.text.replace(at, new, 1)
        return await self.diagnostics()

    def position(self, offset: int) -> types.Position:
        line = self.text.count("\n", 0, offset)
        start = self.text.rfind("\n", 0, offset) + 1
        return types.Position(line, len(self.text[start:offset].encode(self.codec)) // self.size)

    def at(self, words: str, into: int = 0) -> types.Position:
        return self.position(self.text.index(words) + into)

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    def shown(self, range_: types.Range) -> str:
        """The text of a range within a line."""
        line = self.text.split("\n")[range_.start.line].encode(self.codec)
        return line[range_.start.character * self.size : range_.end.character * self.size].decode(self.codec)

    def done(self, edits: list[types.TextEdit]) -> str:
        """The text after edits of single lines."""
        text = self.text
        for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
            start, end = (self.offset(text, p) for p in (edit.range.start, edit.range.end))
            text = text[:start] + edit.new_text + text[end:]
        return text

    def offset(self, text: str, position: types.Position) -> int:
        lines = text.split("\n")
        before = lines[position.line].encode(self.codec)[: position.character * self.size].decode(self.codec)
        return sum(len(line) + 1 for line in lines[: position.line]) + len(before)
