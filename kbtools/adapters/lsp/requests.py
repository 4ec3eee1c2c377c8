"""Requests of a client, each answered by another module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kbtools.adapters.lsp import actions, commands, completion, hover, navigation, results
from kbtools.adapters.lsp.edits import changes, moves
from kbtools.adapters.lsp.edits.named import renamable
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.session import Session
from kbtools.adapters.lsp.wire.addresses import path_of
from kbtools.adapters.lsp.wire.connection import Later
from kbtools.adapters.lsp.wire.protocol import CodeAction, Params, Renamable, WorkspaceEdit
from kbtools.vault.page import Page

T = TypeVar("T")
Request = Callable[[Session, Params], Any]


def _page(session: Session, params: Params) -> tuple[OpenVault, Page] | None:
    found = session.space(params["textDocument"]["uri"])
    page = found[0].page(found[1]) if found is not None else None
    return (found[0], page) if found is not None and page is not None else None


def _at(session: Session, params: Params) -> tuple[OpenVault, Page, int] | None:
    """A wiki, a page of it and a place in its text."""
    found = _page(session, params)
    return (*found, found[0].positions(found[1].source).offset(params["position"])) if found is not None else None


def _of_place(answer: Callable[[OpenVault, Page, int], T | None]) -> Request:
    def answered(session: Session, params: Params) -> T | None:
        found = _at(session, params)
        return answer(*found) if found is not None else None

    return answered


def _of_page(answer: Callable[[OpenVault, Page], T]) -> Request:
    """For what clients take no null for, a page that is none has nothing."""

    def answered(session: Session, params: Params) -> T | list[T]:
        found = _page(session, params)
        return answer(*found) if found is not None else []

    return answered


def references(session: Session, params: Params) -> list[Any]:
    found = _at(session, params)
    declaration = bool(params["context"]["includeDeclaration"])
    return navigation.references(*found, declaration=declaration) if found is not None else []


def _renamable(space: OpenVault, page: Page, offset: int) -> Renamable:
    named = renamable(space, page, offset)
    return {"range": space.positions(page.source).range(named.span), "placeholder": named.name}


def rename(session: Session, params: Params) -> WorkspaceEdit | None:
    found = _at(session, params)
    if found is None:
        return None
    keep_file = not session.edits_files("rename")
    return session.for_client(changes.rename(found[0], renamable(*found), params["newName"], keep_file=keep_file))


def will_rename_files(session: Session, params: Params) -> WorkspaceEdit | None:
    """The edit that keeps links where they lead when files are renamed or moved; what cannot be kept is shown."""
    renamed = [(path_of(file["oldUri"]), path_of(file["newUri"])) for file in params["files"]]
    files = [(old, new) for old, new in renamed if old is not None and new is not None]
    made: list[WorkspaceEdit] = []
    for space in session.vaults_of(old for old, _ in files):
        edit, lost = moves.move(space, files)
        made.append(edit)
        if lost:
            session.show(lost)
    whole: WorkspaceEdit = {
        "documentChanges": [change for edit in made for change in edit["documentChanges"]],
        "changeAnnotations": {id_: named for edit in made for id_, named in edit["changeAnnotations"].items()},
    }
    return session.for_client(whole) if whole["documentChanges"] else None


def code_action(session: Session, params: Params) -> list[CodeAction]:
    def offered(space: OpenVault, page: Page) -> list[CodeAction]:
        only = tuple(params["context"].get("only") or ())
        wanted, creates = space.positions(page.source).span(params["range"]), session.edits_files("create")
        made = actions.actions(space, page, wanted, only, creates=creates)
        return [a for a in made if not only or any(a["kind"].startswith(kind) for kind in only)]

    found: list[CodeAction] = _of_page(offered)(session, params)
    return found


def semantic_tokens(session: Session, params: Params) -> dict[str, list[int]]:
    return {"data": _of_page(navigation.semantic_tokens)(session, params)}


def inlay_hints(session: Session, params: Params) -> list[Any]:
    def shown(space: OpenVault, page: Page) -> list[Any]:
        return list(results.hints(space, page, space.positions(page.source).span(params["range"])))

    found: list[Any] = _of_page(shown)(session, params)
    return found


def workspace_symbols(session: Session, params: Params) -> list[Any]:
    return [s for space in session.spaces.values() for s in navigation.workspace_symbols(space, params["query"])]


def execute(session: Session, params: Params) -> Later | None:
    return commands.execute(session, params["command"], params.get("arguments") or [])


REQUESTS: Mapping[str, Request] = {
    "textDocument/completion": _of_place(completion.complete),
    "textDocument/hover": _of_place(hover.hover),
    "textDocument/definition": _of_place(navigation.definition),
    "textDocument/references": references,
    "textDocument/prepareRename": _of_place(_renamable),
    "textDocument/rename": rename,
    "textDocument/codeAction": code_action,
    "textDocument/documentLink": _of_page(navigation.document_links),
    "textDocument/documentSymbol": _of_page(navigation.document_symbols),
    "textDocument/foldingRange": _of_page(navigation.folding_ranges),
    "textDocument/semanticTokens/full": semantic_tokens,
    "textDocument/codeLens": _of_page(results.lenses),
    "textDocument/inlayHint": inlay_hints,
    "workspace/symbol": workspace_symbols,
    "workspace/willRenameFiles": will_rename_files,
    "workspace/executeCommand": execute,
}
