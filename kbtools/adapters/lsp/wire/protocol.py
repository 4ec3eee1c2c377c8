"""Values of the Language Server Protocol, as they are sent: dictionaries with the protocol's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired, TypedDict

Params = Mapping[str, Any]
"""Parameters of a message, as the client sent them."""


class Position(TypedDict):
    line: int
    character: int


class Range(TypedDict):
    start: Position
    end: Position


TOP: Final[Range] = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


class Location(TypedDict):
    uri: str
    range: Range


class Command(TypedDict):
    title: str
    command: str
    arguments: NotRequired[list[Any]]


# -- edits


class TextEdit(TypedDict):
    range: Range
    newText: str
    annotationId: NotRequired[str]


class DocumentIdentifier(TypedDict):
    uri: str
    version: int | None


class TextDocumentEdit(TypedDict):
    textDocument: DocumentIdentifier
    edits: list[TextEdit]


class CreateFile(TypedDict):
    kind: Literal["create"]
    uri: str
    options: dict[str, bool]


class RenameFile(TypedDict):
    kind: Literal["rename"]
    oldUri: str
    newUri: str
    annotationId: NotRequired[str]


Change = TextDocumentEdit | CreateFile | RenameFile


class ChangeAnnotation(TypedDict):
    label: str


class WorkspaceEdit(TypedDict, total=False):
    changes: dict[str, list[TextEdit]]
    documentChanges: list[Change]
    changeAnnotations: dict[str, ChangeAnnotation]


# -- findings


class DiagnosticSeverity:
    ERROR, WARNING, INFORMATION, HINT = 1, 2, 3, 4


class DiagnosticTag:
    UNNECESSARY = 1


class Diagnostic(TypedDict):
    range: Range
    message: str
    severity: int
    code: str
    source: str
    tags: NotRequired[list[int]]


class CodeAction(TypedDict):
    title: str
    kind: str
    diagnostics: NotRequired[list[Diagnostic]]
    isPreferred: NotRequired[bool]
    edit: NotRequired[WorkspaceEdit]
    command: NotRequired[Command]


class CodeActionKind:
    QUICK_FIX, REFACTOR_REWRITE = "quickfix", "refactor.rewrite"


# -- what is shown


class MarkupContent(TypedDict):
    kind: Literal["markdown"]
    value: str


class Hover(TypedDict):
    contents: MarkupContent
    range: Range


class CodeLens(TypedDict):
    range: Range
    command: Command


class InlayHint(TypedDict):
    position: Position
    label: str
    paddingLeft: bool


class CompletionItemKind:
    FIELD, MODULE, VALUE, PROPERTY, FILE, REFERENCE, ENUM_MEMBER = 5, 9, 12, 10, 17, 18, 20


class CompletionItem(TypedDict):
    label: str
    kind: int
    textEdit: TextEdit
    detail: NotRequired[str]
    documentation: NotRequired[str]
    filterText: NotRequired[str]
    sortText: NotRequired[str]
    additionalTextEdits: NotRequired[list[TextEdit]]


class CompletionList(TypedDict):
    isIncomplete: bool
    items: list[CompletionItem]


class DocumentLink(TypedDict):
    range: Range
    target: str
    tooltip: str


class SymbolKind:
    FILE, FUNCTION, STRING = 1, 12, 15


class DocumentSymbol(TypedDict):
    name: str
    detail: NotRequired[str]
    kind: int
    range: Range
    selectionRange: Range
    children: list[DocumentSymbol]


class WorkspaceSymbol(TypedDict):
    name: str
    kind: int
    location: Location
    containerName: str


class FoldingRange(TypedDict):
    startLine: int
    endLine: int


class Renamable(TypedDict):
    """What a rename at a place would rename."""

    range: Range
    placeholder: str
