"""``kb lsp``: the life of the language server, from ``initialize`` to ``exit``."""

from __future__ import annotations

from collections.abc import Callable
from io import RawIOBase
from typing import Any, BinaryIO

from kbtools import __version__
from kbtools.adapters.lsp import documents
from kbtools.adapters.lsp.offered import capabilities
from kbtools.adapters.lsp.session import Session
from kbtools.adapters.lsp.wire.connection import (
    INVALID_REQUEST,
    NOT_INITIALIZED,
    Connection,
    Failure,
    Message,
    print_traceback,
)
from kbtools.adapters.lsp.wire.protocol import Params
from kbtools.errors import KbError

_CHUNK = 20
"""Pages that are checked between two looks whether a message has come."""


class Server:
    """Deals with one message of a client after another."""

    def __init__(self, source: RawIOBase, target: BinaryIO) -> None:
        self.connection = Connection(source, target)
        self._session: Session | None = None
        self._is_shut_down = False

    def serve(self) -> int:
        """Answer until the client ends. Returns the exit code."""
        try:
            while True:
                if self.connection.is_idle:
                    self._attempt(self._use_idle_time)
                message = self.connection.next()
                if message is None or (isinstance(message, Message) and message.method == "exit"):
                    return 0 if self._is_shut_down and self.connection.broken is None else 1
                if not isinstance(message, Message):
                    self._attempt(message)
                    continue
                # What is asked after a change is answered after its findings; what is cancelled is not waited for.
                is_asked = message.id is not None and not self.connection.is_cancelled(message)
                while is_asked and self._session is not None and self._session.is_stale:
                    self._attempt(self._session.publish)
                self.connection.deal_with(message, self._handler(message))
        finally:
            if self._session is not None:
                self._session.close()

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do what no request waits for. A mistake in kb must not end the server: the next key may mend what it met."""
        try:
            work()
        except KbError as error:
            if self._session is not None:
                self._session.complain(error)
        except Exception:  # noqa: BLE001
            print_traceback()

    def _use_idle_time(self) -> None:
        session = self._session
        if session is None:
            return
        if session.is_stale:
            session.publish()
        if not self.connection.is_idle or not session.spaces:
            return  # before a document is open, its findings come first
        from kbtools.adapters.lsp import requests  # noqa: F401 - with all that answers them

        for space in session.spaces.values():
            while self.connection.is_idle and space.resident.settle(_CHUNK):
                session.is_stale = True
        if session.is_stale:
            session.publish()
        for space in session.spaces.values():
            while self.connection.is_idle and space.resident.prepare():
                pass
        if self.connection.is_idle:
            session.watch()
        if session.is_stale:
            session.publish()

    def _handler(self, message: Message) -> Callable[[Params], Any] | None:
        method, session = message.method, self._session
        if self._is_shut_down:
            return _refuse(INVALID_REQUEST, "the server was shut down")
        if method == "initialize":
            return self._initialize
        if session is None:
            return _refuse(NOT_INITIALIZED, "the server is not initialized")
        if method == "shutdown":
            return self._shut_down
        if (noted := documents.NOTIFICATIONS.get(method)) is not None:
            return lambda params: self._attempt(lambda: noted(session, params))
        if message.id is None:
            return lambda _: None
        from kbtools.adapters.lsp.requests import REQUESTS

        answer = REQUESTS.get(method)
        return (lambda params: answer(session, params)) if answer is not None else None

    def _initialize(self, params: Params) -> dict[str, Any]:
        if self._session is not None:
            raise Failure(INVALID_REQUEST, "the server was initialized before")
        self._session = Session(self.connection, params)
        named = {"name": "kb", "version": __version__}
        return {"capabilities": capabilities(self._session.encoding), "serverInfo": named}

    def _shut_down(self, _: Params) -> None:
        self._is_shut_down = True


def _refuse(code: int, message: str) -> Callable[[Params], Any]:
    def refused(_: Params) -> None:
        raise Failure(code, message)

    return refused
