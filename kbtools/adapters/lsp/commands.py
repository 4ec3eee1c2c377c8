"""Commands of code actions and code lenses: accept a finding, respell links, run snippets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from kbtools.adapters.lsp.offered import ACCEPT, RESPELL, RUN, UPDATE
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.session import Session
from kbtools.adapters.lsp.wire.connection import Later
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.adapters.lsp.running import Run, RunEnd


_TAKES: Mapping[str, tuple[tuple[type, ...], str]] = {
    ACCEPT: ((str, str, int, int), "a page's address, a rule, and the start and end of what it found"),
    RESPELL: ((str,), "a page's address"),
    RUN: ((str, str), "a page's address, and a snippet's name or nothing"),
    UPDATE: ((str, str), "a page's address, and a snippet's name or nothing"),
}
"""The types of each command's arguments, and what they are."""


def execute(session: Session, command: str, arguments: list[Any]) -> Later | None:
    """Raises KbError for what cannot be done, for a command that is not known, and for arguments that it does not
    take."""
    if command not in _TAKES:
        raise KbError(f"{command} is not a command of kb")
    types, meaning = _TAKES[command]
    if not isinstance(arguments, list) or tuple(type(a) for a in arguments) != types:
        raise KbError(f"{command} takes {meaning}")
    uri, *others = arguments
    found = session.space(uri)
    if found is None:
        raise KbError(f"{uri} is not a page of a wiki")
    if command == ACCEPT:
        from kbtools.adapters.lsp.actions import accept

        rule, start, end = others
        accept(*found, rule, start, end)
        session.publish()
    elif command == RESPELL:
        from kbtools.adapters.lsp.edits.changes import respell

        edit = session.for_client(respell(*found))
        session.connection.ask("workspace/applyEdit", {"label": "Respell links", "edit": edit})
    else:
        return _run(session, uri, *found, others[0], update=command == UPDATE)
    return None


class _Progress:
    """The progress of a run, with a way to cancel it, in clients that show it."""

    def __init__(self, session: Session, what: str, run: Run) -> None:
        self._connection = session.connection
        self._token = f"kb-run-{id(run)}-{what}"
        self._runs = session.progress
        self._shown = False
        self._runs[self._token] = run
        if session.supports("window", "workDoneProgress"):
            self._connection.ask("window/workDoneProgress/create", {"token": self._token}, partial(self._begin, what))

    def _begin(self, what: str, _: object) -> None:
        if self._token in self._runs:
            self._shown = True
            self._tell({"kind": "begin", "title": f"kb run {what}", "cancellable": True})

    def end(self, summary: str) -> None:
        del self._runs[self._token]
        if self._shown:
            self._tell({"kind": "end", "message": summary})

    def _tell(self, value: dict[str, Any]) -> None:
        self._connection.notify("$/progress", {"token": self._token, "value": value})


def _run(session: Session, uri: str, space: OpenVault, path: str, snippet: str, *, update: bool) -> Later:
    """Run a snippet, or with "" the page, as it is on disk, with progress, until it ends or the user cancels it."""
    from kbtools.adapters.lsp.running import Run

    document = session.documents.get(uri)
    try:
        on_disk = (space.project.vault / path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        on_disk = None
    if on_disk is None or (document is not None and document.text.removeprefix("\ufeff") != on_disk):
        raise KbError("save the page first", "its code is run as it is on disk")
    what = f"{path}::{snippet}" if snippet else path

    def ended(end: RunEnd) -> None:  # on the run's thread
        session.connection.call_soon(partial(done, end))

    def done(end: RunEnd) -> None:
        progress.end(end.summary)
        if end.is_failure:
            session.show(end.summary)
        if update and (now := session.space(uri)) is not None:  # its configuration may have changed meanwhile
            session.refresh(now[0], (now[1],))
        session.publish()
        for kind in ("codeLens", "inlayHint"):
            if session.supports("workspace", kind, "refreshSupport"):
                session.connection.ask(f"workspace/{kind}/refresh", None)
        later.resolve(None)

    run = Run(space.project, what, ended, update=update)
    progress = _Progress(session, what, run)
    later = Later(run.cancel)
    return later
