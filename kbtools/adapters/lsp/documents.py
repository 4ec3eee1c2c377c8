"""Notifications of a client: documents that are opened, changed, saved and closed; files that change; folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kbtools.adapters.lsp.session import Document, Session
from kbtools.adapters.lsp.wire.addresses import path_of, placed
from kbtools.adapters.lsp.wire.positions import changed
from kbtools.adapters.lsp.wire.protocol import Params


def initialized(session: Session, _: Params) -> None:
    if session.watches_files:
        watched = {
            "id": "kb-files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": {"watchers": [{"globPattern": "**/*"}]},
        }
        session.connection.ask("client/registerCapability", {"registrations": [watched]})


def did_open(session: Session, params: Params) -> None:
    document = params["textDocument"]
    session.documents[document["uri"]] = Document(document["text"], document.get("version"))
    session.take(document["uri"])


def did_change(session: Session, params: Params) -> None:
    uri, version = params["textDocument"]["uri"], params["textDocument"].get("version")
    document = session.documents.get(uri)
    if document is None or (version is not None and document.version is not None and version < document.version):
        return  # out of order: what came later holds
    document.text = changed(document.text, params["contentChanges"], session.encoding)
    document.version = version
    session.take(uri)


def did_save(session: Session, params: Params) -> None:
    session.forget_places()  # what could not be read may be mended
    found = session.space(params["textDocument"]["uri"])
    if found is not None and session.watches_files:
        session.refresh(found[0], (found[1],))
    elif found is not None:
        session.refresh_all(found[0])


def did_close(session: Session, params: Params) -> None:
    uri = params["textDocument"]["uri"]
    if session.documents.pop(uri, None) is None:
        return
    session.connection.notify("textDocument/publishDiagnostics", {"uri": uri, "diagnostics": []})
    if (found := session.space(uri)) is not None:
        space, path = found
        same = [document.text for other, document in session.documents.items() if session.space(other) == found]
        session.is_stale = True
        if same:  # open by another address
            space.resident.edit(path, same[-1])
        else:
            space.resident.drop(path)


def did_change_files(session: Session, params: Params) -> None:
    files = [placed(file) for change in params["changes"] if (file := path_of(change["uri"])) is not None]
    session.forget_places()  # what could not be read may be mended
    session.is_stale = True
    for space in list(session.spaces.values()):
        session.files_changed(space, files)


def did_change_folders(session: Session, params: Params) -> None:
    added, removed = (
        [f for folder in params["event"].get(key) or () if (f := path_of(folder["uri"])) is not None]
        for key in ("added", "removed")
    )
    session.folders = [*(f for f in session.folders if f not in removed), *added]
    session.forget_places()
    for root, space in list(session.spaces.items()):
        if any(root.is_relative_to(folder) for folder in removed):
            del session.spaces[root]
            space.close()


def cancel_progress(session: Session, params: Params) -> None:
    if (run := session.progress.get(params["token"])) is not None:
        run.cancel()


NOTIFICATIONS: Mapping[str, Callable[[Session, Params], None]] = {
    "initialized": initialized,
    "textDocument/didOpen": did_open,
    "textDocument/didChange": did_change,
    "textDocument/didSave": did_save,
    "textDocument/didClose": did_close,
    "workspace/didChangeWatchedFiles": did_change_files,
    "workspace/didChangeWorkspaceFolders": did_change_folders,
    "window/workDoneProgress/cancel": cancel_progress,
}
