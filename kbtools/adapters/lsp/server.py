"""Request handlers of the language server, each delegating to another module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from kbtools import __version__
from kbtools.adapters.lsp import changes, completion, diagnostics, navigation, results, running
from kbtools.adapters.lsp.open_vault import CONFIGURATION, OpenVault, path_of
from kbtools.adapters.lsp.positions import changed
from kbtools.errors import KbError
from kbtools.text.source import Span

T = TypeVar("T")
TOKENS = types.SemanticTokensLegend(token_types=["class", "macro", "property"], token_modifiers=[])


class Protocol(LanguageServerProtocol):
    """Leaves the texts to ``Document``: pygls cuts lines where Python does, at U+2028 and form feeds too, and loses
    changes behind them."""

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Iterator[Any]:
        if (handler := self.fm.features.get(types.TEXT_DOCUMENT_DID_CHANGE)) is not None:
            yield handler, (params,), None


class Document:
    """A text that an editor has open."""

    def __init__(self, text: str, version: int) -> None:
        self.text, self.version = text, version


class KbServer(LanguageServer):
    """``kb lsp``. Every document belongs to the wiki that its file lies in; each wiki is read when first asked for."""

    def __init__(self) -> None:
        sync = types.TextDocumentSyncKind.Incremental
        super().__init__("kb", __version__, text_document_sync_kind=sync, protocol_cls=Protocol)
        self.documents: dict[str, Document] = {}
        self.spaces: dict[Path, OpenVault] = {}
        self._complaints: set[str] = set()

    @property
    def encoding(self) -> str:
        return str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))

    # -- wikis -----------------------------------------------------------------------------------------------------

    def space(self, uri: str) -> tuple[OpenVault, str] | None:
        """The wiki of a document and its path there; None for what is no page."""
        file = path_of(uri)
        if file is None:
            return None
        for space in sorted(self.spaces.values(), key=lambda s: -len(s.project.vault.parts)):
            if (path := space.path(file)) is not None:
                return space, path
        folders = [f for folder in self.workspace.folders.values() if (f := path_of(folder.uri)) is not None]
        try:
            made = OpenVault.around(file, folders, self.encoding)
        except KbError as error:
            self._complain(error)
            return None
        root = made.project.vault
        if root in self.spaces:
            made.close()  # the file is in it, and no page
            return None
        path = made.path(file)
        if path is None:
            made.close()
            return None
        self.spaces[root] = made
        return made, path

    def _complain(self, error: KbError) -> None:
        """Say once what cannot be done."""
        text = f"{error.message}: {error.hint}" if error.hint else error.message
        if text not in self._complaints:
            self._complaints.add(text)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"kb: {text}"))

    def reload(self, space: OpenVault) -> None:
        """Read the configuration again; one that cannot be read leaves all as it was."""
        from kbtools.config.project import find_project

        try:
            project = space.project if space.project.foreign else find_project(space.project.root)
            fresh = OpenVault(project, space.encoding)
        except KbError as error:
            self._complain(error)
            return
        self._complaints.clear()
        del self.spaces[space.project.vault]
        space.close()
        self.spaces[project.vault] = fresh
        for uri, document in self.documents.items():
            if (file := path_of(uri)) is not None and (path := fresh.path(file)) is not None:
                fresh.resident.edit(path, document.text)

    # -- documents -------------------------------------------------------------------------------------------------

    def take(self, uri: str) -> None:
        """Have the wiki know a document's text."""
        if (found := self.space(uri)) is not None:
            space, path = found
            space.resident.edit(path, self.documents[uri].text)
        self.publish()

    def publish(self) -> None:
        """Tell what is wrong with every open document, as the whole wiki is now."""
        for uri, document in self.documents.items():
            found = self.space(uri)
            items = []
            if found is not None:
                space, path = found
                page = space.page(path)
                items = diagnostics.published(space, path)
                if page is not None:
                    items += results.failures(space, page)
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri=uri, version=document.version, diagnostics=items)
            )

    def refresh_results(self) -> None:
        """What shows results is asked for anew by clients that can be told."""
        capabilities = self.client_capabilities.workspace
        if capabilities is not None and getattr(capabilities.code_lens, "refresh_support", False):
            self.workspace_code_lens_refresh(None)
        if capabilities is not None and getattr(capabilities.inlay_hint, "refresh_support", False):
            self.workspace_inlay_hint_refresh(None)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """What cannot be done is an error of the request, in words."""
        try:
            yield
        except KbError as error:
            text = f"{error.message}: {error.hint}" if error.hint else error.message
            raise JsonRpcInvalidParams(text) from error


def _kind(action: types.CodeAction) -> str:
    return str(getattr(action.kind, "value", action.kind))


def _at(server: KbServer, uri: str, position: types.Position) -> tuple[OpenVault, str, int] | None:
    found = server.space(uri)
    if found is None:
        return None
    space, path = found
    page = space.page(path)
    return (space, path, space.positions(page.source).offset(position)) if page is not None else None


def make() -> KbServer:
    """A server with everything it answers."""
    server = KbServer()
    feature = server.feature

    # -- documents

    @feature(types.INITIALIZED)
    def initialized(ls: KbServer, _: types.InitializedParams) -> None:
        watched = getattr(ls.client_capabilities.workspace, "did_change_watched_files", None)
        if watched is not None and watched.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
            ls.client_register_capability(
                types.RegistrationParams(
                    [types.Registration("kb-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
                )
            )

    @feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(ls: KbServer, params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        ls.documents[document.uri] = Document(document.text, document.version)
        ls.take(document.uri)

    @feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: KbServer, params: types.DidChangeTextDocumentParams) -> None:
        uri, version = params.text_document.uri, params.text_document.version
        document = ls.documents.get(uri)
        if document is None or (version is not None and version < document.version):
            return  # out of order: what came later holds
        document.text = changed(document.text, params.content_changes, ls.encoding)
        document.version = version
        ls.take(uri)

    @feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(ls: KbServer, params: types.DidSaveTextDocumentParams) -> None:
        if (found := ls.space(params.text_document.uri)) is not None:
            found[0].resident.refresh()
            ls.publish()

    @feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(ls: KbServer, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        ls.documents.pop(uri, None)
        if (found := ls.space(uri)) is not None:
            found[0].resident.drop(found[1])
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))
        ls.publish()

    @feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(ls: KbServer, params: types.DidChangeWatchedFilesParams) -> None:
        files = [file for change in params.changes if (file := path_of(change.uri)) is not None]
        for space in list(ls.spaces.values()):
            if any(f.parent == space.project.root and f.name in CONFIGURATION for f in files):
                ls.reload(space)
            elif any(f.is_relative_to(space.project.vault) and ".kb" not in f.parts for f in files):
                space.resident.refresh()
        ls.publish()

    @feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_folders(ls: KbServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = [f for folder in params.event.removed if (f := path_of(folder.uri)) is not None]
        for root, space in list(ls.spaces.items()):
            if any(root.is_relative_to(folder) for folder in gone):
                ls.spaces.pop(root).close()
                del space

    # -- where the cursor is

    @feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=list(completion.TRIGGERS)))
    def complete(ls: KbServer, params: types.CompletionParams) -> types.CompletionList | None:
        found = _at(ls, params.text_document.uri, params.position)
        return completion.complete(*found) if found is not None else None

    @feature(types.TEXT_DOCUMENT_HOVER)
    def hover(ls: KbServer, params: types.HoverParams) -> types.Hover | None:
        found = _at(ls, params.text_document.uri, params.position)
        return navigation.hover(*found) if found is not None else None

    @feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(ls: KbServer, params: types.DefinitionParams) -> types.Location | None:
        found = _at(ls, params.text_document.uri, params.position)
        return navigation.definition(*found) if found is not None else None

    @feature(types.TEXT_DOCUMENT_REFERENCES)
    def references(ls: KbServer, params: types.ReferenceParams) -> list[types.Location]:
        found = _at(ls, params.text_document.uri, params.position)
        declaration = params.context.include_declaration
        return navigation.references(*found, declaration=declaration) if found is not None else []

    @feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(ls: KbServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        found = _at(ls, params.text_document.uri, params.position)
        named = changes.renamable(*found) if found is not None else None
        if found is None or named is None:
            return None
        space, path, _ = found
        page = space.page(path)
        assert page is not None
        return types.PrepareRenamePlaceholder(range=space.positions(page.source).range(named[1]), placeholder=named[2])

    @feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def rename(ls: KbServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
        found = _at(ls, params.text_document.uri, params.position)
        named = changes.renamable(*found) if found is not None else None
        if found is None or named is None:
            return None
        with ls.refusing():
            return changes.rename(found[0], named[0], params.new_name)

    @feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(
            code_action_kinds=[
                types.CodeActionKind.QuickFix,
                types.CodeActionKind.RefactorRewrite,
                diagnostics.FIX_ALL,
            ]
        ),
    )
    def code_action(ls: KbServer, params: types.CodeActionParams) -> list[types.CodeAction]:
        found = ls.space(params.text_document.uri)
        page = found[0].page(found[1]) if found is not None else None
        if found is None or page is None:
            return []
        only = tuple(str(getattr(kind, "value", kind)) for kind in params.context.only or ())
        span = found[0].positions(page.source).span(params.range)
        made = diagnostics.actions(*found, span, only)
        return [a for a in made if not only or any(_kind(a).startswith(kind) for kind in only)]

    # -- the whole document

    def of_page(answer: Callable[[OpenVault, str], T], params: Any, otherwise: T) -> T:
        found = server.space(params.text_document.uri)
        return answer(*found) if found is not None else otherwise

    @feature(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    def links(_: KbServer, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        return of_page(lambda s, p: list(navigation.document_links(s, p)), params, [])

    @feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(_: KbServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return of_page(navigation.document_symbols, params, [])

    @feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    def folding(_: KbServer, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        return of_page(lambda s, p: list(navigation.folding_ranges(s, p)), params, [])

    @feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, TOKENS)
    def tokens(_: KbServer, params: types.SemanticTokensParams) -> types.SemanticTokens:
        return types.SemanticTokens(data=of_page(navigation.semantic_tokens, params, []))

    @feature(types.TEXT_DOCUMENT_CODE_LENS)
    def lenses(_: KbServer, params: types.CodeLensParams) -> list[types.CodeLens]:
        def made(space: OpenVault, path: str) -> list[types.CodeLens]:
            page = space.page(path)
            return list(results.lenses(space, page)) if page is not None else []

        return of_page(made, params, [])

    @feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def hints(_: KbServer, params: types.InlayHintParams) -> list[types.InlayHint]:
        def made(space: OpenVault, path: str) -> list[types.InlayHint]:
            page = space.page(path)
            if page is None:
                return []
            return list(results.hints(space, page, space.positions(page.source).span(params.range)))

        return of_page(made, params, [])

    @feature(types.WORKSPACE_SYMBOL)
    def workspace_symbols(ls: KbServer, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        return [s for space in ls.spaces.values() for s in navigation.workspace_symbols(space, params.query)]

    # -- commands

    @server.command(diagnostics.ACCEPT)
    def accept(ls: KbServer, uri: str, rule: str, start: int, end: int) -> None:
        found = ls.space(uri)
        if found is None:
            return
        with ls.refusing():
            diagnostics.accept(*found, rule, Span(start, end))
        ls.publish()

    @server.command(diagnostics.RESPELL)
    def respell(ls: KbServer, uri: str) -> None:
        if (found := ls.space(uri)) is not None:
            with ls.refusing():
                edit = changes.respell(*found)
            ls.workspace_apply_edit(types.ApplyWorkspaceEditParams(edit, label="Respell links"))

    @server.command(results.RUN)
    async def run(ls: KbServer, uri: str, snippet: str) -> None:
        await _run(ls, uri, snippet, update=False)

    @server.command(results.UPDATE)
    async def update(ls: KbServer, uri: str, snippet: str) -> None:
        await _run(ls, uri, snippet, update=True)

    return server


async def _run(ls: KbServer, uri: str, snippet: str, *, update: bool) -> None:
    """Run a snippet, or with "" the page, as it is on disk, with progress, until it ends or the user cancels it."""
    found = ls.space(uri)
    if found is None:
        return
    space, path = found
    page, document = space.page(path), ls.documents.get(uri)
    try:
        on_disk = (space.project.vault / path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        on_disk = None
    if page is None or (document is not None and document.text != on_disk):
        raise JsonRpcInvalidParams("save the page first: its code is run as it is on disk")
    what = f"{path}::{snippet}" if snippet else path
    token = f"kb-run-{id(object())}-{what}"
    supported = getattr(ls.client_capabilities.window, "work_done_progress", False)
    cancelled: Future[None] | None = None
    if supported:
        await ls.work_done_progress.create_async(token)
        cancelled = ls.work_done_progress.tokens[token]
        ls.work_done_progress.begin(token, types.WorkDoneProgressBegin(title=f"kb run {what}", cancellable=True))
    task = asyncio.ensure_future(running.run(space.project, what, update=update))
    if cancelled is not None:
        loop = asyncio.get_running_loop()
        cancelled.add_done_callback(lambda future: future.cancelled() and loop.call_soon_threadsafe(task.cancel))
    summary = "cancelled"
    try:
        summary = await task
    except asyncio.CancelledError:
        if cancelled is None or not cancelled.cancelled():
            raise
    finally:
        if supported:
            ls.work_done_progress.end(token, types.WorkDoneProgressEnd(message=summary))
    if update:
        space.resident.refresh()
    ls.publish()
    ls.refresh_results()
